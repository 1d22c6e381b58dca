"""The latest state of the market, as the stream reader keeps it in Redis.

A hash per symbol holds the last event of each kind as the JSON that also went to the bus. Everything is read in one
pipeline. Messages of an earlier trading day do not count: yesterday's last price is not today's. On a day without
trading the board shows the last day that had some; the gate never does.
All functions raise TransientError while Redis is away.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings

from apps.marketdata.selectors.clock import board_day, day_bounds_ms, market_today, trading_calendar
from apps.marketdata.selectors.reference import references, security
from apps.marketdata.selectors.rules import rules_at
from apps.marketdata.selectors.types import (
    LiveIndex,
    LiveQuote,
    MarketState,
    OddLotBook,
    SecurityView,
    StreamState,
    StreamStatus,
    ToldVolume,
)
from qts.adapters.bus import decode
from qts.adapters.latest_state import FIELD_OF, LIVE_PREFIX, indices_key
from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.ssi.codec import TRADABLE_STATUSES
from qts.domain.events import (
    BarClosed,
    Event,
    ForeignRoomUpdated,
    IndexUpdated,
    OddLotUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)
from qts.domain.market import Band, session_at, to_vietnam
from qts.domain.values import Session

STREAM_KEY: Final = f"{LIVE_PREFIX}stream"
SUSPECTS_KEY: Final = f"{LIVE_PREFIX}suspects"
# of the board: odd lots make no price, and their sessions are their own
TOPIC_OF: Final = {field.encode(): topic for topic, field in FIELD_OF.items() if topic != OddLotUpdated.topic}
WARNED_STATUSES: Final = frozenset({"ND"})  # about to be delisted, by the broker's table of states
REPORT_AGE_MS_MAX: Final = 5_000  # the reader reports each second; silence of this length means that there is none


def market_topics() -> tuple[str, ...]:
    """The bus topics that a live view of the market follows."""
    return (
        QuoteUpdated.topic,
        OrderBookUpdated.topic,
        SessionChanged.topic,
        IndexUpdated.topic,
        ForeignRoomUpdated.topic,
        TickReceived.topic,
        BarClosed.topic,
    )


def live_quotes(symbols: Sequence[str]) -> dict[str, LiveQuote]:
    """The latest of each symbol on the board's day: one pipeline, and a query for symbols without a quote."""
    return quotes_at(LIVE_PREFIX, symbols, board_day())


def quotes_at(prefix: str, symbols: Sequence[str], day: date) -> dict[str, LiveQuote]:
    """The same of a market whose latest state stands elsewhere."""
    answers = _read(lambda pipe: [pipe.hgetall(prefix + symbol) for symbol in symbols])
    events = {symbol: _events_of(answer, day) for symbol, answer in zip(symbols, answers, strict=True)}
    return _quotes(events, day)


def odd_lot_book(symbol: str) -> OddLotBook | None:
    """The board of odd lots on the board's day; None before it was told anything of."""
    [body] = _read(lambda pipe: [pipe.hget(LIVE_PREFIX + symbol, FIELD_OF[OddLotUpdated.topic])])
    told = _of_day(OddLotUpdated.topic, body, board_day()) if body else None
    return OddLotBook(**{name: getattr(told, name) for name in OddLotBook.__dataclass_fields__}) if told else None


def told_volumes(symbols: Collection[str]) -> dict[str, ToldVolume]:
    """The volume of today by the last quote; a symbol without one today is left out."""
    asked, day = sorted(symbols), market_today()
    bodies = _read(lambda pipe: [pipe.hget(LIVE_PREFIX + symbol, "quote") for symbol in asked])
    quotes = [_of_day(QuoteUpdated.topic, body, day) for body in bodies if body]
    return {
        quote.symbol: ToldVolume(quote.total_quantity, quote.wal_position)
        for quote in quotes
        if isinstance(quote, QuoteUpdated)
    }


