"""Conditional orders: the list, a new one in a dialog, taking one back."""

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.portal.forms import ConditionalForm
from apps.portal.views import plan_words
from apps.portal.views.access import EVERYBODY, TRADERS, asked_limit, asks_for_fragment, page, visible_account
from apps.portal.views.market import quotes_of, shown_unit_vnd, tick_table
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of, has_role
from qts.domain.errors import Breach
from qts.domain.orders.conditional import ConditionalKind
from qts.domain.values import Side

ROWS_MAX = 200


@require_GET
@page(*EVERYBODY)
def conditional_list(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its table alone."""
    mine = accounts.accounts_of(request.user)
    show = "all" if request.GET.get("show") == "all" else "active"
    found = orders.conditional_orders(
        [account.id for account in mine], active_only=show == "active", limit=asked_limit(request, ROWS_MAX)
    )
    numbers = {account.id: account.number for account in mine}
    context = {
        "rows": [(plan, numbers[plan.account_id], refusals(plan.breaches)) for plan in found],
        "show": show,
        "may_trade": has_role(request.user, *TRADERS),
        "show_choices": [("active", _("Active")), ("all", _("All"))],
    }
    is_fragment = asks_for_fragment(request)
    return render(
        request, "portal/plans/conditional_table.html" if is_fragment else "portal/plans/conditional.html", context
    )


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def new(request: HttpRequest) -> HttpResponse:
    """GET shows the form for ?symbol= and ?kind=, with what was typed already; POST checks it, and places it when that
    was confirmed."""
    security = asked_security(request)
    if request.method == "GET":
        return _show(request, _form(request, security), security)
    form = ConditionalForm(request.POST, unit_vnd=shown_unit_vnd(security.kind))
    if not form.is_valid() or request.POST.get("act") == "edit":
        return _show(request, form, security, status=200 if request.POST.get("act") == "edit" else 422)
    if request.POST.get("act") != "place":
        return render(request, "portal/plans/conditional_confirm.html", _confirmation(form, security))
    answer = order_services.place_conditional(
        account_id=form.cleaned_data["account"],
        terms=form.to_terms(),
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    )
    if not answer.accepted:
        typed = request.POST.copy()
        typed["client_order_id"] = str(uuid4())  # what was refused is another wish when it is sent again
        again = ConditionalForm(typed, unit_vnd=shown_unit_vnd(security.kind))
        return _show(request, again, security, breaches=answer.breaches, status=422)
    return closed(_("It is watched from now on."))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def cancel(request: HttpRequest, conditional_id: UUID) -> HttpResponse:
    """GET asks whether it is meant, POST takes it back."""
    plan = orders.conditional_order(conditional_id)
    if plan is None:
        raise Http404
    context: dict[str, Any] = {"plan": plan, "account": visible_account(request, plan.account_id)}
    if request.method == "GET":
        return render(request, "portal/plans/conditional_cancel.html", context)
    answer = order_services.cancel_conditional(
        conditional_id=plan.id, actor=actor_of(request.user), now=marketdata.market_now()
    )
    if not answer.accepted:
        context["refusals"] = refusals(answer.breaches)
        return render(request, "portal/plans/conditional_cancel.html", context, status=422)
    return closed(_("It is no longer watched."))


def closed(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:orders")


def asked_security(request: HttpRequest) -> SecurityView:
    asked = request.POST if request.method == "POST" else request.GET
    known = marketdata.security(asked.get("symbol", "").strip().upper())
    if known is None:
        raise Http404
    return known


def _form(request: HttpRequest, security: SecurityView) -> ConditionalForm:
    """Everything as it was typed when the kind is changed; else a new one, valid today."""
    mine = accounts.accounts_to_trade(request.user)
    initial = {
        "account": mine[0].id if mine else None,
        "kind": ConditionalKind.STOP,
        "side": Side.SELL,
        "quantity": security.lot_size,
        "valid_until": marketdata.market_today().isoformat(),
        "client_order_id": uuid4(),
    }
    given = {name: value for name, value in request.GET.dict().items() if value}
    if given.get("kind") == ConditionalKind.BRACKET and "price" in given:
        given.setdefault("entry", given["price"])  # what stands in the ticket is the price of the first order
    form = ConditionalForm(initial=initial | given, unit_vnd=shown_unit_vnd(security.kind))
    form.initial["symbol"] = security.symbol
    return form


def _show(
    request: HttpRequest,
    form: ConditionalForm,
    security: SecurityView,
    *,
    breaches: tuple[Breach, ...] = (),
    status: int = 200,
) -> HttpResponse:
    chosen = str(form["kind"].value())
    kind = ConditionalKind(chosen) if chosen in set(ConditionalKind) else ConditionalKind.STOP
    context = {
        "form": form,
        "security": security,
        "quote": quotes_of([security.symbol])[security.symbol],
        "accounts": accounts.accounts_to_trade(request.user),
        "kind": kind,
        "kinds": [(one, plan_words.kind_label(one)) for one in ConditionalKind],
        "price_fields": [(name, label, form[name]) for name, label in plan_words.fields_of(kind)],
        "refusals": refusals(breaches),
        "unit_vnd": shown_unit_vnd(security.kind),
        "ticks": tick_table(security),
    }
    return render(request, "portal/plans/conditional_form.html", context, status=status)


def _confirmation(form: ConditionalForm, security: SecurityView) -> dict[str, Any]:
    kind = ConditionalKind(form.cleaned_data["kind"])
    return {
        "form": form,
        "security": security,
        "typed": form.cleaned_data,
        "prices": [
            (label, form.cleaned_data[f"{name}_vnd"])
            for name, label in plan_words.fields_of(kind)
            if form.cleaned_data[f"{name}_vnd"] is not None
        ],
        "hidden": [(name, form[name].value()) for name in form.fields],
    }
