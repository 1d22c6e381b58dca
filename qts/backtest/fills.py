"""What a bar would have filled of a limit order.

A bar tells four prices and a volume, not a queue: an order fills where the market traded at its price or better, at its
own price unless the bar opened better, and never more than a share of what traded. At a limit that the market is locked
at there is nobody on the other side.
"""

from dataclasses import dataclass

from qts.domain.market import Band
from qts.domain.strategy import Bar
from qts.domain.values import Side


@dataclass(frozen=True, slots=True)
class Met:
    """`is_locked`: the price was there, and nobody sold (or bought) at it."""

    quantity: int
    price_vnd: int
    is_locked: bool = False


NOTHING = Met(0, 0)


def meet(side: Side, price_vnd: int, left: int, bar: Bar, band: Band, *, volume_left: int) -> Met:
    """`volume_left` is what participation still allows in this bar."""
    if side is Side.BUY:
        reached, locked_vnd, filled_vnd = bar.low_vnd <= price_vnd, band.ceiling_vnd, min(price_vnd, bar.open_vnd)
    else:
        reached, locked_vnd, filled_vnd = bar.high_vnd >= price_vnd, band.floor_vnd, max(price_vnd, bar.open_vnd)
    if not reached:
        return NOTHING
    if bar.low_vnd == bar.high_vnd == locked_vnd:
        return Met(0, 0, is_locked=True)
    quantity = min(left, volume_left)
    return Met(quantity, filled_vnd) if quantity > 0 else NOTHING
