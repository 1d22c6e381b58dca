"""A basket of orders: pasted or uploaded, looked at with what the gate says of each row, sent with one confirmation."""

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.portal.views.access import EVERYBODY, TRADERS, page, visible_account
from apps.portal.views.basket_table import Mistake, read_table
from apps.portal.views.market import shown_unit_vnd
from apps.portal.views.order_rows import order_rows
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.orders import OrderRequest
from qts.domain.values import InstrumentKind

UPLOAD_BYTES_MAX = 100_000
NAME_LENGTH_MAX = 36


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def basket(request: HttpRequest) -> HttpResponse:
    """GET asks for the table; POST shows it with the gate's answers, and sends it when that was confirmed."""
    mine = accounts.accounts_to_trade(request.user)
    context: dict[str, Any] = {"accounts": mine, "chosen": request.POST.get("account", ""), "text": ""}
    if request.method == "GET":
        return render(request, "portal/plans/basket.html", context)
    account = next((one for one in mine if str(one.id) == request.POST.get("account")), None)
    context["text"], mistakes = _text(request)
    if account is None:
        mistakes.append(Mistake(0, "", _("You have no such account to trade.")))
    requests: list[OrderRequest] = []
    if not mistakes:
        requests, mistakes = read_table(context["text"], unit_vnd)
    if account is None or mistakes or request.POST.get("act") == "edit":
        context["mistakes"] = [] if request.POST.get("act") == "edit" else mistakes
        return render(request, "portal/plans/basket.html", context, status=422 if context["mistakes"] else 200)
    if request.POST.get("act") == "send":
        return _send(request, account, requests, context)
    return _preview(request, account, requests, context)


@require_GET
@page(*EVERYBODY)
def basket_detail(request: HttpRequest, basket_id: UUID) -> HttpResponse:
    """What became of each row."""
    found = orders.basket(basket_id)
    if found is None:
        raise Http404
    account = visible_account(request, found.account_id)
    context = {"basket": found, "account": account, "rows": order_rows(found.orders, [account], request.user)}
    return render(request, "portal/plans/basket_detail.html", context)


def show_preview(request: HttpRequest, account: AccountView, requests: list[OrderRequest]) -> HttpResponse:
    """Orders that another page has prepared, to be looked at, edited as a table and confirmed here."""
    lines = [
        f"{one.symbol}, {one.side}, {one.quantity}, {_shown_price(one) if one.price_vnd else one.order_type}"
        for one in requests
    ]
    return _preview(request, account, requests, {"text": "\n".join(lines)})


def _shown_price(one: OrderRequest) -> str:
    """As it is typed: thousand VND, or points of a future."""
    per_unit_vnd = unit_vnd(one.symbol)
    whole, rest = divmod(one.price_vnd or 0, per_unit_vnd)
    return f"{whole}.{rest * 100 // per_unit_vnd:02}"


def _preview(
    request: HttpRequest, account: AccountView, requests: list[OrderRequest], context: dict[str, Any]
) -> HttpResponse:
    found = order_services.preview_basket(
        account_id=account.id, requests=requests, actor=actor_of(request.user), now=marketdata.market_now()
    )
    more = {
        "account": account,
        "preview": found,
        "rows": [(row, refusals(row.breaches)) for row in found.rows],
        "client_order_id": uuid4(),
        "refused_count": len(found.rows) - found.passing_count,
    }
    return render(request, "portal/plans/basket_preview.html", context | more)


def _send(
    request: HttpRequest, account: AccountView, requests: list[OrderRequest], context: dict[str, Any]
) -> HttpResponse:
    """The name was made with the preview: sent twice, it is one basket."""
    name = request.POST.get("client_order_id", "")
    if not name or len(name) > NAME_LENGTH_MAX:
        raise Http404
    answer = order_services.submit_basket(
        account_id=account.id,
        requests=requests,
        client_order_id=name,
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    )
    if not answer.accepted:
        context["refusals"] = refusals(answer.breaches)
        return render(request, "portal/plans/basket.html", context, status=422)
    return redirect("portal:basket-detail", basket_id=answer.plan_id)


def _text(request: HttpRequest) -> tuple[str, list[Mistake]]:
    """The uploaded file, else what was pasted."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("table", "")[:UPLOAD_BYTES_MAX], []
    if file.size is None or file.size > UPLOAD_BYTES_MAX:
        return "", [Mistake(0, "", _("The file is too large."))]
    try:
        return file.read().decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return "", [Mistake(0, "", _("The file is not a CSV file in UTF-8."))]


def unit_vnd(symbol: str) -> int:
    """Of a symbol that nobody knows as of a share: the gate says that it is unknown."""
    known = marketdata.security(symbol)
    return shown_unit_vnd(known.kind if known else InstrumentKind.STOCK)
