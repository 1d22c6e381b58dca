"""Conditional orders: the list, a new one in a dialog, taking one back."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.portal.forms import ConditionalForm
from apps.portal.views import plan_pages, plan_words
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.market import quotes_of, shown_unit_vnd, tick_table
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.errors import Breach
from qts.domain.orders.conditional import ConditionalKind
from qts.domain.values import Side


@require_GET
@page(*EVERYBODY)
def conditional_list(request: HttpRequest) -> HttpResponse:
    return plan_pages.list_page(request, "conditional", orders.conditional_orders)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def new(request: HttpRequest) -> HttpResponse:
    """GET shows the form for ?symbol= and ?kind=, with what was typed already; POST checks it, and places it when that
    was confirmed."""
    security = plan_pages.asked_security(request)
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
        again = ConditionalForm(plan_pages.typed_again(request), unit_vnd=shown_unit_vnd(security.kind))
        return _show(request, again, security, breaches=answer.breaches, status=422)
    return plan_pages.closed(_("It is watched from now on."))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def cancel(request: HttpRequest, conditional_id: UUID) -> HttpResponse:
    def take_back(plan_id: UUID) -> order_services.PlanAnswer:
        now = marketdata.market_now()
        return order_services.cancel_conditional(conditional_id=plan_id, actor=actor_of(request.user), now=now)

    plan = orders.conditional_order(conditional_id)
    return plan_pages.cancel_page(
        request, "portal/plans/conditional_cancel.html", plan, take_back, _("It is no longer watched.")
    )


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
