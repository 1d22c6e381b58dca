"""What may still be done with a scope."""

from collections.abc import Iterable
from enum import StrEnum

from qts.domain.risk.facts import KillState


class TradingState(StrEnum):
    """ACTIVE: everything inside the limits. REDUCING: only what lowers exposure. HALTED: nothing leaves."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


def state_under(stops: Iterable[KillState]) -> TradingState:
    """The hardest of the stops that cover an order."""
    reducing = [stop.allows_reducing for stop in stops]
    if not reducing:
        return TradingState.ACTIVE
    return TradingState.REDUCING if all(reducing) else TradingState.HALTED
