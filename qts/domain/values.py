"""Vocabulary of the exact side. Money is whole VND, quantity whole shares or contracts, both `int`."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """Order types of the Vietnamese exchanges; MTL was called MP on HOSE before 2025-05-05."""

    LO = "LO"
    ATO = "ATO"
    ATC = "ATC"
    MTL = "MTL"
    MOK = "MOK"
    MAK = "MAK"
    PLO = "PLO"


class Exchange(StrEnum):
    HOSE = "HOSE"
    HNX = "HNX"
    UPCOM = "UPCOM"
    VNFE = "VNFE"  # the derivatives market of HNX; SSI writes DER in market data, VNFE in trading


class InstrumentKind(StrEnum):
    STOCK = "STOCK"
    ETF = "ETF"
    WARRANT = "WARRANT"
    FUTURE = "FUTURE"


class Session(StrEnum):
    """Trading session of one exchange at one moment; PERIODIC is a call auction in the middle of the day."""

    PRE_OPEN = "PRE_OPEN"
    ATO = "ATO"
    CONTINUOUS = "CONTINUOUS"
    PERIODIC = "PERIODIC"
    BREAK = "BREAK"
    ATC = "ATC"
    PLO = "PLO"
    CLOSED = "CLOSED"
    HALT = "HALT"


class GapCause(StrEnum):
    """What gave away that market messages are missing."""

    RECONNECT = "RECONNECT"
    SILENCE = "SILENCE"
    VOLUME = "VOLUME"
    INDEX = "INDEX"
    LOG = "LOG"  # they came, and the log of them cannot be read back


class ActorKind(StrEnum):
    USER = "user"
    STRATEGY = "strategy"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked: `id` is the user's or strategy's primary key as text, or the name of a system part."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
