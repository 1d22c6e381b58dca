"""/ws/positions: an account's positions, cash and profit at live marks. Money in whole VND."""

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
from qts.web.live_feed import live_feed


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
        return [mine[account_id] for account_id in self.request.accounts] or list(mine.values())


class LivePortfolios:
    """The accounts that sockets of one pace look at: read from the books once, then moved on by each price."""

    def __init__(self) -> None:
        self._known: dict[UUID, LivePortfolio] = {}
        self._meanwhile: dict[UUID, dict[str, LiveQuote]] = {}

    def symbols(self, account_id: UUID) -> frozenset[str]:
        """Those whose prices it needs, by its last read."""
        return self._known[account_id].symbols

    def hear(self, account_id: UUID, quote: LiveQuote) -> None:
        """As often as there are sockets: a price that is known moves nothing."""
        if (live := self._known.get(account_id)) is not None:
            live.hear(quote)
        if (missed := self._meanwhile.get(account_id)) is not None:
            missed[quote.symbol] = quote

    def view(self, account_id: UUID) -> PortfolioView:
        return self._known[account_id].view()

    async def read(self, account_id: UUID) -> PortfolioView:
        """From the books; what the market says meanwhile is heard afterwards."""
        self._meanwhile[account_id] = {}
        live = await sync_to_async(lambda: selectors.live_portfolio(account_id, market_now()))()
        for quote in self._meanwhile.pop(account_id, {}).values():
            live.hear(quote)
        self._known[account_id] = live
        return live.view()


class PositionsChannel(AccountsChannel):
    """The portfolio of one account (the first one unless named), whole, whenever it or one of its marks changes. A
    booking reads the books again, a price moves what was read by one step."""

    topics: ClassVar = topics_of([PositionChanged, CashChanged])
    marks: ClassVar = topics_of([QuoteUpdated])

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._followed: frozenset[str] = frozenset()
        self._is_booked = self._is_marked = False

    async def open(self, beat: Beat) -> None:
        await super().open(beat)
        if not self.account_ids or len(self.request.accounts) > 1:
            raise RefusedSubscription("ONE_ACCOUNT", "Subscribe to the positions of one account at a time.")
        self._account_id = self.account_ids[0]
        self._live = beat.shared(LivePortfolios)

    def close(self) -> None:
        super().close()
        live_feed().detach(self.marks, self.on_event, self._followed)

    async def snapshot(self) -> dict[str, Any]:
        data = await self.read((self._account_id, True))
        self._follow_marks()
        return data

    def on_event(self, event: Event) -> None:
        if isinstance(event, QuoteUpdated):
            self._live.hear(self._account_id, quote_of(event))
            self._is_marked = True
        elif self.account_ids and event.key == str(self.account_ids[0]):
            self._is_booked = True

    def news(self, beat: Beat) -> Hashable | None:
        self._follow_marks()
        if not self._is_booked and not self._is_marked:
            return None
        found = (self._account_id, self._is_booked)
        self._is_booked = self._is_marked = False
        return found

    async def read(self, news: tuple[UUID, bool]) -> dict[str, Any]:
        account_id, is_booked = news
        view = await self._live.read(account_id) if is_booked else self._live.view(account_id)
        return portfolio_out(view)

    def _follow_marks(self) -> None:
        """Another socket's read may have found what this account holds now. Between that read and now a price may have
        come that nobody listened for, so the books are read once more."""
        held = self._live.symbols(self._account_id)
        if held != self._followed:
            live_feed().detach(self.marks, self.on_event, self._followed)
            live_feed().attach(self.marks, self.on_event, held)
            self._followed, self._is_booked = held, True


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
    }
