"""What a trade costs beside its value. The only place where money is divided: every rounding goes down, here."""

from collections.abc import Callable
from dataclasses import dataclass

BPS_PER_WHOLE = 10_000


def floor_share(amount_vnd: int, part: int, whole: int) -> int:
    """`amount_vnd * part / whole` in whole dong, rounded down.

    Rounding down makes parts never dearer than their whole: the fees of an order's fills cannot add up to more than
    the fee that was reserved for it, and the costs taken out of a position cannot exceed what was put in.
    """
    if amount_vnd < 0 or not 0 <= part <= whole or whole == 0:
        raise ValueError(f"not a share of a sum: {amount_vnd} x {part} / {whole}")
    return amount_vnd * part // whole


def most(limit: int, is_paid: Callable[[int], bool]) -> int:
    """The largest number up to `limit` for which `is_paid`; where it holds for one, it holds for all below."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if is_paid(middle):
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Rates in hundredths of a percent of the traded value.

    The broker's fee is in its price list (0.15-0.25 %, exchange fee inside it for private customers) and is charged
    on both sides; the tax is 0.1 % of the value of every sale, also of one at a loss (personal income tax law).
    """

    fee_rate_bps: int = 15
    sale_tax_rate_bps: int = 10

    def __post_init__(self) -> None:
        if not (0 <= self.fee_rate_bps <= BPS_PER_WHOLE and 0 <= self.sale_tax_rate_bps <= BPS_PER_WHOLE):
            raise ValueError("a rate is between 0 and 10,000 hundredths of a percent")

    def fee_vnd(self, value_vnd: int) -> int:
        return floor_share(value_vnd, self.fee_rate_bps, BPS_PER_WHOLE)

    def sale_tax_vnd(self, value_vnd: int) -> int:
        return floor_share(value_vnd, self.sale_tax_rate_bps, BPS_PER_WHOLE)
