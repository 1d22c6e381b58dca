"""What is wrong with a set of rows: contradictions, holes, and rules that do not fit each other."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from qts.domain.errors import Said
from qts.domain.market.rule_days import wrong_days
from qts.domain.market.rule_rows import BY_KIND, BY_MARKET, RuleRow, RuleSubject, RuleWrong, Scope, scope_name
from qts.domain.market.rule_terms import AfterHoursRule, PloMatching, SessionSpan
from qts.domain.market.rule_values import value_of
from qts.domain.values import Exchange, InstrumentKind, Session

KINDS_OF: Final = {
    Exchange.HOSE: (InstrumentKind.STOCK, InstrumentKind.ETF, InstrumentKind.WARRANT),
    Exchange.HNX: (InstrumentKind.STOCK, InstrumentKind.ETF),
    Exchange.UPCOM: (InstrumentKind.STOCK,),
    Exchange.VNFE: (InstrumentKind.FUTURE,),
}
"""What is listed on a venue, and so needs a step, a lot and a largest order."""
Board = dict[RuleSubject, Any]


def problems_of(rows: Sequence[RuleRow]) -> list[str]:
    """Every reason, in sentences, why the rows are no whole set of rules for all days from the first one on."""
    if not rows:
        return ["There are no rules."]
    found = [problem for row in rows for problem in (*_misplaced(row), *_unreadable(row))]
    found += _contradictions(rows)
    if found:  # whether rules fit each other can be asked of readable ones only
        return found
    in_force: dict[Scope, RuleRow] = {}
    checked: set[tuple[Any, ...]] = set()
    by_day: dict[date, list[RuleRow]] = {}
    for row in rows:
        by_day.setdefault(row.effective_from, []).append(row)
    for day in sorted(by_day):
        in_force |= {row.scope: row for row in by_day[day]}
        found += [Said("On {day}: {problem}", day=day, problem=problem) for problem in _holes(in_force)]
        if not found:
            found += [Said("On {day}: {problem}", day=day, problem=problem) for problem in _misfits(in_force, checked)]
    return list(dict.fromkeys(found))


def _misplaced(row: RuleRow) -> list[str]:
    found: list[str] = []
    is_of_market = row.subject in BY_MARKET
    if (row.exchange is None) is not is_of_market and row.subject is not RuleSubject.CALENDAR:
        place = Said("for the whole market") if is_of_market else Said("for one venue")
        found.append(
            Said("{row_name}: {subject} is ruled {place}.", row_name=row.name, subject=row.subject, place=place)
        )
    if row.kind is not None and row.subject not in BY_KIND:
        found.append(
            Said(
                "{row_name}: {subject} is the same for every kind of instrument.",
                row_name=row.name,
                subject=row.subject,
            )
        )
    if row.kind is not None and row.exchange is not None and row.kind not in KINDS_OF[row.exchange]:
        found.append(
            Said(
                "{row_name}: no {kind} is listed on {exchange}.",
                row_name=row.name,
                kind=row.kind,
                exchange=row.exchange,
            )
        )
    if not row.source.strip():
        found.append(Said("{row_name}: a row names its source.", row_name=row.name))
    return found


def _unreadable(row: RuleRow) -> tuple[str, ...]:
    try:
        value = value_of(row)
    except RuleWrong as error:
        return error.problems
    if row.subject is RuleSubject.CALENDAR:
        return tuple(
            Said("{row_name}: {day} {problem}.", row_name=row.name, day=day, problem=problem)
            for day, problem in wrong_days(row, value)
        )
    return ()


def _contradictions(rows: Sequence[RuleRow]) -> list[str]:
    keys = [row.key for row in rows]
    return (
        [Said("{row_name}: two rows say it.", row_name=row.name) for row in rows if keys.count(row.key) > 1]
        if len(set(keys)) < len(keys)
        else []
    )


def _holes(in_force: dict[Scope, RuleRow]) -> list[str]:
    needed: list[tuple[Scope, ...]] = [((subject, None, None),) for subject in BY_MARKET]
    for exchange, kinds in KINDS_OF.items():
        for subject in RuleSubject:
            if subject in BY_KIND:
                needed += [((subject, exchange, kind), (subject, exchange, None)) for kind in kinds]
            elif subject not in BY_MARKET:
                needed.append(((subject, exchange, None),))
    return [
        Said("there is no {rule}.", rule=scope_name(choices[0]))
        for choices in needed
        if not any(scope in in_force for scope in choices)
    ]


def _misfits(in_force: dict[Scope, RuleRow], checked: set[tuple[Any, ...]]) -> list[str]:
    """Of each venue; a venue whose rows have been looked at is not looked at again."""
    found: list[str] = []
    for exchange in Exchange:
        rows = [row for row in in_force.values() if row.exchange is exchange and row.subject not in BY_MARKET]
        known = tuple(sorted(row.key for row in rows))
        if known not in checked:
            checked.add(known)
            found += [
                Said("{exchange}: {problem}", exchange=exchange, problem=problem) for problem in _misfits_of_board(rows)
            ]
    return found


def _misfits_of_board(rows: list[RuleRow]) -> list[str]:
    board: Board = {row.subject: value_of(row) for row in rows if row.subject not in BY_KIND}
    spans = [*board[RuleSubject.TIMETABLE], *board[RuleSubject.RESTRICTED_TIMETABLE]]
    admissions = board[RuleSubject.ADMISSIONS]
    found: list[str] = [
        Said("nothing says what {session} admits.", session=session)
        for session in sorted({span.session for span in spans} - admissions.keys() - {Session.BREAK})
    ]
    odd_lots = board[RuleSubject.ODD_LOTS]
    found += [
        Said("{session} takes odd lots, but no {names}.", session=session, names=" or ".join(sorted(odd_lots.types)))
        for session in sorted(odd_lots.sessions)
        if session not in admissions or not odd_lots.types & admissions[session].types
    ]
    found += _after_hours(board[RuleSubject.AFTER_HOURS], spans)
    return found + _quantities(rows)


def _after_hours(rule: AfterHoursRule, spans: list[SessionSpan]) -> list[str]:
    if rule.matching is PloMatching.AT_ONCE or rule.collected_until is None:
        return []
    until = rule.collected_until
    fits = any(span.session is Session.PLO and span.start < until < span.end for span in spans)
    if fits:
        return []
    said = "orders at the closing price are gathered until {until}, outside of their session."
    return [Said(said, until=f"{until:%H:%M}")]


def _quantities(rows: list[RuleRow]) -> list[str]:
    lots, largest = (
        {row.kind: value_of(row) for row in rows if row.subject is subject}
        for subject in (RuleSubject.LOT, RuleSubject.ORDER_MAX)
    )
    return [
        Said("the largest order {limit:,} is no multiple of the lot {lot:,}.", limit=limit, lot=lot)
        for kind, limit in largest.items()
        if (lot := lots.get(kind, lots.get(None))) is not None and limit % lot
    ]
