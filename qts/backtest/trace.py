"""What a strategy was asked and what it wanted, in a form in which two days compare as bytes.

Live, replayed and backtested decisions become the same lines: one JSON object each, with sorted keys, in the order of
the moments that asked. Indicators are told to nine significant figures and four decimals, which is what streaming and
batch values are held to; everything else is whole numbers and words.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from qts.domain.market import MINUTE_MS, moment_of, to_vietnam
from qts.domain.strategy import Bar, Book, Context, Fill, Intent, SessionChange, Signal, TargetPosition, Tick, Timer
from qts.domain.values import Session, Side

Event = Bar | Tick | Book | Fill | Timer | SessionChange
Holdings = Mapping[str, tuple[int, int]]  # held and working by symbol

_DECIMALS: Final = 4
_FIGURES: Final = ".9g"


def event_key(event: Event, *, wal_position: str = "", fill_id: str = "") -> str:
    """Its name: of a bar, a timer or a session the same wherever it is told."""
    if isinstance(event, Bar):
        return f"bar:{event.symbol}:{event.ts_start_ms}"
    if isinstance(event, Timer):
        return f"timer:{to_vietnam(moment_of(event.ts_ms)).date()}:{event.minute}"
    if isinstance(event, SessionChange):
        return f"session:{event.exchange}:{event.session}:{event.ts_ms}"
    if isinstance(event, Fill):
        return f"fill:{fill_id}"
    return f"{'tick' if isinstance(event, Tick) else 'book'}:{wal_position}"


def asked_at_ms(event: Event) -> int:
    """The market's moment: of a bar, the end of its minute."""
    if isinstance(event, Bar):
        return event.ts_start_ms + MINUTE_MS
    return event.ts_ms if isinstance(event, Timer | SessionChange) else event.ts_exchange_ms


def event_told(event: Event) -> dict[str, Any]:
    """As a decision keeps it."""
    return {name: str(value) if isinstance(value, Side | Session) else value for name, value in event._asdict().items()}


def intents_acted_on(intents: Sequence[Intent], symbol: str) -> Iterator[tuple[int, Intent]]:
    """With its place in the answer; all signals about one symbol are weighed once, at the place of the first."""
    weighed = set()
    for place, intent in enumerate(intents):
        about = intent.symbol or symbol
        if not isinstance(intent, Signal) or about not in weighed:
            yield place, intent
        if isinstance(intent, Signal):
            weighed.add(about)


