"""What is traded: an instrument of one exchange."""

from dataclasses import dataclass
from typing import Final

from qts.domain.values import Exchange, InstrumentKind

FUTURE_MULTIPLIER_VND: Final = 100_000
"""VND a point of an index future, by its contract specification; `price_vnd` of a future is points times this."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """`lot_size` is the round lot in shares or contracts."""

    symbol: str
    exchange: Exchange
    kind: InstrumentKind
    lot_size: int = 100
