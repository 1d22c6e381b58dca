"""The indices over their members on the exchanges, weighted by their value. Values are hundredths of a point."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from qts.domain.values import Exchange as Market
from simulator.exchange.security import Security

# value in hundredths of a point while every security stands at the reference price of its listing
BASES_CENTIPOINTS: Final = {"VNINDEX": 165_240, "VN30": 188_910, "HNXIndex": 26_480, "HNXUpcomIndex": 11_930}
INDEX_EXCHANGES: Final = {"HNXIndex": Market.HNX, "HNXUpcomIndex": Market.HNX}  # the others are of HOSE


def index_codes(securities: Iterable[Security]) -> list[str]:
    """Those that have members among the securities: the value of another would be divided by nothing."""
    present = {code for security in securities for code in security.listing.indices}
    return [code for code in BASES_CENTIPOINTS if code in present]


def index_members(code: str, securities: Iterable[Security]) -> list[Security]:
    return [security for security in securities if code in security.listing.indices]


@dataclass(frozen=True, slots=True)
class IndexState:
    code: str
    value_centipoints: int
    prior_centipoints: int
    total_quantity: int
    total_value_vnd: int
    advances: int
    unchanged: int
    declines: int
    ceilings: int
    floors: int


def index_state(code: str, securities: Iterable[Security]) -> IndexState:
    """Raises KeyError for an index that is not computed here."""
    base = BASES_CENTIPOINTS[code]
    members = index_members(code, securities)
    weight = sum(one.listing.reference_vnd * one.listing.listed_shares for one in members) or 1
    worth = sum(one.last_or_reference_vnd * one.listing.listed_shares for one in members)
    worth_before = sum(one.reference_vnd * one.listing.listed_shares for one in members)
    moves = [one.last_or_reference_vnd - one.reference_vnd for one in members]
    return IndexState(
        code=code,
        value_centipoints=base * worth // weight,
        prior_centipoints=base * worth_before // weight,
        total_quantity=sum(one.totals.quantity for one in members),
        total_value_vnd=sum(one.totals.value_vnd for one in members),
        advances=sum(move > 0 for move in moves),
        unchanged=sum(move == 0 for move in moves),
        declines=sum(move < 0 for move in moves),
        ceilings=sum(one.last_or_reference_vnd >= one.band.ceiling_vnd for one in members),
        floors=sum(one.last_or_reference_vnd <= one.band.floor_vnd for one in members),
    )