def is_suspect(symbol: str) -> bool:
    """Whether matches of it are missing and no gap says so yet: it takes a second to be sure."""
    [found] = _read(lambda pipe: [pipe.hexists(SUSPECTS_KEY, symbol)])
    return bool(found)


def marks_vnd(symbols: Sequence[str]) -> dict[str, int]:
    """Last price of today, else the reference; a symbol with neither is left out."""
    quotes = live_quotes(symbols)
    return {symbol: mark for symbol, quote in quotes.items() if (mark := quote.last_vnd or quote.reference_vnd)}


def market_state(symbol: str, now: datetime) -> MarketState | None:
    """What an order needs to know of its symbol at market time `now`; None for a symbol that is not listed."""
    return market_and_quotes(symbol, (), now)[0]


def market_and_quotes(
    symbol: str, others: Collection[str], now: datetime
) -> tuple[MarketState | None, dict[str, LiveQuote]]:
    """The gate's look: the symbol as `market_state` tells it and today's quotes of `others`, in one pipeline."""
    known, today, asked = security(symbol), to_vietnam(now).date(), sorted({symbol, *others})
    *answers, stream = _read(
        lambda pipe: [*(pipe.hgetall(LIVE_PREFIX + one) for one in asked), pipe.hgetall(STREAM_KEY)]
    )
    events = {one: _events_of(answer, today) for one, answer in zip(asked, answers, strict=True)}
    quotes = _quotes(events, today)
    state = None if known is None or not known.is_active else _state(known, quotes[symbol], stream, now)
    return state, {one: quotes[one] for one in others}


def _state(known: SecurityView, quote: LiveQuote, stream: Mapping[bytes, bytes], now: datetime) -> MarketState:
    wall_ns = time.time_ns()
    session = _session(known, quote, now)
    return MarketState(
        instrument=known.instrument,
        rules=rules_at(now),
        reference_vnd=quote.reference_vnd,
        band=Band(ceiling_vnd=quote.ceiling_vnd, floor_vnd=quote.floor_vnd),
        last_vnd=quote.last_vnd,
        mark_vnd=quote.last_vnd or quote.reference_vnd,
        best_bid_vnd=_best_price(quote.bids),
        best_ask_vnd=_best_price(quote.asks),
        session=session or Session.HALT,
        is_tradable=session not in {None, Session.HALT} and (not quote.status or quote.status in TRADABLE_STATUSES),
        is_warned=quote.status in WARNED_STATUSES,
        quote_age_ms=_age_ms(quote.ts_received_ns, wall_ns),
        stream_age_ms=_age_ms(_stream_status(stream, wall_ns).last_frame_ns, wall_ns),
        average_vnd=quote.average_vnd,
        day_volume=quote.total_quantity,
        listed_quantity=known.listed_quantity,
        foreign_room_left=quote.foreign_room_left if quote.foreign_room_total else None,
        told_on=known.told_on,
    )


def live_indices() -> list[LiveIndex]:
    """Every index heard of on the board's day, in the order of its code."""
    return indices_at(LIVE_PREFIX, board_day())


def indices_at(prefix: str, day: date) -> list[LiveIndex]:
    """The same of a market whose latest state stands elsewhere."""
    with transient_errors():
        found = _client().hgetall(indices_key(prefix))
    events = [_of_day(IndexUpdated.topic, body, day) for _, body in sorted(found.items())]
    return [_index(event) for event in events if event is not None]


def stream_status() -> StreamStatus:
    with transient_errors():
        return _stream_status(_client().hgetall(STREAM_KEY), time.time_ns())


def _client() -> Any:
    return redis_client(settings.REDIS_URL)


def _read(ask: Callable[[Any], Iterable[Any]]) -> list[Any]:
    with transient_errors(), _client().pipeline(transaction=False) as pipe:
        ask(pipe)
        answers: list[Any] = pipe.execute()
        return answers


def _events_of(fields: Mapping[bytes, bytes], day: date) -> dict[str, Event]:
    return {
        field.decode(): event
        for field, body in fields.items()
        if field in TOPIC_OF and (event := _of_day(TOPIC_OF[field], body, day)) is not None
    }


