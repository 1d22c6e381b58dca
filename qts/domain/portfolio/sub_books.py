"""One account's shares of one symbol by whose they are: each strategy's, and those of people ("").

Together they are the account: the same shares, and the same money, for every dong that a move costs or brings is
booked to one of them. Each has an average cost of its own, so a sale's profit is that of whoever sells; the account
has one average over all. The two differ in what counts as realised until the shares are gone, never in the sum of
realised and open profit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from qts.domain.portfolio.allocation import pro_rata
from qts.domain.portfolio.fees import floor_share
from qts.domain.portfolio.holding import Holding

BY_HAND = ""


class OwnedChange(StrEnum):
    PURCHASE = "PURCHASE"
    SALE = "SALE"
    ACTION = "ACTION"


@dataclass(frozen=True, slots=True)
class OwnedMove:
    """`quantity` in (+) or out (-). `amount_vnd`: a purchase's cost with its fee; what a sale brought, net; the change
    of the cost by a corporate action."""

    change: OwnedChange
    owner: str
    quantity: int
    amount_vnd: int


def sub_books(moves: Iterable[OwnedMove]) -> dict[str, Holding]:
    """By owner, in the order of the moves. Raises ValueError where more is sold than all of them hold.

    Who sells more than is theirs takes the rest from the others at their average cost, from people first and then from
    whoever holds most: the broker knows one account, and what it sold is gone.
    """
    held: dict[str, Holding] = {}
    for move in moves:
        if move.change is OwnedChange.ACTION:
            _spread(held, move)
        elif move.quantity > 0:
            before = held.get(move.owner, Holding())
            cost = before.cost_total_vnd + move.amount_vnd
            held[move.owner] = Holding(before.quantity + move.quantity, cost, before.realised_pnl_vnd)
        else:
            _sell(held, move)
    return held


def _sell(held: dict[str, Holding], move: OwnedMove) -> None:
    sold = -move.quantity
    seller = _with_enough(held, move.owner, sold)
    cost = floor_share(seller.cost_total_vnd, sold, seller.quantity)
    held[move.owner] = Holding(
        seller.quantity - sold,
        seller.cost_total_vnd - cost,
        seller.realised_pnl_vnd + move.amount_vnd - cost,
    )


def _with_enough(held: dict[str, Holding], owner: str, wanted: int) -> Holding:
    mine = held.get(owner, Holding())
    others = sorted((name for name in held if name != owner), key=lambda name: (name != BY_HAND, -held[name].quantity))
    for name in others:
        missing = wanted - mine.quantity
        if missing <= 0:
            break
        other = held[name]
        taken = min(missing, other.quantity)
        cost = floor_share(other.cost_total_vnd, taken, other.quantity) if taken else 0
        held[name] = Holding(other.quantity - taken, other.cost_total_vnd - cost, other.realised_pnl_vnd)
        mine = Holding(mine.quantity + taken, mine.cost_total_vnd + cost, mine.realised_pnl_vnd)
    if mine.quantity < wanted:
        raise ValueError(f"{wanted} shares were sold, and all of them hold {mine.quantity}")
    return mine


def _spread(held: dict[str, Holding], move: OwnedMove) -> None:
    """New shares go to those who hold the old ones, and so does a cost that is lost with them."""
    owners = [owner for owner, one in held.items() if one.quantity]
    if not owners:
        held[move.owner] = held.get(move.owner, Holding())
        owners = [move.owner]
    weights = [held[owner].quantity or 1 for owner in owners]
    shares = pro_rata(abs(move.quantity), weights)
    lost = pro_rata(max(-move.amount_vnd, 0), [held[owner].cost_total_vnd for owner in owners] or weights)
    added = pro_rata(max(move.amount_vnd, 0), weights)
    sign = 1 if move.quantity >= 0 else -1
    for owner, quantity, less, more in zip(owners, shares, lost, added, strict=True):
        one = held[owner]
        cost = one.cost_total_vnd - less + more
        held[owner] = Holding(one.quantity + sign * quantity, cost, one.realised_pnl_vnd - less)
    _hand_on(held, owners)


def _hand_on(held: dict[str, Holding], owners: Sequence[str]) -> None:
    """Whoever is left without a share by rounding gives its cost to who holds most: it is the cost of those shares."""
    most = max(owners, key=lambda owner: held[owner].quantity)
    for owner in owners:
        one = held[owner]
        if not one.quantity and one.cost_total_vnd and owner != most:
            held[owner] = Holding(0, 0, one.realised_pnl_vnd)
            held[most] = replace(held[most], cost_total_vnd=held[most].cost_total_vnd + one.cost_total_vnd)
