"""The terminal client: it talks REST and WebSocket like any tool outside, and shares no code with the server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

from msgspec import Raw
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from qts.tui import language, preferences, wire
from qts.tui.bars import Connection
from qts.tui.desk import CANCELLABLE, Desk, Part, known
from qts.tui.desk_screen import CSS, PATHS, DeskScreen
from qts.tui.errors import SessionEnded, Trouble
from qts.tui.feed import Feed, FeedState
from qts.tui.language import _
from qts.tui.preferences import Preferences
from qts.tui.screens.dialog import OneLine, Question
from qts.tui.screens.help import Help
from qts.tui.screens.kill import Kill
from qts.tui.screens.log_in import LogIn
from qts.tui.screens.ticket import Ticket
from qts.tui.session import Session

DRAW_EVERY_S = 0.1
HOLDS_EVERY_S = 5.0
SILENCE_S_MAX = 8.0  # the server reports the market's state each second
LOAD_AGAIN_S = 2.0
WATCHED_AT_FIRST = 30
WATCHED_MAX = 200
Answer = TypeVar("Answer")


class Terminal(App[None]):
    """`symbols` is the watchlist of this run; without it the one kept from the last time, or the first securities."""

    TITLE = "QTS"
    ENABLE_COMMAND_PALETTE = False
    CSS = CSS
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (40, "-tall")]
    BINDINGS = [
        Binding("b", "ticket('BUY')", show=False),
        Binding("s", "ticket('SELL')", show=False),
        Binding("c", "cancel", show=False),
        Binding("k", "kill", show=False),
        Binding("a", "next_account", show=False),
        Binding("plus,w", "watch", show=False),
        Binding("minus,x", "unwatch", show=False),
        Binding("l,f2", "switch_language", show=False),
        Binding("r", "reconnect", show=False),
        Binding("question_mark,f1,h", "help", show=False),
        Binding("q,ctrl+q", "leave", show=False, priority=False),
        *(Binding(str(n), f"panel('{name}')", show=False) for n, name in enumerate(PATHS)),
    ]

    def __init__(self, session: Session, kept: Preferences, *, symbols: list[str] | None = None) -> None:
        super().__init__()
        self.session = session
        self.desk = Desk()
        self._kept = kept
        self._wanted = symbols or kept.symbols
        self._watched: list[str] = []
        self._username = ""
        self.feeds: dict[str, Feed] = {}
        self._draw_timer: asyncio.TimerHandle | None = None
        self._drawn_at = 0.0
        self.main = DeskScreen(self.desk, Connection(self.desk, lambda: self.feeds), lambda: self._username)

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self._ask_to_log_in("")
        self.set_interval(HOLDS_EVERY_S, self._load_holds)
        self.set_interval(1.0, self._notice_silence)

    # --- log-in ------------------------------------------------------------------------------------------------------
    def _ask_to_log_in(self, reason: str) -> None:
        if not any(isinstance(screen, LogIn) for screen in self.screen_stack):
            self.push_screen(LogIn(self.session, reason, self._username), self._logged_in)

    def _logged_in(self, username: str | None) -> None:
        if username != self._username:
            self.desk.forget()
        self._username = username or ""
        self.run_worker(self._begin(), group="begin", exclusive=True)

    async def _begin(self) -> None:
        """What is asked once; then the feeds. Tried again while the server is away."""
        while not await self._load():
            await asyncio.sleep(LOAD_AGAIN_S)
            if self.session.person is None:
                return
        self._watch(self._wanted or [*sorted(self._held()), *self.desk.securities][:WATCHED_AT_FIRST])
        if not self.feeds:
            self.feeds = {path: Feed(self.session, path, self._hear, self._feed_told) for path in PATHS.values()}
            for feed in self.feeds.values():
                self.run_worker(feed.run(), group="feeds")
        await self._subscribe()
        for feed in self.feeds.values():
            feed.resume()
        self.main.draw_everything()
        await self._load_holds()

    async def _load(self) -> bool:
        accounts = await self.attempt(self.session.get("accounts/", list[wire.Account]))
        securities = await self.attempt(self.session.get("securities/", list[wire.Security]))
        limits = await self.attempt(self.session.get("limits/", list[wire.Limit]))
        if accounts is None or securities is None or limits is None:
            return False
        self.desk.limit_names = {limit.code: limit for limit in limits}
        self.desk.accounts = accounts
        if self.desk.account is None:
            self.desk.account_id = accounts[0].id if accounts else ""
        self.desk.securities = {security.symbol: security for security in securities}
        return True

    def _held(self) -> set[str]:
        return {row.symbol for row in self.desk.portfolio.positions} if self.desk.portfolio else set()

    async def attempt(self, asked: Awaitable[Answer]) -> Answer | None:
        """The answer; without one, the trouble is told, or the log-in comes back."""
        try:
            return await asked
        except SessionEnded as ended:
            self._ask_to_log_in(ended.sentence)
        except Trouble as trouble:
            self.notify(trouble.sentence, severity="error", markup=False)
        return None

    # --- feeds -------------------------------------------------------------------------------------------------------
    async def _subscribe(self) -> None:
        markets = self.feeds["/ws/markets"]
        await markets.subscribe("status")
        await markets.subscribe("indexes")
        await markets.subscribe("quotes", symbols=self._watched)
        await self.feeds["/ws/orders"].subscribe("orders")
        await self.feeds["/ws/signals"].subscribe("signals")
        await self.feeds["/ws/risk"].subscribe("risk")
        if self.desk.account_id:
            await self.feeds["/ws/positions"].subscribe("positions", accounts=[self.desk.account_id])

    def _hear(self, channel: str, data: Raw, is_snapshot: bool) -> None:
        self.desk.hear(channel, data, is_snapshot)
        if self._draw_timer is None:
            wait_s = max(self._drawn_at + DRAW_EVERY_S - time.monotonic(), 0.0)
            self._draw_timer = asyncio.get_running_loop().call_later(wait_s, self._draw)

    def _draw(self) -> None:
        self._draw_timer = None
        self._drawn_at = time.monotonic()
        self.main.draw()

    def _feed_told(self, feed: Feed) -> None:
        self.main.show_time()
        if feed.state is FeedState.ENDED:
            self._ask_to_log_in(_("Your session has ended. Log in again to go on."))
        if feed.mistake is not None:
            mistake, feed.mistake = feed.mistake, None
            self.notify(mistake.message, severity="error", markup=False)

    async def _notice_silence(self) -> None:
        """A network may go without a word; the socket that should speak each second tells."""
        feed = self.feeds.get("/ws/markets")
        if feed and feed.state is FeedState.LIVE and time.monotonic() - feed.heard_at > SILENCE_S_MAX:
            await self.action_reconnect()

    async def _load_holds(self) -> None:
        if not self.feeds or any(feed.state is not FeedState.LIVE for feed in self.feeds.values()):
            return
        holds = await self.attempt(self.session.get("trading-holds/", list[wire.Hold]))
        if holds is not None and holds != self.desk.holds:
            self.desk.holds = holds
            self.desk.dirty.add(Part.RISK)
            self.main.draw()

    # --- the watchlist -----------------------------------------------------------------------------------------------
    def _watch(self, symbols: list[str]) -> None:
        self._watched = known(symbols, self.desk.securities.__contains__)[:WATCHED_MAX]
        self.main.watch_symbols(self._watched)

    async def _change_watchlist(self, symbols: list[str]) -> None:
        self._watch(symbols)
        self._wanted = self._watched
        await self.feeds["/ws/markets"].subscribe("quotes", symbols=self._watched)
        self._keep(symbols=self._watched)

    def _keep(self, *, symbols: list[str] | None = None) -> None:
        self._kept.language = language.current()
        self._kept.symbols = self._kept.symbols if symbols is None else symbols
        try:
            preferences.save(self._kept)
        except OSError as error:
            self.notify(f"{preferences.path()}: {error.strerror}", severity="warning", markup=False)

    def action_watch(self) -> None:
        def take(typed: str | None) -> None:
            symbol = (typed or "").upper()
            if symbol and symbol not in self.desk.securities:
                self.notify(_("There is no security {symbol}.").format(symbol=symbol), severity="error", markup=False)
            elif symbol:
                self.run_worker(self._change_watchlist([*self._watched, symbol]))
                self.main.board.table.move_to(symbol)

        self._dialog(lambda: self.push_screen(OneLine(_("Watchlist"), _("Symbol")), take))

    async def action_unwatch(self) -> None:
        rest = [symbol for symbol in self._watched if symbol != self.main.symbol]
        if rest and rest != self._watched:
            await self._change_watchlist(rest)

    # --- acts --------------------------------------------------------------------------------------------------------
    def _dialog(self, open_it: Callable[[], object]) -> None:
        """Only from the main screen, and only for somebody who is in."""
        if self.screen is self.main and self.session.person is not None:
            open_it()

    def _is_replay(self) -> bool:
        """Then nothing is ordered, and it is said why."""
        if self.session.market:
            self.notify(
                _("This is a replay: nothing can be ordered here. Start the terminal without --market to trade."),
                severity="warning",
                markup=False,
            )
        return bool(self.session.market)

    def action_ticket(self, side: str) -> None:
        if self._is_replay():
            return

        def sent(order: wire.Order | None) -> None:
            if order is not None:
                self.notify(_("Sent. What becomes of it stands under Orders."), markup=False)
                self.main.choose("orders")

        ticket = Ticket(self.session, self.desk, symbol=self.main.symbol, side=side)
        self._dialog(lambda: self.push_screen(ticket, sent))

    def action_cancel(self) -> None:
        if self._is_replay():
            return
        order = self.main.orders.chosen
        if order is None or order.status not in CANCELLABLE:
            self.notify(_("Choose a working order first (key 1)."), severity="warning", markup=False)
            return

        def answered(is_wanted: bool | None) -> None:
            if is_wanted:
                self.run_worker(self._cancel(order.id))

        text = f"{order.side} {order.quantity:,} {order.symbol} {order.order_type}"
        self._dialog(lambda: self.push_screen(Question(_("Cancel this order?"), text), answered))

    async def _cancel(self, order_id: str) -> None:
        answer = await self.attempt(
            self.session.post(f"orders/{order_id}/cancel/", None, wire.Order, idempotency_key=f"cancel-{uuid4()}")
        )
        if answer is not None:
            self.notify(_("Cancel asked for; fills may still come."), markup=False)

    def action_kill(self) -> None:
        def done(sentence: str | None) -> None:
            if sentence:
                self.notify(sentence, severity="warning", markup=False)
                self.main.choose("risk")

        kill = Kill(self.session, self.desk, symbol=self.main.symbol)
        self._dialog(lambda: self.push_screen(kill, done))

    async def action_next_account(self) -> None:
        ids = [account.id for account in self.desk.accounts]
        if len(ids) < 2:
            return
        self.desk.account_id = ids[(ids.index(self.desk.account_id) + 1) % len(ids)]
        self.desk.portfolio = None
        await self.feeds["/ws/positions"].subscribe("positions", accounts=[self.desk.account_id])
        self.main.draw_everything()

    def action_panel(self, name: str) -> None:
        self.main.choose(name)

    def action_help(self) -> None:
        self.push_screen(Help())

    def action_switch_language(self) -> None:
        language.use(language.other())
        self._keep()
        self.main.draw_everything()

    async def action_reconnect(self) -> None:
        for feed in self.feeds.values():
            await feed.reopen()

    async def action_leave(self) -> None:
        """Logs out where the server can be asked."""
        try:
            await self.session.log_out()
        except Trouble as trouble:
            self.log(f"not logged out: {trouble}")
        self.exit()
