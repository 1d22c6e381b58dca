"""Many orders at once: each is judged alone by the gate, and here by what those before it in the table leave over."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from qts.domain.errors import Breach, RuleCode
from qts.domain.orders.request import OrderRequest
from qts.domain.values import Side

ROWS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class BasketRow:
    """`needed_vnd` is what a purchase reserves; 0 for a sale."""

    request: OrderRequest
    needed_vnd: int
    breaches: tuple[Breach, ...]


def basket_hash(requests: Sequence[OrderRequest]) -> str:
    """SHA-256 of the rows in their order, without their names."""
    return hashlib.sha256(json.dumps([one.body_hash for one in requests]).encode()).hexdigest()


def together(rows: Sequence[BasketRow], *, buying_power_vnd: int, sellable: dict[str, int]) -> tuple[BasketRow, ...]:
    """The rows with what each of them breaks because of those before it. A row that is refused anyway takes nothing
    from the next ones; sales bring no buying power: their cash has not arrived."""
    left_vnd, left = buying_power_vnd, dict(sellable)
    judged = []
    for asked in rows:
        row = _with(asked, _shared_breach(asked, left_vnd, left.get(asked.request.symbol, 0)))
        if not row.breaches:
            left_vnd -= row.needed_vnd
            if row.request.side is Side.SELL:
                left[row.request.symbol] = left.get(row.request.symbol, 0) - row.request.quantity
        judged.append(row)
    return tuple(judged)


def _with(row: BasketRow, added: Breach | None) -> BasketRow:
    """The gate may have said the same already."""
    if added is None or added.code in {breach.code for breach in row.breaches}:
        return row
    return replace(row, breaches=(*row.breaches, added))


def _shared_breach(row: BasketRow, left_vnd: int, left: int) -> Breach | None:
    if row.request.side is Side.BUY:
        short = row.needed_vnd > left_vnd
        return Breach(RuleCode.BUYING_POWER_EXCEEDED, max(0, left_vnd), row.needed_vnd) if short else None
    short = row.request.quantity > left
    return Breach(RuleCode.SELLABLE_QUANTITY_EXCEEDED, max(0, left), row.request.quantity) if short else None
