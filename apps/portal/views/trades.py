"""Trades with what they earned, as a page and as a file, and the journal of why."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.selectors import AccountView, TradeChoice, TradeRow
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.blotter import read_day
from apps.portal.views.order_files import FORMATS
from apps.portal.views.trade_pictures import pictures
from apps.sso.selectors import actor_of
from apps.strategies import selectors as strategies
from qts.adapters.tables import Cell
from qts.domain.errors import TerminalError
from qts.domain.market import to_vietnam
from qts.domain.values import Side

SHOWN_MAX: Final = 500
GROUPINGS: Final = ("day", "month", "symbol", "strategy", "account", "portfolio")
HEADINGS: Final = (
    "booked_at", "trading_day", "account", "symbol", "side", "quantity", "price_vnd", "value_vnd", "fee_vnd", "tax_vnd",
    "cost_vnd", "average_pnl_vnd", "fifo_cost_vnd", "fifo_pnl_vnd", "order_id", "fill_id",
)  # fmt: skip


def _chosen(request: HttpRequest) -> tuple[list[AccountView], list[AccountView], TradeChoice]:
    """All visible accounts, those that are asked for, and what narrows; what makes no sense narrows nothing."""
    mine = accounts.accounts_of(request.user)
    asked = request.GET.get("account", "")
    chosen = [account for account in mine if str(account.id) == asked] if asked else mine
    if asked and not chosen:
        raise Http404
    side = request.GET.get("side", "")
    choice = TradeChoice(
        since=read_day(request.GET.get("since", "")),
        until=read_day(request.GET.get("until", "")),
        symbol=request.GET.get("symbol", "").strip().upper()[:20],
        side=side if side in list(Side) else "",
    )
    return mine, chosen, choice


@require_GET
@page(*EVERYBODY)
def trade_list(request: HttpRequest) -> HttpResponse:
    mine, chosen, choice = _chosen(request)
    ids = [account.id for account in chosen]
    found = accounts.trades(ids, choice)
    grouping = request.GET.get("by", "month")
    grouping = grouping if grouping in GROUPINGS else "month"
    written = accounts.notes(ids)
    context = {
        "accounts": mine,
        "account": chosen[0] if len(chosen) == 1 else None,
        "choice": choice,
        "address": urlencode({key: value for key, value in request.GET.items() if value and key != "by"}),
        "grouping": grouping,
        "groupings": grouping_labels(),
        "totals": _totals(request, found, grouping, mine),
        "rows": [(trade, written.get(trade.order_id)) for trade in found[:SHOWN_MAX]],
        "count": len(found),
        "tab": "trades",
    }
    return render(request, "portal/portfolio/trades.html", context)


def grouping_labels() -> list[tuple[str, str]]:
    words = (_("Day"), _("Month"), _("Symbol"), _("Strategy"), _("Account"), _("Portfolio"))
    return list(zip(GROUPINGS, words, strict=True))


def strategy_names() -> dict[str, str]:
    return {str(known.id): known.name for known in strategies.strategies()}


def _totals(request: HttpRequest, found: list[TradeRow], grouping: str, mine: list[AccountView]) -> dict[str, Any]:
    names = {account.id: account.number for account in mine}
    holders = accounts.names_by_account(accounts.groups_of(request.user, names)) if grouping == "portfolio" else {}
    known = strategy_names() if grouping == "strategy" else {}
    return dict(accounts.profit_by(found, grouping, names=names, strategies=known, portfolios=holders))


@require_GET
@page(*EVERYBODY)
def export(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in FORMATS:
        raise Http404
    mine, chosen, choice = _chosen(request)
    numbers = {account.id: account.number for account in mine}
    found = accounts.trades([account.id for account in chosen], choice)
    content_type, write = FORMATS[kind]
    response = HttpResponse(write([HEADINGS, *(_row(trade, numbers) for trade in found)]), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="trades.{kind}"'
    return response


def _row(trade: TradeRow, numbers: dict[UUID, str]) -> list[Cell]:
    """Times are Vietnam's, as ISO 8601."""
    result = trade.result
    return [
        to_vietnam(trade.booked_at).isoformat(timespec="milliseconds"), trade.trading_day.isoformat(),
        numbers[trade.account_id], trade.symbol, str(trade.side), trade.quantity, trade.price_vnd, result.value_vnd,
        result.fee_vnd, result.tax_vnd, trade.cost_vnd, result.average_pnl_vnd, trade.fifo_cost_vnd,
        result.fifo_pnl_vnd, str(trade.order_id), trade.fill_id,
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def note(request: HttpRequest, account_id: UUID, order_id: UUID) -> HttpResponse:
    """GET shows what was written of an order, POST keeps it."""
    if not accounts.may_trade(request.user, account_id):
        raise Http404
    if request.method == "GET":
        kept = accounts.notes([account_id]).get(order_id)
        context = {
            "kept": kept,
            "account_id": account_id,
            "order_id": order_id,
            "tags": ", ".join(kept.tags) if kept else "",
            "pictures": pictures(account_id, order_id),
        }
        return render(request, "portal/portfolio/note.html", context)
    try:
        account_services.write_note(
            account_id=account_id,
            order_id=order_id,
            reason=request.POST.get("reason", ""),
            tags=request.POST.get("tags", "").split(","),
            note=request.POST.get("note", ""),
            actor=actor_of(request.user),
            now=marketdata.market_now(),
        )
    except TerminalError as error:
        raise Http404 from error
    return redirect("portal:trades")
