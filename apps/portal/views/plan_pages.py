"""What the pages of conditional and of sliced orders share: the list, what is asked for, refusing and taking back."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView
from apps.orders.services import PlanAnswer
from apps.portal.views.access import TRADERS, asked_limit, asks_for_fragment, visible_account
from apps.portal.views.refusals import refusals
from apps.sso.selectors import has_role
from qts.domain.errors import Breach

ROWS_MAX = 200


class Plan(Protocol):
    """What QTS keeps for an account until its moment comes."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> UUID: ...
    @property
    def breaches(self) -> tuple[Breach, ...]: ...


def list_page(request: HttpRequest, name: str, find: Callable[..., Sequence[Plan]]) -> HttpResponse:
    """The whole page, or for htmx its table alone."""
    numbers = {account.id: account.number for account in accounts.accounts_of(request.user)}
    show = "all" if request.GET.get("show") == "all" else "active"
    found = find(list(numbers), active_only=show == "active", limit=asked_limit(request, ROWS_MAX))
    context = {
        "rows": [(plan, numbers[plan.account_id], refusals(plan.breaches)) for plan in found],
        "show": show,
        "may_trade": has_role(request.user, *TRADERS),
        "show_choices": [("active", _("Active")), ("all", _("All"))],
    }
    part = "_table" if asks_for_fragment(request) else ""
    return render(request, f"portal/plans/{name}{part}.html", context)


def cancel_page(
    request: HttpRequest, template: str, plan: Plan | None, take_back: Callable[[UUID], PlanAnswer], said: str
) -> HttpResponse:
    """GET asks whether it is meant, POST takes it back."""
    if plan is None:
        raise Http404
    context: dict[str, Any] = {"plan": plan, "account": visible_account(request, plan.account_id)}
    if request.method == "GET":
        return render(request, template, context)
    answer = take_back(plan.id)
    if not answer.accepted:
        return render(request, template, context | {"refusals": refusals(answer.breaches)}, status=422)
    return closed(said)


def closed(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:orders")


def asked_security(request: HttpRequest) -> SecurityView:
    asked = request.POST if request.method == "POST" else request.GET
    known = marketdata.security(asked.get("symbol", "").strip().upper())
    if known is None:
        raise Http404
    return known


def typed_again(request: HttpRequest) -> QueryDict:
    """What was refused is another wish when it is sent again."""
    typed = request.POST.copy()
    typed["client_order_id"] = str(uuid4())
    return typed
