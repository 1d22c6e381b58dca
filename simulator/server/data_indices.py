"""FC Data REST, DailyIndex: the value and the breadth of an index, day by day."""

from datetime import date, timedelta
from typing import Final, NamedTuple

from qts.domain.market import RuleBook, price_band
from qts.domain.values import Session
from simulator.exchange.history import DailyBar
from simulator.exchange.indices import BASES_CENTIPOINTS, IndexState, index_codes, index_members, index_state
from simulator.exchange.security import Security
from simulator.server.data_history import History
from simulator.server.data_queries import Query, Row, Rows
from simulator.trading_days import day_text
from simulator.wire.market_records import session_code
from simulator.world import World

INDEX_EXCHANGE: Final = "HOSE"
_LOOK_BACK: Final = timedelta(days=20)
_UNFINISHED: Final = frozenset({Session.PRE_OPEN, Session.ATO, Session.CONTINUOUS})


class DailyIndices:
    """Rows of days that are over are kept: they do not change, and each needs the bars of every member."""

    def __init__(self, world: World, history: History) -> None:
        self._world = world
        self._history = history
        self._past: dict[tuple[str, date], Row | None] = {}

    def daily_index(self, query: Query) -> Rows:
        """Newest first, unless `order` or `ascending` asks for the other way."""
        first, last = self._history.range_of(query)
        wanted = (query.get("indexid") or query.get("indexcode") or "").upper()
        codes = index_codes(self._world.exchange.securities.values())
        rows = [row for code in codes if wanted in ("", code.upper()) for row in self._rows(code, first, last)]
        is_ascending = query.get("order", "desc").lower() == "asc" or query.get("ascending", "").lower() == "true"
        return rows if is_ascending else rows[::-1]

    def _rows(self, code: str, first: date, last: date) -> Rows:
        today = self._history.today()
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        past = [day for day in days if day < today]
        if any((code, day) not in self._past for day in past):
            self._compute(code, past)
        rows = [row for day in past if (row := self._past[code, day]) is not None]
        members = self._members(code)
        if last == today and any(one.totals.quantity for one in members):
            rows.append(_today_row(index_state(code, members), members[0].session, today))
        return rows

    def _members(self, code: str) -> list[Security]:
        return index_members(code, self._world.exchange.securities.values())

    def _compute(self, code: str, days: list[date]) -> None:
        """Walks through the days with the last close of each member in hand."""
        members = self._members(code)
        bars_of_day = self._bars_of_day(members, days[0] - _LOOK_BACK, days[-1])
        weight = sum(one.listing.reference_vnd * one.listing.listed_shares for one in members) or 1
        closes: dict[str, int] = {}
        value_before = 0
        for day, bars in sorted(bars_of_day.items()):
            before, closes = closes, closes | {symbol: bar.close_vnd for symbol, bar in bars.items()}
            worth = sum(
                closes.get(one.symbol, one.listing.reference_vnd) * one.listing.listed_shares for one in members
            )
            value = BASES_CENTIPOINTS[code] * worth // weight
            if day in days:
                counts = _counts(members, bars, before, self._world.exchange.history.on(day))
                state = _state(code, bars, counts, (value, value_before or value))
                self._past[code, day] = _row(state, day, "C")
            value_before = value
        for day in days:
            self._past.setdefault((code, day), None)

    def _bars_of_day(self, members: list[Security], first: date, last: date) -> dict[date, dict[str, DailyBar]]:
        found: dict[date, dict[str, DailyBar]] = {}
        for one in members:
            for bar in self._world.store.daily_bars(one.symbol, first, last):
                found.setdefault(bar.day, {})[one.symbol] = bar
        return found


class _Counts(NamedTuple):
    """How many members rose, stayed and fell, and how many closed at a bound of their band."""

    advances: int
    unchanged: int
    declines: int
    ceilings: int
    floors: int


def _counts(
    members: list[Security], bars: dict[str, DailyBar], closes_before: dict[str, int], rules: RuleBook
) -> _Counts:
    moves, ceilings, floors = [], 0, 0
    for one in members:
        bar, before_vnd = bars.get(one.symbol), closes_before.get(one.symbol)
        if bar is None or before_vnd is None:
            continue
        band = price_band(rules, one.listing.instrument.exchange, one.listing.instrument.kind, before_vnd)
        moves.append(bar.close_vnd - before_vnd)
        ceilings += bar.close_vnd >= band.ceiling_vnd
        floors += bar.close_vnd <= band.floor_vnd
    ups, downs = sum(move > 0 for move in moves), sum(move < 0 for move in moves)
    return _Counts(ups, len(moves) - ups - downs, downs, ceilings, floors)


def _state(code: str, bars: dict[str, DailyBar], counts: _Counts, values: tuple[int, int]) -> IndexState:
    return IndexState(
        code=code,
        value_centipoints=values[0],
        prior_centipoints=values[1],
        total_quantity=sum(bar.volume for bar in bars.values()),
        total_value_vnd=sum(bar.value_vnd for bar in bars.values()),
        **counts._asdict(),
    )


def _today_row(state: IndexState, session: Session, today: date) -> Row:
    """Until the closing auction the live service shows the value 0."""
    row = _row(state, today, session_code(session))
    return {**row, "IndexValue": "0"} if session in _UNFINISHED else row


def _row(state: IndexState, day: date, session: str) -> Row:
    change = state.value_centipoints - state.prior_centipoints
    return {
        "IndexId": state.code,
        "IndexValue": f"{state.value_centipoints / 100:.2f}",
        "TradingDate": day_text(day),
        "Time": None,
        "Change": f"{change / 100:.2f}",
        "RatioChange": f"{change * 100 / state.prior_centipoints:.2f}",
        "TotalTrade": "0",
        "TotalMatchVol": str(state.total_quantity),
        "TotalMatchVal": str(state.total_value_vnd),
        "TypeIndex": None,
        "IndexName": state.code,
        "Advances": str(state.advances),
        "NoChanges": str(state.unchanged),
        "Declines": str(state.declines),
        "Ceilings": str(state.ceilings),
        "Floors": str(state.floors),
        "TotalDealVol": "0",
        "TotalDealVal": "0",
        "TotalVol": str(state.total_quantity),
        "TotalVal": str(state.total_value_vnd),
        "TradingSession": session,
    }
