"""The rows that QTS knows without being told, with their sources. What an administrator enters goes before them.

[sure], [KRX] and [check] are the marks of the collected market rules: a long-standing public rule; announced for the
exchanges' common system in force since 2025-05-05; to be confirmed before live use. Where nothing is known of a time
before, a rule holds since the first trading day.
"""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any, Final

from qts.domain.market.built_in_holidays import calendar_rows
from qts.domain.market.calendar import FIRST_TRADING_DAY
from qts.domain.market.rule_book import RuleBook, RuleHistory
from qts.domain.market.rule_rows import RuleRow, RuleSubject, row_of
from qts.domain.values import Exchange, InstrumentKind

KRX: Final = date(2025, 5, 5)
_BAND_2013: Final = date(2013, 1, 15)
_TICKS_2016: Final = date(2016, 9, 12)
_LOT_2021: Final = date(2021, 1, 4)
_T_PLUS_TWO_AT_NOON: Final = date(2022, 8, 29)

_RULES: Final = "trading rules of HOSE and HNX [sure]"
_SYSTEM: Final = "exchanges' common system of 2025-05-05 [KRX]"
_BEFORE_SYSTEM: Final = "before the exchanges' common system of 2025-05-05 [KRX]"
_CHECK: Final = "trading rules of HOSE and HNX [check]"
_CLOSES: Final = "unadjusted daily closes of 80 listed shares change their pattern on 2013-01-15 and 2016-09-12 [check]"

_CONTINUOUS_DAY: Final = [
    ["CONTINUOUS", "09:00", "11:30"],
    ["BREAK", "11:30", "13:00"],
    ["CONTINUOUS", "13:00", "14:30"],
    ["ATC", "14:30", "14:45"],
]
_TIMETABLES: Final[dict[Exchange, list[list[str]]]] = {
    Exchange.HOSE: [["ATO", "09:00", "09:15"], ["CONTINUOUS", "09:15", "11:30"], *_CONTINUOUS_DAY[1:]],
    Exchange.HNX: [*_CONTINUOUS_DAY, ["PLO", "14:45", "15:00"]],
    Exchange.UPCOM: [*_CONTINUOUS_DAY[:2], ["CONTINUOUS", "13:00", "15:00"]],
    Exchange.VNFE: [["ATO", "08:45", "09:00"], *_CONTINUOUS_DAY],
}
_CONTINUOUS_TYPES: Final = {
    Exchange.HOSE: ["LO", "MTL"],
    Exchange.HNX: ["LO", "MAK", "MOK", "MTL"],
    Exchange.UPCOM: ["LO"],
    Exchange.VNFE: ["LO", "MAK", "MOK", "MTL"],
}
_AUCTIONS: Final = {
    Exchange.HOSE: ("ATO", "PERIODIC", "ATC"),
    Exchange.HNX: ("ATC", "PLO"),
    Exchange.UPCOM: (),
    Exchange.VNFE: ("ATO", "ATC"),
}
_DAILY_BANDS: Final = {Exchange.HOSE: 7, Exchange.HNX: 10, Exchange.UPCOM: 15, Exchange.VNFE: 7}
_WIDE_BANDS: Final = {Exchange.HOSE: 20, Exchange.HNX: 30, Exchange.UPCOM: 40, Exchange.VNFE: 7}
_REFERENCES: Final = {
    Exchange.HOSE: "CLOSE",
    Exchange.HNX: "CLOSE",
    Exchange.UPCOM: "AVERAGE",
    Exchange.VNFE: "SETTLEMENT",
}
_PUT_THROUGH_MIN: Final = {Exchange.HOSE: 20_000, Exchange.HNX: 5_000, Exchange.UPCOM: 1, Exchange.VNFE: 1}


def _since(day: date, subject: RuleSubject, exchange: Exchange | None, value: Any, source: str = _RULES) -> RuleRow:
    return row_of((subject, exchange, None), day, value, source)


def _always(subject: RuleSubject, exchange: Exchange | None, value: Any, source: str = _RULES) -> RuleRow:
    return _since(FIRST_TRADING_DAY, subject, exchange, value, source)


