"""Orders: the list, one order's story, cancelling."""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.orders.selectors import HistoryEntry, OrderView
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, TRADERS, asked_limit, asks_for_fragment, page, visible_account
from apps.portal.views.blotter import read_choice
from apps.portal.views.evidence import evidence_context
from apps.portal.views.order_rows import order_rows
from apps.portal.views.refusals import refusals
from apps.portal.views.timeline import timeline
from apps.sso.selectors import actor_of, has_role
from apps.strategies import selectors as strategies
from qts.domain.events import OrderAccepted
from qts.domain.orders import Status
from qts.domain.values import OrderType

ORDERS_MAX = 200


@require_GET
@page(*EVERYBODY)
def order_list(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its table alone."""
    mine = accounts.accounts_of(request.user)
    chosen = read_choice(request.GET, mine)
    found = orders.orders(chosen.account_ids, limit=asked_limit(request, ORDERS_MAX), **chosen.query)
    context = {
        "rows": order_rows(found, mine, request.user),
        "accounts": mine,
        "chosen": chosen,
        "statuses": list(Status),
        "order_types": list(OrderType),
        "is_trader": has_role(request.user, *TRADERS),
        "is_blotter": "limit" not in request.GET,  # other pages show the newest few alone
        "show_choices": [("today", _("Today")), ("open", _("Open")), ("all", _("All"))],
    }
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/orders/table.html" if is_fragment else "portal/orders/list.html", context)


@require_GET
@page(*EVERYBODY)
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    order, account = _visible_order(request, order_id)
    explanation, history = strategies.explanation(order_id), orders.order_history(order_id)
    fills = orders.fills([order.account_id], order_id=order_id)
    context = {
        "order": order,
        "account": account,
        "row": order_rows([order], [account], request.user)[0],
        "explanation": explanation,
        "fills": fills,
        "steps": timeline(order, history, explanation, actor_names([order.actor, *(step.actor for step in history)])),
    } | evidence_context(order, orders.evidence(order_id, _accepted_at_wall(history)))
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/orders/story.html" if is_fragment else "portal/orders/detail.html", context)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """GET asks whether it is meant, POST asks for the cancel."""
    order, account = _visible_order(request, order_id)
    if request.method == "GET":
        return render(request, "portal/orders/cancel.html", {"order": order, "account": account})
    answer = order_services.request_cancel(order_id=order_id, actor=actor_of(request.user), now=marketdata.market_now())
    if not answer.accepted:
        context = {"order": order, "account": account, "refusals": refusals(answer.breaches)}
        return render(request, "portal/orders/cancel.html", context, status=422)
    said = _("The cancel will be sent as soon as the exchange takes it.") if answer.waits else _("Cancel asked for.")
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:orders")


def _accepted_at_wall(history: list[HistoryEntry]) -> datetime | None:
    return next((entry.recorded_at_wall for entry in history if entry.topic == OrderAccepted.topic), None)


def _visible_order(request: HttpRequest, order_id: UUID) -> tuple[OrderView, AccountView]:
    order = orders.order(order_id)
    if order is None:
        raise Http404
    return order, visible_account(request, order.account_id)
