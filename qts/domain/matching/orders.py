"""What goes into the book and what comes out: plain integers, prices in VND, quantities in shares or contracts.

Executions and fills are not to be changed. They are not frozen, since making a frozen one takes four times as long,
and the book makes more of them than of anything else.
"""

from dataclasses import dataclass
from typing import NamedTuple

from qts.domain.values import OrderType, Side


@dataclass(slots=True)
class BookOrder:
    """An order while the book works on it; `remaining` counts down. `price_vnd` is 0 for types without a limit."""

    order_id: int
    side: Side
    order_type: OrderType
    price_vnd: int
    remaining: int


@dataclass(slots=True)
class Fill:
    """One match. `aggressor` is the incoming side in continuous trading, None in an auction."""

    price_vnd: int
    quantity: int
    buy_order_id: int
    sell_order_id: int
    aggressor: Side | None


@dataclass(slots=True)
class Execution:
    """What became of an incoming order: it rests with `remaining`, is filled (0), or the remainder was cancelled."""

    fills: list[Fill]
    remaining: int
    rests: bool


class Level(NamedTuple):
    price_vnd: int
    quantity: int