def _of_day(topic: str, body: bytes, day: date) -> Any:
    """The event of a stored body, None when it belongs to another trading day."""
    event: Any = decode(topic, body)
    first_ms, last_ms = day_bounds_ms(day)
    return event if first_ms <= event.ts_exchange_ms <= last_ms else None


def _quotes(events: Mapping[str, Mapping[str, Event]], day: date) -> dict[str, LiveQuote]:
    without = [symbol for symbol, found in events.items() if "quote" not in found]
    stored = references(without, day) if without else {}
    return {symbol: _quote(symbol, found, stored.get(symbol, (0, 0, 0))) for symbol, found in events.items()}


def _quote(symbol: str, found: Mapping[str, Any], stored: tuple[int, int, int]) -> LiveQuote:
    fields: dict[str, Any] = dict(zip(("reference_vnd", "ceiling_vnd", "floor_vnd"), stored, strict=True))
    if quote := found.get("quote"):
        fields = {
            name: getattr(quote, name)
            for name in (
                "reference_vnd", "ceiling_vnd", "floor_vnd", "last_vnd", "last_quantity", "total_quantity",
                "total_value_vnd", "high_vnd", "low_vnd", "average_vnd", "estimated_match_vnd", "aggressor", "status",
            )
        }  # fmt: skip
    if book := found.get("book"):
        fields |= {"bids": book.bids, "asks": book.asks}
    if room := found.get("room"):
        fields |= {
            "foreign_room_total": room.room_total,
            "foreign_room_left": room.room_left,
            "foreign_bought_quantity": room.bought_quantity,
            "foreign_sold_quantity": room.sold_quantity,
        }
    if state := found.get("session"):
        fields["status"] = state.status
    newest = sorted(found.values(), key=lambda event: (event.ts_exchange_ms, event.ts_received_ns))
    if newest:
        fields |= {"ts_exchange_ms": newest[-1].ts_exchange_ms, "ts_received_ns": newest[-1].ts_received_ns}
    fields["session"] = next((event.session for event in reversed(newest) if getattr(event, "session", "")), "")
    return LiveQuote(symbol=symbol, **fields)


def _session(known: SecurityView, quote: LiveQuote, now: datetime) -> Session | None:
    """The exchange's own word where it gave one today, else its schedule; None for a code that we do not know."""
    if quote.session:
        return Session(quote.session) if quote.session in Session.__members__.values() else None
    if not trading_calendar().is_trading_day(to_vietnam(now).date()):
        return Session.CLOSED
    return session_at(rules_at(now), known.exchange, now)


def _best_price(levels: Sequence[tuple[int, int]]) -> int:
    """Price of the best level that has one: level 1 at price 0 is the volume of at-the-auction orders."""
    return next((price for price, _ in levels if price), 0)


def _age_ms(then_ns: int, now_ns: int) -> int | None:
    return max(0, now_ns - then_ns) // 1_000_000 if then_ns else None


def _index(event: IndexUpdated) -> LiveIndex:
    return LiveIndex(**{name: getattr(event, name) for name in LiveIndex.__dataclass_fields__})


def _stream_status(fields: Mapping[bytes, bytes], wall_ns: int) -> StreamStatus:
    if not fields:
        return StreamStatus(StreamState.DOWN, 0, 0, None, "no stream reader has reported yet")
    last_frame_ns = int(fields.get(b"last_frame_ns", 0))
    since_ns, reported_ns = int(fields.get(b"since_ns", 0)), int(fields.get(b"reported_ns", 0))
    state, detail = StreamState(fields[b"state"].decode()), fields.get(b"detail", b"").decode()
    if wall_ns - reported_ns > REPORT_AGE_MS_MAX * 1_000_000:
        state, since_ns, detail = StreamState.DOWN, reported_ns, "the stream reader has stopped reporting"
    return StreamStatus(state, last_frame_ns, since_ns, _age_ms(last_frame_ns, wall_ns), detail)
