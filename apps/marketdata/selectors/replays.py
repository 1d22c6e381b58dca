"""Days that are played again, and what their markets show. The live market is asked elsewhere and knows nothing of it.

All functions raise TransientError while Redis is away.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.conf import settings

from apps.marketdata.selectors.clock import MarketMoment
from apps.marketdata.selectors.gaps import gaps_of_day
from apps.marketdata.selectors.history import bars
from apps.marketdata.selectors.live import indices_at, quotes_at
from apps.marketdata.selectors.rules import rules_at
from apps.marketdata.selectors.types import Bar, Gap, LiveIndex, LiveQuote, TickView
from qts.adapters.bus import decode
from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.time_machine.names import RunNames
from qts.adapters.time_machine.replays import Progress, Replay, Replays, Source, State
from qts.domain.events import BarClosed, TickReceived
from qts.domain.market import MINUTE_MS, session_at
from qts.domain.values import Exchange

REPLAY_MARK: Final = "replay:"  # a market's name is "live", or this and the replay's id
REPORT_AGE_MS_MAX: Final = 1_000  # a player says several times a second where it is
REPLAY_SPEEDS: Final = (1, 2, 5, 10, 20, 30, 60)


@dataclass(frozen=True, slots=True)
class ReplayView:
    """One replay at one moment. `run` changes with each jump; times are the market's, ms since 1970 where they say so.

    `is_silent`: nobody plays it just now, because the time machine is away or has not begun.
    """

    id: str
    owner_id: int
    owner: str
    day: date
    source: Source
    at_ms: int
    begins_ms: int
    until_ms: int
    state: State = State.STARTING
    run: int = 0
    speed: int = 1
    is_behind: bool = False
    is_silent: bool = False
    restarts: int = 0
    detail: str = ""

    @property
    def market(self) -> str:
        """How it is named in addresses, headers and on the socket."""
        return f"{REPLAY_MARK}{self.id}"

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at_ms / 1_000, tz=UTC)

    @property
    def is_ready(self) -> bool:
        """Whether it shows a market yet."""
        return self.run > 0 and not self.state.is_over

    @property
    def is_whole(self) -> bool:
        """Whether every message of the day is there; else its matches alone."""
        return self.source.is_whole

    @property
    def pace(self) -> int:
        """How fast its clock goes at this moment; 0 while it stands."""
        return self.speed if self.state is State.PLAYING and not self.is_silent else 0

    @property
    def moment(self) -> MarketMoment:
        return MarketMoment(self.now, float(self.pace), session_at(rules_at(self.now), Exchange.HOSE, self.now))

    @property
    def percent(self) -> int:
        """Of the day that has been played."""
        length_ms = self.until_ms - self.begins_ms
        return max(0, min(100, 100 * (self.at_ms - self.begins_ms) // length_ms)) if length_ms > 0 else 0

    @property
    def names(self) -> RunNames:
        """Where its market stands in Redis."""
        return RunNames(self.id, self.run)


def replay(replay_id: str) -> ReplayView | None:
    """None for an id that nobody knows, or knows no more."""
    found = Replays(settings.REDIS_URL).get(replay_id)
    return None if found is None else _view(found)


def later(view: ReplayView) -> ReplayView | None:
    """The same replay as it is now; None when nobody knows it any more."""
    told = Replays(settings.REDIS_URL).progress(view.id)
    return None if told is None else replace(view, **_told(told))


def replays() -> list[ReplayView]:
    """Those that are not over, by day and owner."""
    found = [_view(one) for one in Replays(settings.REDIS_URL).all()]
    return sorted(found, key=lambda one: (one.day, one.owner, one.id))


def replay_quotes(view: ReplayView, symbols: Sequence[str]) -> dict[str, LiveQuote]:
    return quotes_at(view.names.latest, symbols, view.day)


def replay_indices(view: ReplayView) -> list[LiveIndex]:
    return indices_at(view.names.latest, view.day)


def replay_ticks(view: ReplayView, symbol: str) -> list[TickView]:
    """The newest matches by then, oldest first."""
    client: Any = redis_client(settings.REDIS_URL)  # its stubs describe the awaiting client too
    with transient_errors():
        bodies = client.lrange(view.names.matches(symbol), 0, -1)
    ticks = [decode(TickReceived.topic, body) for body in bodies]
    return [
        TickView(tick.symbol, tick.ts_exchange_ms, tick.price_vnd, tick.quantity)
        for tick in ticks
        if isinstance(tick, TickReceived)
    ]


def replay_bars(view: ReplayView, symbol: str, limit: int) -> list[Bar]:
    """Stored minutes that were over by then, of earlier days too; oldest first."""
    over = view.now.replace(second=0, microsecond=0)
    return bars(symbol, until=over, limit=limit)


def replay_forming(view: ReplayView, symbols: Sequence[str]) -> dict[str, BarClosed]:
    """The minute that is being built, of each symbol that had a match in it."""
    with transient_errors(), redis_client(settings.REDIS_URL).pipeline(transaction=False) as pipe:
        for symbol in symbols:
            pipe.get(view.names.forming(symbol))
        bodies = pipe.execute()
    found = [decode(BarClosed.topic, body) for body in bodies if body]
    return {bar.symbol: bar for bar in found if isinstance(bar, BarClosed) and bar.ts_start_ms + MINUTE_MS > view.at_ms}


def replay_gaps(view: ReplayView, symbol: str) -> list[Gap]:
    """Those of the recording that had begun by then."""
    return [gap for gap in gaps_of_day(view.day, symbol) if gap.market_from_at <= view.now + timedelta(seconds=1)]


def _view(found: Replay) -> ReplayView:
    spec, told = found.spec, found.progress
    view = ReplayView(
        id=found.id,
        owner_id=spec.owner_id,
        owner=spec.owner,
        day=date.fromisoformat(spec.day),
        source=spec.source,
        at_ms=spec.begin_ms or spec.first_ms,
        begins_ms=spec.first_ms,
        until_ms=spec.until_ms,
    )
    return replace(view, **_told(told))


def _told(told: Progress) -> dict[str, Any]:
    """What a player has not said yet stays as it was asked for; since its last word the clock has gone on."""
    known = {name: getattr(told, name) for name in ("at_ms", "begins_ms", "until_ms") if getattr(told, name)}
    same = {name: getattr(told, name) for name in ("state", "run", "speed", "is_behind", "restarts", "detail")}
    now_ns = time.time_ns()
    if told.state is State.PLAYING and not told.is_behind:
        age_ms = min(max(0, now_ns - told.reported_ns) // 1_000_000, REPORT_AGE_MS_MAX)
        known["at_ms"] = max(told.at_ms, min(told.at_ms + age_ms * told.speed, told.until_ms))
    return known | same | {"is_silent": told.is_silent(now_ns)}
