"""/ws/positions: an account's positions, cash and profit at live marks. Money in whole VND."""

from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import Any, ClassVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model

from apps.accounts import selectors
from apps.accounts.selectors import LivePortfolio, PortfolioView
from apps.marketdata.selectors import LiveQuote, market_now
from qts.domain.events import CashChanged, Event, PositionChanged, QuoteUpdated
from qts.web.beats import Beat
from qts.web.consumers import LiveChannel, LiveConsumer, RefusedSubscription, topics_of
from qts.web.live_feed import LiveFeed


class AccountsChannel(LiveChannel):
    """A channel about accounts: those asked for, or all that the user may see."""

    account_ids: tuple[UUID, ...] = ()

    async def open(self, beat: Beat) -> None:
        """Somebody else's account does not exist for this user."""
        self.account_ids = tuple(await sync_to_async(self._visible)(self.user))
        self._keys = frozenset(str(account_id) for account_id in self.account_ids)
        await super().open(beat)

    def is_mine(self, event: Event) -> bool:
        """For events that tell their account."""
        return getattr(event, "account_id", None) in self._keys

    async def is_still_allowed(self) -> bool:
        """With the user's roles and memberships as they are now."""
        return await sync_to_async(self._is_still_allowed)()

    def _is_still_allowed(self) -> bool:
        user = get_user_model().objects.get(pk=self.user.pk)
        try:
            return set(self._visible(user)) == set(self.account_ids)
        except RefusedSubscription:
            return False

    def _visible(self, user: Any) -> list[UUID]:
        mine = {str(account.id): account.id for account in selectors.accounts_of(user)}
        unknown = [account_id for account_id in self.request.accounts if account_id not in mine]
        if unknown:
            raise RefusedSubscription("ACCOUNT_NOT_FOUND", f"No such account: {', '.join(unknown[:5])}.")
        return [mine[account_id] for account_id in dict.fromkeys(self.request.accounts)] or list(mine.values())


class LivePortfolios:
    """The accounts that sockets of one pace look at: read from the books once, then moved on by prices.

    It listens once, however many sockets there are, and keeps the newest price of a symbol until somebody looks: each
    account is moved once by each symbol and beat.
    """

    marks: ClassVar = topics_of([QuoteUpdated])

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._sockets: Counter[UUID] = Counter()
        self._known: dict[UUID, LivePortfolio] = {}
        self._holders: dict[str, set[UUID]] = {}
        self._heard: dict[str, QuoteUpdated] = {}
        self._meanwhile: dict[UUID, list[dict[str, LiveQuote]]] = defaultdict(list)
        self._versions: Counter[UUID] = Counter()
        self._stale: set[UUID] = set()

    def join(self, account_id: UUID) -> None:
        self._sockets[account_id] += 1

    def leave(self, account_id: UUID) -> None:
        """Behind the last socket of an account nothing is left."""
        self._sockets[account_id] -= 1
        if not self._sockets[account_id]:
            del self._sockets[account_id]
            self._follow(account_id, frozenset())
            self._known.pop(account_id, None)
            self._versions.pop(account_id, None)
            self._stale.discard(account_id)

    def on_quote(self, event: Event) -> None:
        if not isinstance(event, QuoteUpdated):
            return
        known = self._heard.get(event.symbol)
        if known is None or known.ts_received_ns <= event.ts_received_ns:
            self._heard[event.symbol] = event

    def version(self, account_id: UUID) -> int:
        """Another one whenever something was heard of what the account holds."""
        heard, self._heard = self._heard, {}
        for symbol, event in heard.items():
            quote = quote_of(event)
            for holder in self._holders.get(symbol, ()):
                self._known[holder].hear(quote)
                self._versions[holder] += 1
                for missed in self._meanwhile.get(holder, ()):
                    missed[symbol] = quote
        return self._versions[account_id]

    def is_stale(self, account_id: UUID) -> bool:
        """Whether a price may have come that nobody listened for: between a read of the books and what it found."""
        return account_id in self._stale

    def view(self, account_id: UUID) -> PortfolioView | None:
        """None behind the last socket of the account."""
        live = self._known.get(account_id)
        return live.view() if live else None

    async def read(self, account_id: UUID) -> PortfolioView:
        """From the books; what the market says meanwhile is heard afterwards."""
        missed: dict[str, LiveQuote] = {}
        self._meanwhile[account_id].append(missed)
        try:
            live = await sync_to_async(lambda: selectors.live_portfolio(account_id, market_now()))()
            self.version(account_id)
        finally:
            self._meanwhile[account_id].remove(missed)
        for quote in missed.values():
            live.hear(quote)
        if self._sockets[account_id]:
            self._keep(account_id, live)
        return live.view()

    def _keep(self, account_id: UUID, live: LivePortfolio) -> None:
        self._known[account_id] = live
        is_new = self._follow(account_id, live.symbols)
        (self._stale.add if is_new else self._stale.discard)(account_id)

    def _follow(self, account_id: UUID, symbols: frozenset[str]) -> bool:
        """Whether there are some whose prices nobody told this account before."""
        before = {symbol for symbol, holders in self._holders.items() if account_id in holders}
        for symbol in before - symbols:
            self._holders[symbol].discard(account_id)
            if not self._holders[symbol]:
                del self._holders[symbol]
                self._feed.detach(self.marks, self.on_quote, [symbol])
        for symbol in symbols - before:
            if symbol not in self._holders:
                self._holders[symbol] = set()
                self._feed.attach(self.marks, self.on_quote, [symbol])
            self._holders[symbol].add(account_id)
        return bool(symbols - before)


