"""One question to a strategy: the event, when it happened on which clock, and what is told of it with a decision."""

from dataclasses import dataclass

from apps.marketdata import selectors as marketdata
from apps.strategies.services.decisions import Cause
from qts.adapters.sandbox.host import StrategyHost
from qts.adapters.sandbox.messages import Event
from qts.backtest.trace import asked_at_ms, event_told, holdings_seen, intent_told
from qts.domain.market import moment_of
from qts.domain.strategy import Bar, Book, Context, Intent, Tick

PUBLISHED = "published"  # by others than the strategy


@dataclass(frozen=True, slots=True)
class Question:
    """What a strategy is asked, and where it comes from. The symbol is empty for timers and sessions."""

    event: Event
    key: str
    symbol: str = ""
    wal_position: str = ""
    ts_received_ns: int = 0

    @property
    def ts_ms(self) -> int:
        """The market's own time of it; a bar is told when its minute is over."""
        return asked_at_ms(self.event)


def hears(host: StrategyHost, event: Event) -> bool:
    if isinstance(event, Tick):
        return host.wants_ticks
    return host.wants_book if isinstance(event, Book) else True


def cause_of(question: Question, key: str, context: Context, symbol: str, intent: Intent | None = None) -> Cause:
    """Of what it wants of that symbol; no intent where others have published something."""
    held, working = holdings_seen(question.event, context).get(symbol, (0, 0))
    return Cause(
        event_key=key,
        trigger=event_told(question.event),
        indicators=dict(context.indicators),
        indicators_previous=dict(context.previous),
        wal_position=question.wal_position,
        ts_received_ns=question.ts_received_ns,
        held=held,
        working=working,
        at_ms=question.ts_ms,
        intent=intent_told(intent) if intent is not None else {"kind": PUBLISHED},
    )


def news_ms(question: Question) -> int:
    """On the wall clock. A bar is news when its minute is over, however long before that its last match was."""
    received_ms = question.ts_received_ns // 1_000_000
    if not isinstance(question.event, Bar):
        return received_ms
    ended_at = moment_of(question.ts_ms)
    return max(received_ms, round(marketdata.wall_at(ended_at) * 1_000))
