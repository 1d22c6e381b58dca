"""One security held in one account: totals are stored, the average is only for display, so nothing drifts."""

from dataclasses import dataclass

from qts.domain.portfolio.fees import floor_share


@dataclass(frozen=True, slots=True)
class Sale:
    """What one sale did: the cost that left the position and the profit after fee and tax, in VND."""

    holding: "Holding"
    cost_vnd: int
    realised_pnl_vnd: int


@dataclass(frozen=True, slots=True)
class Holding:
    """`cost_total_vnd` holds purchase values and purchase fees; `realised_pnl_vnd` is net of fees and sale tax."""

    quantity: int = 0
    cost_total_vnd: int = 0
    realised_pnl_vnd: int = 0

    def __post_init__(self) -> None:
        if self.quantity < 0 or self.cost_total_vnd < 0:
            raise ValueError(f"a cash account holds no short position: {self.quantity} at {self.cost_total_vnd}")

    @property
    def average_cost_vnd(self) -> int:
        """Per share, rounded down; for display only."""
        return self.cost_total_vnd // self.quantity if self.quantity else 0

    def bought(self, *, quantity: int, value_vnd: int, fee_vnd: int) -> "Holding":
        if quantity <= 0 or value_vnd <= 0 or fee_vnd < 0:
            raise ValueError(f"not a purchase: {quantity} for {value_vnd} with fee {fee_vnd}")
        return Holding(self.quantity + quantity, self.cost_total_vnd + value_vnd + fee_vnd, self.realised_pnl_vnd)

    def sold(self, *, quantity: int, value_vnd: int, fee_vnd: int, tax_vnd: int) -> Sale:
        """Takes out the average cost; the last share takes all that is left, so a closed position costs nothing.

        Raises ValueError when more is sold than held.
        """
        if not 0 < quantity <= self.quantity or value_vnd <= 0 or fee_vnd < 0 or tax_vnd < 0:
            raise ValueError(f"not a sale: {quantity} of {self.quantity} for {value_vnd}")
        cost = floor_share(self.cost_total_vnd, quantity, self.quantity)
        realised = value_vnd - fee_vnd - tax_vnd - cost
        after = Holding(self.quantity - quantity, self.cost_total_vnd - cost, self.realised_pnl_vnd + realised)
        return Sale(holding=after, cost_vnd=cost, realised_pnl_vnd=realised)
