"""/ws/positions: an account's positions, cash and profit at live marks. Money in whole VND."""

import time
from typing import Any, ClassVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model

from apps.accounts import selectors
from apps.accounts.selectors import PortfolioView
from apps.marketdata.selectors import market_now
from qts.domain.events import CashChanged, Event, PositionChanged, QuoteUpdated
from qts.web.consumers import LiveChannel, LiveConsumer, RefusedSubscription, topics_of

MARKS_EVERY_S = 1.0  # a portfolio is read again for new marks at most this often, for a fill at once


class AccountsChannel(LiveChannel):
    """A channel about accounts: those asked for, or all that the user may see."""

    def visible_accounts(self) -> list[UUID]:
        """Somebody else's account does not exist for this user."""
        self._shown = self._visible(self.user)
        return self._shown

    async def is_still_allowed(self) -> bool:
        """With the user's roles and memberships as they are now."""
        return await sync_to_async(self._is_still_allowed)()

    def _is_still_allowed(self) -> bool:
        user = get_user_model().objects.get(pk=self.user.pk)
        try:
            return set(self._visible(user)) == set(self._shown)
        except RefusedSubscription:
            return False

    def _visible(self, user: Any) -> list[UUID]:
        mine = {str(account.id): account.id for account in selectors.accounts_of(user)}
        unknown = [account_id for account_id in self.request.accounts if account_id not in mine]
        if unknown:
            raise RefusedSubscription("ACCOUNT_NOT_FOUND", f"No such account: {', '.join(unknown[:5])}.")
        return [mine[account_id] for account_id in self.request.accounts] or list(mine.values())


class PositionsChannel(AccountsChannel):
    """The portfolio of one account (the first one unless named), whole, whenever it or one of its marks changes."""

    topics: ClassVar = topics_of([PositionChanged, CashChanged, QuoteUpdated])

    async def snapshot(self) -> dict[str, Any]:
        self._is_booked = self._is_marked = False
        account_ids = await sync_to_async(self.visible_accounts)()
        if not account_ids or len(self.request.accounts) > 1:
            raise RefusedSubscription("ONE_ACCOUNT", "Subscribe to the positions of one account at a time.")
        self._account_id = account_ids[0]
        return await self._read()

    def on_event(self, event: Event) -> None:
        if isinstance(event, QuoteUpdated):
            self._is_marked = self._is_marked or event.symbol in getattr(self, "_held", ())
        elif event.key == str(getattr(self, "_account_id", "")):
            self._is_booked = True

    async def take(self) -> dict[str, Any] | None:
        is_due = self._is_marked and time.monotonic() - self._read_at >= MARKS_EVERY_S
        return await self._read() if self._is_booked or is_due else None

    async def _read(self) -> dict[str, Any]:
        self._is_booked = self._is_marked = False
        self._read_at = time.monotonic()
        view = await sync_to_async(lambda: selectors.portfolio(self._account_id, market_now()))()
        self._held = {position.symbol for position in view.positions if position.quantity}
        return portfolio_out(view)


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
