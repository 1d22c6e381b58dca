"""Changing what works: another price or quantity, one order in another's stead, many cancelled at once."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.orders.selectors import OrderView
from apps.portal.forms import AmendForm
from apps.portal.views.access import TRADERS, page, visible_account
from apps.portal.views.blotter import Choice, read_choice
from apps.portal.views.market import quotes_of, shown_unit_vnd, tick_table
from apps.portal.views.order_rows import order_rows
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.errors import Breach, RuleCode

LISTED_MAX = 12


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def amend(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """GET asks for the new price or quantity; POST asks the broker, or places another order where both change."""
    order, account = _order_to_change(request, order_id)
    security = marketdata.security(order.symbol)
    if security is None:
        raise Http404
    unit_vnd = shown_unit_vnd(security.kind)
    if request.method == "GET":
        form = AmendForm.of(
            order.wanted_quantity or order.quantity, order.wanted_price_vnd or order.price_vnd, unit_vnd
        )
        return _show(request, order, account, form)
    form = AmendForm(request.POST, unit_vnd=unit_vnd)
    if not form.is_valid():
        return _show(request, order, account, form, status=422)
    breaches = _replace(request, order, form) if form.cleaned_data["replaces"] else _amend(request, order, form)
    if breaches:
        offers_replacement = any(breach.code is RuleCode.AMEND_CHANGES_BOTH for breach in breaches)
        return _show(request, order, account, form, breaches, offers_replacement=offers_replacement, status=422)
    changed = orders.order(order_id)
    waits = changed is not None and changed.amendment_waits
    said = _("The amendment will be sent as soon as the exchange takes it.") if waits else _("Amendment asked for.")
    return _done(said)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def cancel_all(request: HttpRequest) -> HttpResponse:
    """GET shows what would be cancelled, POST asks for it: the orders named as `order`, else all that the filter of the
    order list shows."""
    given = request.GET if request.method == "GET" else request.POST
    choice, picked = read_choice(given, _tradable(request)), given.getlist("order")
    found = orders.orders(choice.account_ids, **choice.narrowed, open_only=True, limit=1_000)
    if picked:
        found = [order for order in found if str(order.id) in picked]
    scope = {} if picked else _kept_scope(choice)
    if request.method == "GET":
        return _show_all(request, choice, found, scope)
    asked: dict[str, Any] = {"reason": "cancel all", "actor": actor_of(request.user), "now": marketdata.market_now()}
    ended = order_services.cancel_kept(**scope, **asked) if scope else 0
    answers = order_services.cancel_orders(order_ids=[order.id for order in found], **asked)
    count = sum(answer.accepted for answer in answers)
    said = [ngettext("Cancel asked for {count} order.", "Cancel asked for {count} orders.", count).format(count=count)]
    if ended:
        ended_said = ngettext("{count} kept order ended.", "{count} kept orders ended.", ended)
        said.append(ended_said.format(count=ended))
    return _done(" ".join(said))


def _amend(request: HttpRequest, order: OrderView, form: forms.Form) -> tuple[Breach, ...]:
    return order_services.request_amend(
        order_id=order.id,
        quantity=form.cleaned_data["quantity"],
        price_vnd=form.cleaned_data["price_vnd"],
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    ).breaches


def _replace(request: HttpRequest, order: OrderView, form: forms.Form) -> tuple[Breach, ...]:
    return order_services.request_replace(
        order_id=order.id,
        quantity=form.cleaned_data["quantity"],
        price_vnd=form.cleaned_data["price_vnd"],
        client_order_id=str(form.cleaned_data["client_order_id"]),
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    ).breaches


def _show(
    request: HttpRequest,
    order: OrderView,
    account: AccountView,
    form: AmendForm,
    breaches: tuple[Breach, ...] = (),
    *,
    offers_replacement: bool = False,
    status: int = 200,
) -> HttpResponse:
    security = marketdata.security(order.symbol)
    if security is None:
        raise Http404
    context = {
        "order": order,
        "account": account,
        "form": form,
        "security": security,
        "quote": quotes_of([order.symbol])[order.symbol],
        "ticks": tick_table(security),
        "unit_vnd": shown_unit_vnd(security.kind),
        "refusals": [] if offers_replacement else refusals(breaches),
        "offers_replacement": offers_replacement,
        "client_order_id": form.data.get("client_order_id") or uuid4(),
    }
    return render(request, "portal/orders/amend.html", context, status=status)


def _show_all(request: HttpRequest, choice: Choice, found: list[OrderView], scope: dict[str, Any]) -> HttpResponse:
    mine = _tradable(request)
    context: dict[str, Any] = {
        "rows": order_rows(found[:LISTED_MAX], mine, request.user),
        "count": len(found),
        "unlisted": max(0, len(found) - LISTED_MAX),
        "kept": order_services.count_kept(**scope) if scope else 0,
        "choice": choice,
        "picked": [order.id for order in found] if request.GET.getlist("order") else [],
        "accounts": [account for account in mine if account.id in choice.account_ids],
    }
    return render(request, "portal/orders/cancel_all.html", context)


def _kept_scope(choice: Choice) -> dict[str, Any]:
    """What conditional and sliced orders have in common with the choice; empty where it is about orders alone."""
    if choice.order_type or choice.by:
        return {}
    return {"account_ids": choice.account_ids, "symbol": choice.symbol, "side": choice.side}


def _tradable(request: HttpRequest) -> list[AccountView]:
    return accounts.accounts_to_trade(request.user)


def _order_to_change(request: HttpRequest, order_id: UUID) -> tuple[OrderView, AccountView]:
    order = orders.order(order_id)
    if order is None:
        raise Http404
    return order, visible_account(request, order.account_id)


def _done(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:orders")
