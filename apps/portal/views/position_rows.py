"""The rows of the positions table. There may be a thousand: the template engine draws one with the names of its values
in braces, and the values are put in row by row."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from apps.accounts.selectors import PositionView
from apps.marketdata import selectors as marketdata
from apps.portal.views import formats

SPARK_DAYS: Final = timedelta(days=30)
WIDTH, HEIGHT = 60, 16


def position_rows(positions: Sequence[PositionView], account_id: UUID, *, may_trade: bool) -> SafeString:
    """With the closes of the last weeks, of all of them in one query."""
    kinds = marketdata.instrument_kinds()
    symbols = [position.symbol for position in positions]
    closes = marketdata.closes_since(symbols, marketdata.market_today() - SPARK_DAYS)
    asked = {"account_id": account_id, "may_trade": may_trade}
    row = SafeString(render_to_string("portal/positions/row.html", asked))
    on_order = gettext("on order")
    cells = (
        _cells(position, kinds.get(position.symbol, "STOCK"), closes.get(position.symbol, ()), on_order)
        for position in positions
    )
    return format_html_join("", row, cells)


def _cells(position: PositionView, kind: str, closes: Sequence[int], on_order: str) -> dict[str, Any]:
    open_vnd, cost_vnd = position.unrealised_pnl_vnd, position.cost_total_vnd
    return {
        "symbol": position.symbol,
        "in_address": quote(position.symbol, safe=""),
        "kind": kind,
        "held": position.quantity,
        "cost_vnd": cost_vnd,
        "mark_vnd": position.mark_vnd or 0,
        "quantity": formats.quantity_text(position.quantity),
        "on_order": _on_order(position.pending_buy_quantity, on_order),
        "sellable": formats.quantity_text(position.sellable_quantity),
        "average": formats.price_text(position.average_cost_vnd, kind),
        "mark": formats.price_text(position.mark_vnd, kind),
        "spark": spark_line([*closes, *filter(None, [position.mark_vnd])]),
        "value": formats.money_text(position.market_value_vnd),
        "sign": formats.sign_class(open_vnd),
        "open": formats.NOTHING if open_vnd is None else formats.signed(open_vnd, plus=True),
        "percent": formats.NOTHING if open_vnd is None else formats.percent_text(open_vnd, cost_vnd),
        "realised_sign": formats.sign_class(position.realised_pnl_vnd),
        "realised": formats.signed(position.realised_pnl_vnd, plus=True),
    }


def _on_order(quantity: int, words: str) -> SafeString | str:
    return format_html('<span class="sub">+{} {}</span>', formats.quantity_text(quantity), words) if quantity else ""


def spark_line(prices_vnd: Sequence[int]) -> SafeString | str:
    """The way of a price, oldest first, in the colour of where it has come to; nothing below two of them."""
    if len(prices_vnd) < 2:
        return ""
    low, steps = min(prices_vnd), len(prices_vnd) - 1
    span = max(prices_vnd) - low
    points = " ".join(
        f"{number * WIDTH // steps},{1 + (HEIGHT - 2) * (low + span - price_vnd) // (span or 1)}"
        for number, price_vnd in enumerate(prices_vnd)
    )
    return format_html(
        '<svg class="spark {}" viewBox="0 0 60 16" aria-hidden="true"><polyline points="{}"/></svg>',
        formats.sign_class(prices_vnd[-1] - prices_vnd[0]),
        points,
    )