def intent_told(intent: Intent) -> dict[str, Any]:
    if isinstance(intent, Signal):
        return {"kind": "signal", **asdict(intent)}
    if isinstance(intent, TargetPosition):
        return {"kind": "target", "quantity": intent.quantity, "signal": intent.signal, "symbol": intent.symbol}
    return {
        "kind": "order",
        "side": str(intent.side),
        "quantity": intent.quantity,
        "order_type": str(intent.order_type),
        "price_vnd": intent.price_vnd,
        "signal": intent.signal,
        "symbol": intent.symbol,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One intent and what it came from. `held` and `working` are of its symbol, when the strategy was asked."""

    key: str
    at_ms: int
    symbol: str
    trigger: Mapping[str, Any]
    indicators: Mapping[str, float]
    intent: Mapping[str, Any]
    held: int | None = None
    working: int | None = None

    @classmethod
    def of(cls, event: Event, context: Context, intent: Intent, *, key: str, number: int = 0) -> Self:
        """`number` is the intent's place in the answer."""
        symbol = intent.symbol or getattr(event, "symbol", "")
        held, working = holdings_seen(event, context).get(symbol, (None, None))
        return cls(
            key=f"{key}:{number}" if number else key,
            at_ms=asked_at_ms(event),
            symbol=symbol,
            trigger=event_told(event),
            indicators=dict(context.indicators),
            intent=intent_told(intent),
            held=held,
            working=working,
        )

    @property
    def name(self) -> str:
        """The key by which it is found on another side: a session is of its minute there."""
        kind, _, rest = self.key.partition(":")
        if kind != "session":
            return self.key
        exchange, session, at_ms, *number = rest.split(":")
        return ":".join([kind, exchange, session, str(_minute_ms(int(at_ms))), *number])

    def line(self) -> str:
        trigger = dict(self.trigger)
        if "session" in trigger:
            trigger["ts_ms"] = _minute_ms(trigger["ts_ms"])
        told = {
            "event": self.name,
            "symbol": self.symbol,
            "trigger": trigger,
            "indicators": {name: figure(value) for name, value in self.indicators.items()},
            "intent": self.intent,
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def figure(value: float) -> str:
    return format(round(value, _DECIMALS) + 0.0, _FIGURES)  # no minus zero


def in_order(decisions: Iterable[Decided]) -> list[Decided]:
    return sorted(decisions, key=lambda one: (one.at_ms, one.name))


def lines(decisions: Iterable[Decided]) -> Iterator[str]:
    return (one.line() for one in in_order(decisions))


def digest(decisions: Iterable[Decided]) -> str:
    """SHA-256 of the lines: equal decisions, equal digest."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines(decisions)).encode()).hexdigest()


def holdings_seen(event: Event, context: Context) -> dict[str, tuple[int, int]]:
    """All that the context says of what is held."""
    seen = {symbol: (state.quantity, state.working_quantity) for symbol, state in context.universe.items()}
    if symbol := getattr(event, "symbol", ""):
        seen[symbol] = (context.quantity, context.working_quantity)
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a strategy saw that its market data does not tell: what it held, what it was worth, its own fills.

    `key` is the question's, `after` the one before it. Only what changed is in `holdings`; `equity_vnd` is None where
    it did not change. `has_begun`: its process is new, remembers nothing from before, and hears of timers that come
    after `clock_ms`. `is_old`: it was not asked, because the news was too old; so it goes on until the next note.
    """

    key: str
    after: str
    at_ms: int
    holdings: Holdings = field(default_factory=dict)
    equity_vnd: int | None = None
    fill: Mapping[str, Any] | None = None
    has_begun: bool = False
    clock_ms: int = 0
    is_old: bool = False


class Witness:
    """Of one strategy in one process, which hears of timers after `clock_ms`; gives a note where what it is shown has
    changed."""

    def __init__(self, clock_ms: int = 0) -> None:
        self._clock_ms = clock_ms
        self._holdings: dict[str, tuple[int, int]] = {}
        self._equity_vnd = 0
        self._last_key = ""
        self._has_begun = self._was_old = False

    def asked(self, key: str, event: Event, context: Context) -> Note | None:
        """Before it is asked."""
        seen = holdings_seen(event, context)
        changed = {symbol: pair for symbol, pair in seen.items() if self._holdings.get(symbol, (0, 0)) != pair}
        equity_vnd = context.equity_vnd if context.equity_vnd != self._equity_vnd else None
        is_fill = isinstance(event, Fill)
        note = None
        if changed or equity_vnd is not None or is_fill or self._was_old or not self._has_begun:
            note = Note(
                key=key,
                after=self._last_key,
                at_ms=asked_at_ms(event),
                holdings=changed,
                equity_vnd=equity_vnd,
                fill=event_told(event) if is_fill else None,
                has_begun=not self._has_begun,
                clock_ms=0 if self._has_begun else self._clock_ms,
            )
        self._holdings |= changed
        self._equity_vnd, self._last_key = context.equity_vnd, key
        self._has_begun, self._was_old = True, False
        return note

    def passed_over(self, key: str, event: Event) -> Note | None:
        """It was not asked: the news was too old."""
        was_old, self._was_old = self._was_old, True
        if was_old:
            return None
        return Note(key=key, after=self._last_key, at_ms=asked_at_ms(event), is_old=True)


def _minute_ms(ts_ms: int) -> int:
    return ts_ms - ts_ms % MINUTE_MS
