"""First in, first out: what a sale cost when the oldest shares go first. Beside the average cost, never in its place.

Lots keep their total cost, so nothing drifts: what all lots of a symbol cost is what its average-cost position would
cost if nothing had been sold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from qts.domain.portfolio.fees import floor_share


class LotChange(IntEnum):
    """In the order in which changes of one instant count: an opening or action, then purchases, then sales."""

    ACTION = 0
    PURCHASE = 1
    SALE = 2


@dataclass(frozen=True, slots=True)
class ShareMove:
    """Shares in or out. `amount_vnd` is the cost of a purchase, or what a sale brought net of fee and tax."""

    kind: LotChange
    quantity: int
    amount_vnd: int
    reference: str
    day: date


@dataclass(slots=True)
class Lot:
    day: date
    quantity: int
    cost_vnd: int
    reference: str


@dataclass(slots=True)
class FifoBook:
    """Lots of one symbol, the oldest first, and what each sale took out of them by its reference."""

    lots: list[Lot] = field(default_factory=list)
    sale_costs_vnd: dict[str, int] = field(default_factory=dict)
    realised_pnl_vnd: int = 0

    @property
    def quantity(self) -> int:
        return sum(lot.quantity for lot in self.lots)

    @property
    def cost_total_vnd(self) -> int:
        return sum(lot.cost_vnd for lot in self.lots)

    def take(self, move: ShareMove) -> None:
        """Raises ValueError when more is sold than held."""
        if move.kind is LotChange.SALE:
            self._sell(move)
        elif move.kind is LotChange.PURCHASE or move.amount_vnd or not self.lots:
            self.lots.append(Lot(move.day, move.quantity, move.amount_vnd, move.reference))
        else:
            self._spread(move.quantity)

    def _sell(self, move: ShareMove) -> None:
        if not 0 < move.quantity <= self.quantity:
            raise ValueError(f"{move.reference} sells {move.quantity}, {self.quantity} are held")
        left, cost_vnd = move.quantity, 0
        while left:
            lot = self.lots[0]
            taken = min(left, lot.quantity)
            share_vnd = floor_share(lot.cost_vnd, taken, lot.quantity)
            lot.quantity, lot.cost_vnd = lot.quantity - taken, lot.cost_vnd - share_vnd
            left, cost_vnd = left - taken, cost_vnd + share_vnd
            if not lot.quantity:
                self.lots.pop(0)
        self.sale_costs_vnd[move.reference] = self.sale_costs_vnd.get(move.reference, 0) + cost_vnd
        self.realised_pnl_vnd += move.amount_vnd - cost_vnd

    def _spread(self, shares: int) -> None:
        """Shares that came or went for nothing belong to the lots in proportion; what does not divide, to the last."""
        whole, given = self.quantity, 0
        for lot in self.lots[:-1]:
            part = shares * lot.quantity // whole
            lot.quantity += part
            given += part
        self.lots[-1].quantity += shares - given
        lost_vnd = sum(lot.cost_vnd for lot in self.lots if lot.quantity <= 0)
        self.lots = [lot for lot in self.lots if lot.quantity > 0]
        if self.lots:
            self.lots[-1].cost_vnd += lost_vnd
        else:
            self.realised_pnl_vnd -= lost_vnd


def fifo(moves: Iterable[ShareMove]) -> FifoBook:
    """The lots that are left after these moves, which have to come in the order of their instants and kinds."""
    book = FifoBook()
    for move in moves:
        book.take(move)
    return book