def _rows_of(exchange: Exchange) -> list[RuleRow]:
    """What has not changed, as far as is known."""
    unit = {"tick_vnd": 1, "min_quantity": _PUT_THROUGH_MIN[exchange]}
    return [
        _always(RuleSubject.TIMETABLE, exchange, _TIMETABLES[exchange]),
        _always(RuleSubject.ADMISSIONS, exchange, _admissions(exchange)),
        _always(RuleSubject.REFERENCE, exchange, _REFERENCES[exchange]),
        _always(RuleSubject.PUT_THROUGH, exchange, unit),
        _always(RuleSubject.ORDER_MAX, exchange, 500 if exchange is Exchange.VNFE else 500_000, _order_max(exchange)),
        *_bands(exchange),
        *_lots(exchange),
        *_of_the_system(exchange),
    ]


def _order_max(exchange: Exchange) -> str:
    return _RULES if exchange in (Exchange.HOSE, Exchange.VNFE) else f"as on HOSE, {_CHECK}"


def _admissions(exchange: Exchange) -> dict[str, Any]:
    """Orders in the opening and closing auction, carried-in ones included, are neither cancelled nor amended; nor is
    PLO. Of a periodic auction the last five minutes are as fixed."""
    found: dict[str, Any] = {
        "CONTINUOUS": {"types": _CONTINUOUS_TYPES[exchange], "cancel": True, "amend": ["LO"]},
    }
    for auction in _AUCTIONS[exchange]:
        if auction == "PERIODIC":
            found[auction] = {"types": ["LO"], "cancel": True, "amend": ["LO"], "locked_minutes": 5}
        else:
            types = ["PLO"] if auction == "PLO" else [auction, "LO"]
            found[auction] = {"types": types, "cancel": False, "amend": []}
    return found


def _bands(exchange: Exchange) -> list[RuleRow]:
    """HOSE went from 5 to 7 percent and HNX from 7 to 10 on 2013-01-15."""
    today = {
        "daily_percent": _DAILY_BANDS[exchange],
        "wide_percent": _WIDE_BANDS[exchange],
        "wide_after_sessions": 25,
    }
    before = {Exchange.HOSE: 5, Exchange.HNX: 7}
    if exchange not in before:
        return [_always(RuleSubject.BAND, exchange, today)]
    return [
        _always(RuleSubject.BAND, exchange, today | {"daily_percent": before[exchange]}, _CLOSES),
        _since(_BAND_2013, RuleSubject.BAND, exchange, today, f"{_RULES}; {_CLOSES}"),
    ]


def _lots(exchange: Exchange) -> list[RuleRow]:
    if exchange is Exchange.VNFE:
        return [_always(RuleSubject.LOT, exchange, 1)]
    if exchange is not Exchange.HOSE:
        return [_always(RuleSubject.LOT, exchange, 100)]
    return [
        _always(RuleSubject.LOT, exchange, 10, "HOSE's lot before 2021-01-04 [check]"),
        _since(_LOT_2021, RuleSubject.LOT, exchange, 100, "HOSE's lot of 100 since 2021-01-04 [check]"),
    ]


def _of_the_system(exchange: Exchange) -> list[RuleRow]:
    """What the common system changed: odd lots in the auctions, and gathered orders at the close."""
    auctions = [session for session in ("ATO", "ATC") if session in _AUCTIONS[exchange]]
    odd = {"types": ["LO"], "sessions": ["CONTINUOUS"], "first_day": False}
    later = odd | {"sessions": sorted(["CONTINUOUS", *auctions])}
    gathered = {"matching": "collected", "collected_until": "14:55"}
    at_once = {"matching": "at-once"}
    has_plo = exchange is Exchange.HNX
    return [
        *_restricted(exchange),
        _always(RuleSubject.ODD_LOTS, exchange, odd, _BEFORE_SYSTEM),
        _since(KRX, RuleSubject.ODD_LOTS, exchange, later, _SYSTEM),
        _always(RuleSubject.AFTER_HOURS, exchange, at_once, _BEFORE_SYSTEM),
        *([_since(KRX, RuleSubject.AFTER_HOURS, exchange, gathered, f"one broker, {_SYSTEM}")] if has_plo else []),
    ]


