"""The lines at the edges of the screen: state of the connection above, keys below, and what is wrong between them."""

import time
from collections.abc import Callable

from rich.style import Style

from qts.tui import formats, wording
from qts.tui.board_colours import BAD, GOOD, MUTED, WARN
from qts.tui.desk import DATA_AGE_S_LATE, Desk
from qts.tui.feed import Feed, FeedState
from qts.tui.language import _
from qts.tui.lines import Line, Lines
from qts.tui.wire import Replay, Status

PLAIN = Style(color="#e4e8f0")
QUIET = Style(color=MUTED)
PRICED = frozenset({"/ws/markets", "/ws/positions"})  # who shows these, shows prices
KEY = Style(color="#6c9bff", bold=True)
ALARM = Style(color="#ffffff", bgcolor="#a3202a", bold=True)


class Connection:
    """How the feeds stand together, in a word for each moment."""

    def __init__(self, desk: Desk, feeds: Callable[[], dict[str, Feed]]) -> None:
        self._desk = desk
        self._feeds = feeds

    def lost(self) -> list[Feed]:
        return [feed for feed in self._feeds().values() if feed.state is FeedState.LOST]

    def is_ended(self) -> bool:
        return any(feed.state is FeedState.ENDED for feed in self._feeds().values())

    def is_over(self) -> bool:
        """A replay has ended."""
        return any(feed.state is FeedState.OVER for feed in self._feeds().values())

    def word(self, now: float) -> tuple[str, str]:
        """Words and colour."""
        states = {feed.state for feed in self._feeds().values()} - {FeedState.OVER}
        if FeedState.ENDED in states:
            return _("Logged out"), BAD
        if FeedState.LOST in states:
            return _("Not connected"), BAD
        if states - {FeedState.LIVE} or self._desk.status is None:
            return _("Connecting"), WARN
        return _word_of(self._desk.status, self._desk.data_age_s(now))

    def stale_text(self, path: str, now: float) -> str:
        """How old what a socket told is, where it is old; a market that has gone silent counts as well."""
        feed = self._feeds().get(path)
        if feed is None or feed.state is FeedState.IDLE:
            return ""
        if feed.state is not FeedState.LIVE:
            return formats.age(now - feed.heard_at) if feed.heard_at else "…"
        return self._stale_prices(now) if path in PRICED else ""

    def _stale_prices(self, now: float) -> str:
        status, age_s = self._desk.status, self._desk.data_age_s(now)
        if status is None:
            return ""
        is_heard = status.replay is not None or status.stream.state == "connected"
        if age_s is None:
            return "" if is_heard else "…"
        return "" if is_heard and age_s <= DATA_AGE_S_LATE else formats.age(age_s)


def _word_of(status: Status, age_s: float | None) -> tuple[str, str]:
    if status.replay is not None:
        return _("REPLAY"), WARN
    if status.stream.state == "down":
        return _("No data"), BAD
    if status.stream.state != "connected" or age_s is None:
        return _("Reconnecting"), WARN
    return (_("Live"), GOOD) if age_s <= DATA_AGE_S_LATE else (_("Data is late"), WARN)


class StatusBar(Lines):
    """Connection and age of the data, the market's clock, who trades what; always there."""

    DEFAULT_CSS = "StatusBar { background: #0c1017; dock: top; }"

    def __init__(self, desk: Desk, connection: Connection, person: Callable[[], str]) -> None:
        super().__init__(id="status")
        self._desk, self._connection, self._person = desk, connection, person

    def lines(self, width: int) -> list[Line]:
        now = time.monotonic()
        word, colour = self._connection.word(now)
        age_s, market_ms = self._desk.data_age_s(now), self._desk.market_ms(now)
        account = self._desk.account
        line: Line = [
            (" QTS ", Style(bold=True)),
            (f"● {word} ", Style(color=colour, bold=True)),
            (f"{formats.NOTHING if age_s is None else formats.age(age_s)}  ", PLAIN),
        ]
        if market_ms is not None and self._desk.status is not None:
            session = wording.session(self._desk.status.clock.session)
            line.append((f"{formats.clock_of_ms(market_ms)} {session}  ", PLAIN))
        line.append((f"{account.number if account else formats.NOTHING} {self._person()} ", QUIET))
        if self._desk.stops():
            line.append((f" ■ {_('STOPPED')} ", ALARM))
        return [line]


class Banner(Lines):
    """What is wrong, in a sentence; not there when nothing is."""

    DEFAULT_CSS = "Banner { display: none; background: #a3202a; color: #ffffff; text-style: bold; }"

    def __init__(self, desk: Desk, connection: Connection) -> None:
        super().__init__(id="banner")
        self._desk, self._connection = desk, connection

    def lines(self, width: int) -> list[Line]:
        return [[(f" {self._sentence(time.monotonic())}", None)]]

    def show(self) -> None:
        self.display = bool(self._sentence(time.monotonic()))
        self.redraw_if_changed()

    def _sentence(self, now: float) -> str:
        if self._connection.is_ended():
            return _("Your session has ended. Log in again to go on.")
        if self._connection.is_over():
            return _("This replay is over. What you see stands still.")
        if lost := self._connection.lost():
            wait_s = max(1, round(min(feed.retry_at for feed in lost) - now))
            return _("Connection lost; trying again in {seconds} s. What you see is old.").format(seconds=wait_s)
        return self._of_data(now)

    def _of_data(self, now: float) -> str:
        age_s, status = self._desk.data_age_s(now), self._desk.status
        if status is None:
            return ""
        if status.replay is not None:
            return self._of_replay(status.replay, now)
        if status.stream.state == "down" and age_s is not None:
            return _("No market data for {age}: prices are old, orders are refused.").format(age=formats.age(age_s))
        if status.stream.state != "connected" or age_s is None:
            return _("The market data stream is not there. Prices may be old.")
        if age_s > DATA_AGE_S_LATE:
            return _("Market data is {age} old.").format(age=formats.age(age_s))
        return ""

    def _of_replay(self, replay: Replay, now: float) -> str:
        at_ms = self._desk.market_ms(now)
        told = _("REPLAY of {day} {time}, ×{speed}, {state}: nothing can be ordered here.").format(
            day=replay.day,
            time=formats.clock_of_ms(at_ms) if at_ms is not None else formats.NOTHING,
            speed=replay.speed,
            state=wording.replay_state(replay.state),
        )
        if replay.is_silent:
            return f"{told} {_('Nobody plays it just now: the time machine is away.')}"
        return f"{told} {_('Slower than asked for.')}" if replay.is_behind else told


class KeyBar(Lines):
    """The keys that do something here, as many as fit."""

    DEFAULT_CSS = "KeyBar { background: #0c1017; dock: bottom; }"

    def __init__(self, keys: Callable[[], list[tuple[str, str]]]) -> None:
        super().__init__()
        self._keys = keys

    def lines(self, width: int) -> list[Line]:
        line: Line = []
        room = width
        for key, word in self._keys():
            if (room := room - len(key) - len(word) - 3) < 0:
                break
            line += [(f" {key} ", KEY), (f"{word} ", QUIET)]
        return [line]
