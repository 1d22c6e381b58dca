"""From the JSON of a row to what it says, with everything refused that no exchange could mean."""

import json
from collections.abc import Callable, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Any, Final

from qts.domain.errors import Said
from qts.domain.market.rule_rows import RuleRow, RuleSubject, RuleWrong
from qts.domain.market.rule_terms import (
    Admission,
    AfterHoursRule,
    BandRule,
    CalendarRule,
    InvestorKind,
    Ladder,
    OddLotRule,
    PloMatching,
    PutThroughRule,
    ReferenceBasis,
    SessionSpan,
    SettlementRule,
)
from qts.domain.values import OrderType, Session

_PERCENT_MAX: Final = 100


def value_of(row: RuleRow) -> Any:
    """What the row says, as its term. Raises RuleWrong, naming the row."""
    try:
        return VALUES[row.subject](json.loads(row.value))
    except RuleWrong as error:
        raise RuleWrong(
            *(Said("{name}: {problem}", name=row.name, problem=problem) for problem in error.problems)
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RuleWrong(
            Said(
                "{row_name}: the value is not readable ({kind}: {error}).",
                row_name=row.name,
                kind=type(error).__name__,
                error=error,
            )
        ) from error


def _whole(value: Any, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RuleWrong(Said("{value!r} is no whole number from {least} on.", value=value, least=least))
    return value


def _fields(value: Any, needed: set[str], optional: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not needed <= set(value) <= needed | optional:
        raise RuleWrong(Said("It needs the fields {names} and no others.", names=", ".join(sorted(needed | optional))))
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuleWrong(Said("{value!r} is neither true nor false.", value=value))
    return value


def _time(value: Any) -> time:
    """To the minute, without a zone: Vietnam's time of day."""
    at = time.fromisoformat(value)
    if at.second or at.microsecond or at.tzinfo is not None:
        raise RuleWrong(Said("{value!r} is no time like 09:15.", value=value))
    return at


def _types(value: Any) -> frozenset[OrderType]:
    return frozenset(OrderType(one) for one in value)


def _timetable(value: Any) -> tuple[SessionSpan, ...]:
    spans = tuple(SessionSpan(Session(name), _time(start), _time(end)) for name, start, end in value)
    if not spans:
        raise RuleWrong(Said("A timetable needs a session."))
    for span in spans:
        if span.start >= span.end:
            raise RuleWrong(Said("{session} ends before it begins.", session=span.session))
        if span.session in (Session.PRE_OPEN, Session.CLOSED, Session.HALT):
            raise RuleWrong(Said("{session} is no session of a timetable.", session=span.session))
    for before, after in pairwise(spans):
        if before.end != after.start:
            raise RuleWrong(
                Said(
                    "{session} ends at {end}, and the next begins at {start}.",
                    session=before.session,
                    end=f"{before.end:%H:%M}",
                    start=f"{after.start:%H:%M}",
                )
            )
    return spans


def _admissions(value: Any) -> Mapping[Session, Admission]:
    return {Session(name): _admission(one) for name, one in value.items()}


def _admission(value: Any) -> Admission:
    told = _fields(value, {"types", "cancel", "amend"}, frozenset({"locked_minutes"}))
    admission = Admission(
        _types(told["types"]), _bool(told["cancel"]), _types(told["amend"]), _whole(told.get("locked_minutes", 0), 0)
    )
    if admission.amendable and not admission.may_cancel:
        raise RuleWrong(Said("What may be amended may be cancelled."))
    return admission


def _ladder(value: Any) -> Ladder:
    ladder = tuple((_whole(first, 0), _whole(step)) for first, step in value)
    if not ladder or ladder[0][0] != 0:
        raise RuleWrong(Said("A ladder of steps begins at 0."))
    for (first, below), (next_first, above) in pairwise(ladder):
        if next_first <= first:
            raise RuleWrong(Said("A ladder's prices rise."))
        if next_first % below or next_first % above:
            raise RuleWrong(
                Said(
                    "{next_first:,} is not a multiple of the steps {below:,} and {above:,} that meet there.",
                    next_first=next_first,
                    below=below,
                    above=above,
                )
            )
    return ladder[::-1]


def _band(value: Any) -> BandRule:
    told = _fields(value, {"daily_percent", "wide_percent", "wide_after_sessions"})
    band = BandRule(_whole(told["daily_percent"]), _whole(told["wide_percent"]), _whole(told["wide_after_sessions"], 0))
    if not band.daily_percent <= band.wide_percent < _PERCENT_MAX:
        raise RuleWrong(Said("A band is under 100 percent, and the wide one no narrower than that of every day."))
    return band


def _odd_lots(value: Any) -> OddLotRule:
    told = _fields(value, {"types", "sessions", "first_day"})
    sessions = frozenset(Session(one) for one in told["sessions"])
    return OddLotRule(_types(told["types"]), sessions, _bool(told["first_day"]))


def _put_through(value: Any) -> PutThroughRule:
    told = _fields(value, {"tick_vnd", "min_quantity"})
    return PutThroughRule(_whole(told["tick_vnd"]), _whole(told["min_quantity"]))


def _after_hours(value: Any) -> AfterHoursRule:
    told = _fields(value, {"matching"}, frozenset({"collected_until"}))
    matching, until = PloMatching(told["matching"]), told.get("collected_until")
    if (matching is PloMatching.COLLECTED) is not (until is not None):
        raise RuleWrong(Said("What is gathered is gathered until some time; what is not, is not."))
    return AfterHoursRule(matching, _time(until) if until else None)


def _settlement(value: Any) -> SettlementRule:
    told = _fields(value, {"trading_days", "sellable_from"})
    return SettlementRule(_whole(told["trading_days"], 0), _time(told["sellable_from"]))


def _position_limits(value: Any) -> Mapping[InvestorKind, int]:
    limits = {InvestorKind(name): _whole(limit) for name, limit in value.items()}
    if limits.keys() != set(InvestorKind):
        raise RuleWrong(Said("Every kind of investor has a limit."))
    return limits


def _calendar(value: Any) -> CalendarRule:
    told = _fields(value, {"closed", "open"})
    closed, opened = (_days(told[name]) for name in ("closed", "open"))
    if both := closed & opened:
        raise RuleWrong(Said("{value} is closed and open.", value=min(both)))
    return CalendarRule(closed, opened)


def _days(value: Any) -> frozenset[date]:
    days = [date.fromisoformat(one) for one in value]
    if days != sorted(set(days)):
        raise RuleWrong(Said("Days stand in their order, each once."))
    return frozenset(days)


VALUES: Final[Mapping[RuleSubject, Callable[[Any], Any]]] = {
    RuleSubject.TIMETABLE: _timetable,
    RuleSubject.RESTRICTED_TIMETABLE: _timetable,
    RuleSubject.ADMISSIONS: _admissions,
    RuleSubject.TICKS: _ladder,
    RuleSubject.LOT: _whole,
    RuleSubject.ORDER_MAX: _whole,
    RuleSubject.BAND: _band,
    RuleSubject.ODD_LOTS: _odd_lots,
    RuleSubject.REFERENCE: ReferenceBasis,
    RuleSubject.PUT_THROUGH: _put_through,
    RuleSubject.AFTER_HOURS: _after_hours,
    RuleSubject.SETTLEMENT: _settlement,
    RuleSubject.POSITION_LIMITS: _position_limits,
    RuleSubject.CALENDAR: _calendar,
}
