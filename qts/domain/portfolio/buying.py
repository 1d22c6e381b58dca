"""How much an account can buy, before the broker is asked."""

from dataclasses import dataclass

from qts.domain.portfolio.fees import FeeSchedule, most
from qts.domain.portfolio.lending import own_need_vnd
from qts.domain.portfolio.reserving import cash_needed_vnd


@dataclass(frozen=True, slots=True)
class Means:
    """What pays for a purchase of shares: own means that are free, and cash with the broker's credit. In a cash account
    the two are the same and nothing is lent on a share. `room_left` is what foreigners may still buy of it, for a
    foreign owner."""

    own_vnd: int
    spendable_vnd: int
    loan_percent: int = 0
    room_left: int | None = None

    @classmethod
    def of_cash(cls, free_vnd: int, *, room_left: int | None = None) -> "Means":
        return cls(free_vnd, free_vnd, 0, room_left)

    def own_needed_vnd(self, quantity: int, price_vnd: int, fees: FeeSchedule) -> int:
        return own_need_vnd(quantity=quantity, price_vnd=price_vnd, loan_percent=self.loan_percent, fees=fees)

    def pays(self, quantity: int, price_vnd: int, fees: FeeSchedule) -> bool:
        """Whether value and fee are covered, to the dong, by own means and by cash with the credit."""
        cost_vnd = cash_needed_vnd(quantity=quantity, price_vnd=price_vnd, fees=fees)
        return cost_vnd <= self.spendable_vnd and self.own_needed_vnd(quantity, price_vnd, fees) <= self.own_vnd


def max_purchase_quantity(
    *, free_vnd: int, price_vnd: int, fees: FeeSchedule, lot: int = 1, means: Means | None = None
) -> int:
    """The most whole lots that are paid for with their fee, which is rounded as an order's is, so it is exact. Without
    `means`, a cash account's `free_vnd` pays. Raises ValueError for a price or lot that is none."""
    if price_vnd <= 0 or lot <= 0:
        raise ValueError(f"nothing is bought at {price_vnd} VND in lots of {lot}")
    paying = means or Means.of_cash(free_vnd)
    lots_max = max(paying.spendable_vnd, 0) // (price_vnd * lot)
    if paying.room_left is not None:
        lots_max = min(lots_max, max(paying.room_left, 0) // lot)
    return lot * most(lots_max, lambda lots: paying.pays(lots * lot, price_vnd, fees))
