"""Large orders in parts: the list, a new one in a dialog, taking one back."""

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
from apps.portal.forms import SlicedForm
from apps.portal.views import plan_pages, plan_words
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.market import quotes_of, shown_unit_vnd
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.errors import Breach
from qts.domain.orders.slicing import SliceKind
from qts.domain.values import Side


@require_GET
@page(*EVERYBODY)
def sliced_list(request: HttpRequest) -> HttpResponse:
    return plan_pages.list_page(request, "sliced", orders.sliced_orders)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def new(request: HttpRequest) -> HttpResponse:
    """GET shows the form for ?symbol= and ?kind=, with what was typed already; POST checks it, and takes it in when
    that was confirmed."""
    security = plan_pages.asked_security(request)
    unit_vnd = shown_unit_vnd(security.kind)
    if request.method == "GET":
        return _show(request, _blank(request, security), security)
    form = SlicedForm(request.POST, unit_vnd=unit_vnd)
    act = request.POST.get("act")
    if act == "edit" or not form.is_valid():
        return _show(request, form, security, status=200 if act == "edit" else 422)
    if act != "place":
        hidden = [(name, form[name].value()) for name in form.fields]
        context = {"security": security, "typed": form.cleaned_data, "hidden": hidden}
        return render(request, "portal/plans/sliced_confirm.html", context)
    answer = order_services.place_sliced(
        account_id=form.cleaned_data["account"],
        terms=form.to_terms(),
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    )
    if not answer.accepted:
        again = SlicedForm(plan_pages.typed_again(request), unit_vnd=unit_vnd)
        return _show(request, again, security, breaches=answer.breaches, status=422)
    return plan_pages.closed(_("Its parts go out one after another."))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def cancel(request: HttpRequest, sliced_id: UUID) -> HttpResponse:
    def take_back(plan_id: UUID) -> order_services.PlanAnswer:
        now = marketdata.market_now()
        return order_services.cancel_sliced(sliced_id=plan_id, actor=actor_of(request.user), now=now)

    plan = orders.sliced_order(sliced_id)
    return plan_pages.cancel_page(
        request,
        "portal/plans/sliced_cancel.html",
        plan,
        take_back,
        _("Nothing more of it goes out; what works is asked back."),
    )


def _blank(request: HttpRequest, security: SecurityView) -> SlicedForm:
    """Everything as it was typed when the kind is changed."""
    mine = accounts.accounts_to_trade(request.user)
    initial = {
        "account": mine[0].id if mine else None,
        "kind": SliceKind.ICEBERG,
        "side": Side.BUY,
        "client_order_id": uuid4(),
    }
    given = {name: value for name, value in request.GET.dict().items() if value}
    form = SlicedForm(initial=initial | given, unit_vnd=shown_unit_vnd(security.kind))
    form.initial["symbol"] = security.symbol
    return form


def _show(
    request: HttpRequest,
    form: SlicedForm,
    security: SecurityView,
    *,
    breaches: tuple[Breach, ...] = (),
    status: int = 200,
) -> HttpResponse:
    kind = SliceKind.TWAP if str(form["kind"].value()) == SliceKind.TWAP else SliceKind.ICEBERG
    context = {
        "form": form,
        "security": security,
        "quote": quotes_of([security.symbol])[security.symbol],
        "accounts": accounts.accounts_to_trade(request.user),
        "kind": kind,
        "kinds": [(one, plan_words.slice_kind_label(one)) for one in SliceKind],
        "refusals": refusals(breaches),
    }
    return render(request, "portal/plans/sliced_form.html", context, status=status)
