"""The markets that somebody can look at: the live one, and each day that is played again. Looking is all they offer:
what an order needs is asked of the live market alone, elsewhere."""

from collections.abc import Sequence
from typing import Protocol

from apps.marketdata.selectors.clock import MarketMoment, market_moment, market_today
from apps.marketdata.selectors.gaps import gaps_of_day
from apps.marketdata.selectors.history import bars, latest_ticks
from apps.marketdata.selectors.live import live_indices, live_quotes, stream_status
from apps.marketdata.selectors.replays import (
    REPLAY_MARK,
    ReplayView,
    replay,
    replay_bars,
    replay_forming,
    replay_gaps,
    replay_indices,
    replay_quotes,
    replay_ticks,
)
from apps.marketdata.selectors.types import Bar, Gap, LiveIndex, LiveQuote, StreamState, StreamStatus, TickView
from qts.domain.events import BarClosed

LIVE_MARKET = "live"


class Market(Protocol):
    """`replay` is None for the live market."""

    @property
    def replay(self) -> ReplayView | None: ...

    def quotes(self, symbols: Sequence[str]) -> dict[str, LiveQuote]: ...

    def indices(self) -> list[LiveIndex]: ...

    def ticks(self, symbol: str) -> list[TickView]: ...

    def bars(self, symbol: str, limit: int) -> list[Bar]: ...

    def gaps(self, symbol: str) -> list[Gap]: ...

    def forming(self, symbols: Sequence[str]) -> dict[str, BarClosed]: ...

    def moment(self) -> MarketMoment: ...

    def status(self) -> StreamStatus: ...


class LiveMarket:
    replay: ReplayView | None = None

    def quotes(self, symbols: Sequence[str]) -> dict[str, LiveQuote]:
        return live_quotes(symbols)

    def indices(self) -> list[LiveIndex]:
        return live_indices()

    def ticks(self, symbol: str) -> list[TickView]:
        return latest_ticks(symbol, market_today())

    def bars(self, symbol: str, limit: int) -> list[Bar]:
        return bars(symbol, limit=limit)

    def gaps(self, symbol: str) -> list[Gap]:
        return gaps_of_day(market_today(), symbol)

    def forming(self, _symbols: Sequence[str]) -> dict[str, BarClosed]:
        """Nobody keeps it: it grows from the matches that come."""
        return {}

    def moment(self) -> MarketMoment:
        return market_moment()

    def status(self) -> StreamStatus:
        return stream_status()


class ReplayMarket:
    """As it was when the view was taken; one of a later run is another object."""

    def __init__(self, view: ReplayView) -> None:
        self.replay: ReplayView | None = view
        self.view = view

    def quotes(self, symbols: Sequence[str]) -> dict[str, LiveQuote]:
        return replay_quotes(self.view, symbols)

    def indices(self) -> list[LiveIndex]:
        return replay_indices(self.view)

    def ticks(self, symbol: str) -> list[TickView]:
        return replay_ticks(self.view, symbol)

    def bars(self, symbol: str, limit: int) -> list[Bar]:
        return replay_bars(self.view, symbol, limit)

    def gaps(self, symbol: str) -> list[Gap]:
        return replay_gaps(self.view, symbol)

    def forming(self, symbols: Sequence[str]) -> dict[str, BarClosed]:
        return replay_forming(self.view, symbols)

    def moment(self) -> MarketMoment:
        return self.view.moment

    def status(self) -> StreamStatus:
        """Of the player: a replay has no stream that could be late."""
        view = self.view
        state = StreamState.DOWN if view.is_silent or view.state.is_over else StreamState.CONNECTED
        return StreamStatus(state, 0, 0, 0, view.detail)


def market_of(name: str) -> Market | None:
    """By the name that addresses and sockets carry; None for one that is not there, or not any more."""
    if name in {"", LIVE_MARKET}:
        return LiveMarket()
    if not name.startswith(REPLAY_MARK):
        return None
    view = replay(name.removeprefix(REPLAY_MARK))
    return ReplayMarket(view) if view is not None and not view.state.is_over else None
