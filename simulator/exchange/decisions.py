"""What the exchange has decided and takes back only by another decision: halts, states, first trading days.

These outlive the process: `decisions_of` is what to keep, `take_up` puts it back before the first day is begun.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from qts.domain.values import Exchange as Market
from simulator.exchange.security import Security, SecurityState


class Decisions(msgspec.Struct):
    """By symbol, for those where it differs from their listing. `upcoming` states hold after the day they come with."""

    halted: list[str] = []
    halted_markets: list[Market] = []
    standing: dict[str, SecurityState] = {}
    upcoming: dict[str, tuple[date, SecurityState]] = {}


def decisions_of(
    securities: Iterable[Security], halted_markets: set[Market], upcoming: dict[str, tuple[date, SecurityState]]
) -> Decisions:
    known = list(securities)
    return Decisions(
        halted=[one.symbol for one in known if one.is_halted],
        halted_markets=sorted(halted_markets),
        standing={one.symbol: one.standing for one in known if one.standing is not one.listing.state},
        upcoming=upcoming,
    )


def take_up(decisions: Decisions, securities: dict[str, Security]) -> None:
    """What concerns single securities; one that is not listed any more is passed over."""
    for symbol, security in securities.items():
        security.is_halted = symbol in decisions.halted
        security.standing = decisions.standing.get(symbol, security.standing)
