"""The words in which rules are written: what one rule says, as a frozen value of integers, times and names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from qts.domain.values import InstrumentKind, OrderType, Session

Ladder = tuple[tuple[int, int], ...]
"""(first price in VND, step in VND) from the highest prices down to 0."""


class PloMatching(StrEnum):
    """How orders at the closing price meet: gathered for some minutes, matched at their end and at once from then on,
    or at once as they come."""

    COLLECTED = "collected"
    AT_ONCE = "at-once"


class InvestorKind(StrEnum):
    """Who holds a derivatives account: the clearing house limits positions by it."""

    INDIVIDUAL = "INDIVIDUAL"
    ORGANISATION = "ORGANISATION"
    PROFESSIONAL = "PROFESSIONAL"


class ReferenceBasis(StrEnum):
    """Which of a day's prices is the next day's reference."""

    CLOSE = "CLOSE"
    AVERAGE = "AVERAGE"
    SETTLEMENT = "SETTLEMENT"


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """From `start` (included) to `end` (excluded)."""

    session: Session
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Admission:
    """What one session takes. Of an order that stands in it: whether it may be cancelled, and which types amended;
    neither in the last `locked_minutes` of a span."""

    types: frozenset[OrderType]
    may_cancel: bool
    amendable: frozenset[OrderType]
    locked_minutes: int = 0


@dataclass(frozen=True, slots=True)
class BandRule:
    """Percent of the reference; the wide one on a first trading day, and back after more sessions of suspension."""

    daily_percent: int
    wide_percent: int
    wide_after_sessions: int


@dataclass(frozen=True, slots=True)
class OddLotRule:
    types: frozenset[OrderType]
    sessions: frozenset[Session]
    on_first_day: bool


@dataclass(frozen=True, slots=True)
class PutThroughRule:
    """Of a negotiated trade: price step in VND and least quantity."""

    tick_vnd: int
    min_quantity: int


@dataclass(frozen=True, slots=True)
class AfterHoursRule:
    """`collected_until` is None where nothing is gathered."""

    matching: PloMatching
    collected_until: time | None


@dataclass(frozen=True, slots=True)
class SettlementRule:
    """Trading days after the trade, and the local time of that day from which bought shares may be sold."""

    trading_days: int
    sellable_from: time


@dataclass(frozen=True, slots=True)
class CalendarRule:
    """Weekdays that are closed, and days of a week-end that trade; of one venue the days on which it alone differs."""

    closed: frozenset[date]
    opened: frozenset[date]


@dataclass(frozen=True, slots=True)
class BoardRules:
    """Of one venue. What depends on the kind of instrument has every kind that the venue knows."""

    timetable: tuple[SessionSpan, ...]
    restricted_timetable: tuple[SessionSpan, ...]
    admissions: Mapping[Session, Admission]
    ladders: Mapping[InstrumentKind, Ladder]
    lots: Mapping[InstrumentKind, int]
    order_max: Mapping[InstrumentKind, int]
    band: BandRule
    odd_lots: OddLotRule
    reference: ReferenceBasis
    put_through: PutThroughRule
    after_hours: AfterHoursRule
