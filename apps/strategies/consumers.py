"""/ws/signals: strategies and their decisions on the accounts that a user may see."""

from collections.abc import Hashable
from typing import Any, ClassVar

from asgiref.sync import sync_to_async

from apps.accounts.consumers import AccountsChannel
from apps.strategies import selectors
from apps.strategies.serializers import DecisionOut, StrategyOut
from qts.domain.events import Event, OrderProposed, StrategyChanged
from qts.web.beats import Beat
from qts.web.consumers import LiveConsumer, topics_of

DECISIONS_MAX = 50


class SignalsChannel(AccountsChannel):
    """{strategies: [...], decisions: [...]}, newest decision first, whole, when one of them changes.

    A decision that came to no order (nothing to sell, no price) is seen with the next change or on the page.
    """

    topics: ClassVar = topics_of([OrderProposed, StrategyChanged])

    _is_changed = False

    async def snapshot(self) -> dict[str, Any]:
        return await self.read(None)

    def on_event(self, event: Event) -> None:
        self._is_changed = True

    def news(self, beat: Beat) -> Hashable | None:
        if not self._is_changed:
            return None
        self._is_changed = False
        return self.account_ids

    async def read(self, news: object) -> dict[str, Any]:
        return await sync_to_async(self._state)()

    def _state(self) -> dict[str, Any]:
        latest = selectors.decisions(account_ids=list(self.account_ids), limit=DECISIONS_MAX)
        return {
            "strategies": StrategyOut(selectors.strategies(list(self.account_ids)), many=True).data,
            "decisions": DecisionOut(latest, many=True).data,
        }


class SignalsConsumer(LiveConsumer):
    channels: ClassVar = {"signals": SignalsChannel}
