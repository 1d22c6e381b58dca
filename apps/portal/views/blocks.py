"""A block: one decision for several accounts, shared out, looked at, sent as an order of each account."""

from typing import Any, Final
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.orders.services import Basis, BlockRequest
from apps.portal.forms import read_quantity
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.basket import NAME_LENGTH_MAX, unit_vnd
from apps.portal.views.basket_table import read_table
from apps.portal.views.refusals import refusals
from apps.sso.selectors import actor_of
from qts.domain.orders import OrderRequest
from qts.web.said import told

TYPED: Final = ("symbol", "side", "quantity", "price", "basis")


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def block(request: HttpRequest) -> HttpResponse:
    """GET asks for it; POST shows how it is shared out and what the gate says, and sends it once that was confirmed."""
    mine = accounts.accounts_to_trade(request.user)
    context: dict[str, Any] = {
        "accounts": [(one, one.id.hex in request.POST, request.POST.get(f"most-{one.id.hex}", "")) for one in mine],
        "bases": basis_labels(),
        "typed": {name: request.POST.get(name, "") for name in TYPED},
        "recent": orders.blocks([account.id for account in accounts.accounts_of(request.user)]),
    }
    if request.method == "GET" or request.POST.get("act") == "edit":
        return render(request, "portal/plans/block.html", context)
    try:
        wanted = _read(request.POST, mine)
        if request.POST.get("act") == "send":
            return _send(request, wanted, mine, context)
        found = order_services.preview_block(wanted, actor=actor_of(request.user), now=marketdata.market_now())
    except ValueError as error:
        return render(request, "portal/plans/block.html", context | {"problem": told(error)}, status=422)
    numbers = {account.id: account for account in mine}
    more = {
        "order": wanted.order,
        "preview": found,
        "rows": [(numbers[row.account_id], row, refusals(row.breaches)) for row in found.rows],
        "missing": found.wanted_quantity - found.allotted_quantity,
        "client_order_id": uuid4(),
        "chosen": [(one.id.hex, most) for one, is_chosen, most in context["accounts"] if is_chosen],
    }
    return render(request, "portal/plans/block_preview.html", context | more)


@require_GET
@page(*EVERYBODY)
def block_detail(request: HttpRequest, block_id: UUID) -> HttpResponse:
    """What became of each part; only for who may see every account of it."""
    found = orders.block(block_id)
    mine = {account.id: account for account in accounts.accounts_of(request.user)}
    if found is None or not {part.account_id for part in found.parts} <= set(mine):
        raise Http404
    rows = [(mine[part.account_id], part, refusals(part.order.breaches) if part.order else []) for part in found.parts]
    return render(request, "portal/plans/block_detail.html", {"found": found, "rows": rows})


def basis_labels() -> dict[str, str]:
    return {
        Basis.WORTH: _("What each account is worth"),
        Basis.ASKED: _("The most that each is asked for"),
        Basis.HELD: _("The shares that each holds"),
    }


def _read(typed: QueryDict, mine: list[AccountView]) -> BlockRequest:
    """Raises ValueError with a sentence for the reader."""
    line = "\t".join(typed.get(name, "").strip() for name in ("symbol", "side", "quantity", "price"))
    read, mistakes = read_table(line, unit_vnd)
    if mistakes or len(read) != 1:
        raise ValueError(mistakes[0].sentence if mistakes else _("Four cells are needed."))
    basis = str(typed.get("basis"))
    if basis not in list(Basis):
        raise ValueError(_("Choose what the parts shall be like."))
    asked = tuple((one.id, _most(typed, one)) for one in mine if one.id.hex in typed)
    if not asked:
        raise ValueError(_("Choose at least one account."))
    return BlockRequest(read[0], Basis(basis), asked)


def _most(typed: QueryDict, account: AccountView) -> int | None:
    text = typed.get(f"most-{account.id.hex}", "").strip()
    try:
        most = read_quantity(text) if text else None
    except ValueError as error:
        raise ValueError(_("Type whole shares, for example 1,200.")) from error
    return most


def _send(request: HttpRequest, wanted: BlockRequest, mine: list[AccountView], context: dict[str, Any]) -> HttpResponse:
    """What was shown is what is sent: the parts come with the confirmation and are not worked out again. The name was
    made with the preview: sent twice, it is one block."""
    name = request.POST.get("client_order_id", "")
    if not name or len(name) > NAME_LENGTH_MAX:
        raise Http404
    chosen = dict(wanted.asked)
    parts = [(one.id, read_quantity(request.POST.get(f"part-{one.id.hex}", "0"))) for one in mine if one.id in chosen]
    parts = [(account_id, quantity) for account_id, quantity in parts if quantity]
    if not parts:
        raise ValueError(_("No account gets a share of it."))
    asked = wanted.order
    order = OrderRequest(
        asked.symbol, asked.side, asked.order_type, sum(part for _id, part in parts), asked.price_vnd, name
    )
    answer = order_services.submit_block(order, parts, actor=actor_of(request.user), now=marketdata.market_now())
    if not answer.accepted:
        context["refusals"] = refusals(answer.breaches)
        return render(request, "portal/plans/block.html", context, status=422)
    return redirect("portal:block-detail", block_id=answer.plan_id)