class PositionsChannel(AccountsChannel):
    """The portfolio of one account (the first one unless named), whole, whenever it or one of its marks changes. A
    booking reads the books again, a price moves what was read by one step."""

    topics: ClassVar = topics_of([PositionChanged, CashChanged])

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._has_joined = self._is_booked = False
        self._told_version = 0

    async def open(self, beat: Beat) -> None:
        await super().open(beat)
        if not self.account_ids or len(self.request.accounts) > 1:
            raise RefusedSubscription("ONE_ACCOUNT", "Subscribe to the positions of one account at a time.")
        self._account_id = self.account_ids[0]
        self._live = beat.shared(LivePortfolios, beat.feed)
        self._live.join(self._account_id)
        self._has_joined = True

    def close(self) -> None:
        super().close()
        if self._has_joined:
            self._live.leave(self._account_id)
            self._has_joined = False

    async def snapshot(self) -> dict[str, Any]:
        self._told_version = self._live.version(self._account_id)
        return portfolio_out(await self._live.read(self._account_id))

    def on_event(self, event: Event) -> None:
        if self.account_ids and event.key == str(self.account_ids[0]):
            self._is_booked = True

    def news(self, beat: Beat) -> Hashable | None:
        version = self._live.version(self._account_id)
        is_booked = self._is_booked or self._live.is_stale(self._account_id)
        if not is_booked and version == self._told_version:
            return None
        self._is_booked, self._told_version = False, version
        return (self._account_id, is_booked, version)

    async def read(self, news: tuple[UUID, bool, int]) -> dict[str, Any] | None:
        account_id, is_booked, _version = news
        view = await self._live.read(account_id) if is_booked else self._live.view(account_id)
        return portfolio_out(view) if view else None


def quote_of(event: QuoteUpdated) -> LiveQuote:
    """What a portfolio needs of it."""
    reference_vnd, last_vnd = event.reference_vnd, event.last_vnd
    return LiveQuote(event.symbol, reference_vnd, last_vnd=last_vnd, ts_received_ns=event.ts_received_ns)


class PositionsConsumer(LiveConsumer):
    channels: ClassVar = {"positions": PositionsChannel}


def portfolio_out(view: PortfolioView) -> dict[str, Any]:
    """A value that is not known (a held symbol without a price) is null, never 0."""
    return {
        "account": str(view.account.id),
        "cash_settled": view.state.cash_settled_vnd,
        "cash_pending": view.state.cash_pending_vnd,
        "reserved": view.state.reserved_vnd,
        "buying_power": view.state.buying_power_vnd,
        "market_value": view.market_value_vnd,
        "equity": view.equity_vnd,
        "unrealised": view.unrealised_pnl_vnd,
        "realised_today": view.state.realised_today_vnd,
        "day_pnl": view.day_pnl_vnd,
        "positions": [
            {
                "symbol": position.symbol,
                "quantity": position.quantity,
                "sellable": position.sellable_quantity,
                "cost_total": position.cost_total_vnd,
                "mark": position.mark_vnd,
                "market_value": position.market_value_vnd,
                "unrealised": position.unrealised_pnl_vnd,
                "realised": position.realised_pnl_vnd,
            }
            for position in view.positions
        ],
        "contracts": [
            {
                "symbol": one.symbol,
                "net": one.net,
                "cost": one.cost_vnd,
                "due": one.due_vnd,
                "realised": one.realised_pnl_vnd,
                "mark": one.mark_vnd,
                "floating": one.floating_vnd,
            }
            for one in view.contracts
        ],
    }