def _restricted(exchange: Exchange) -> list[RuleRow]:
    """On HOSE, since the system, one call auction of 15 minutes follows another between those at open and close."""
    ordinary = _TIMETABLES[exchange]
    rows = [_always(RuleSubject.RESTRICTED_TIMETABLE, exchange, ordinary, "as others, [check]")]
    if exchange is Exchange.HOSE:
        auctions = [ordinary[0], *_periodic("09:15", 9), ordinary[2], *_periodic("13:00", 6), ordinary[-1]]
        rows.append(_since(KRX, RuleSubject.RESTRICTED_TIMETABLE, exchange, auctions, _SYSTEM))
    return rows


def _periodic(first: str, count: int) -> list[list[str]]:
    began = int(first[:2]) * 60 + int(first[3:])
    edges = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(began, began + 15 * count + 1, 15)]
    return [["PERIODIC", edges[place], edges[place + 1]] for place in range(count)]


def _ticks() -> list[RuleRow]:
    """HOSE's steps of shares were 100, 500 and 1,000 before 2016-09-12."""
    ladders: list[tuple[Exchange, InstrumentKind | None, list[list[int]], str]] = [
        (Exchange.HOSE, InstrumentKind.ETF, [[0, 10]], _RULES),
        (Exchange.HOSE, InstrumentKind.WARRANT, [[0, 10]], _RULES),
        (Exchange.HOSE, InstrumentKind.STOCK, [[0, 100], [50_000, 500], [100_000, 1_000]], _CLOSES),
        (Exchange.HNX, None, [[0, 100]], _RULES),
        (Exchange.HNX, InstrumentKind.ETF, [[0, 1]], _RULES),
        (Exchange.UPCOM, None, [[0, 100]], _RULES),
        (Exchange.VNFE, None, [[0, 10_000]], f"0.1 index point x 100,000 VND, {_RULES}"),
    ]
    rows = [
        row_of((RuleSubject.TICKS, exchange, kind), FIRST_TRADING_DAY, ladder, source)
        for exchange, kind, ladder, source in ladders
    ]
    today = [[0, 10], [10_000, 50], [50_000, 100]]
    source = f"{_RULES}; {_CLOSES}"
    rows.append(row_of((RuleSubject.TICKS, Exchange.HOSE, InstrumentKind.STOCK), _TICKS_2016, today, source))
    return rows


def _of_the_market() -> list[RuleRow]:
    limits = {"INDIVIDUAL": 5_000, "ORGANISATION": 10_000, "PROFESSIONAL": 20_000}
    evening = {"trading_days": 2, "sellable_from": "16:30"}
    noon = {"trading_days": 2, "sellable_from": "13:00"}
    return [
        _always(RuleSubject.POSITION_LIMITS, None, limits, "clearing house, contracts on VN30 [sure]"),
        _always(
            RuleSubject.SETTLEMENT, None, evening, "clearing house: after the close of T+2 before 2022-08-29 [check]"
        ),
        _since(_T_PLUS_TWO_AT_NOON, RuleSubject.SETTLEMENT, None, noon, "clearing house: 13:00 of T+2 [sure]"),
    ]


@cache
def built_in_history() -> RuleHistory:
    """Every row of this module."""
    boards = (row for exchange in Exchange for row in _rows_of(exchange))
    return RuleHistory([*boards, *_ticks(), *_of_the_market(), *calendar_rows()])


def rule_book_on(day: date) -> RuleBook:
    """The built-in book of a day, for whoever has no rows of his own. Raises LookupError before the first trading day
    of the first exchange."""
    return built_in_history().on(day)


def rows_beyond_the_built_in(history: RuleHistory) -> list[RuleRow]:
    """What makes this history of the built-in one, for keeping: `built_in_history().with_rows(...)` is equal to it."""
    ours = {row.key: row for row in history.rows}
    built_in = {row.key: row for row in built_in_history().rows}
    gone = [replace(row, value="null") for key, row in built_in.items() if key not in ours]
    return [row for key, row in ours.items() if built_in.get(key) != row] + gone
