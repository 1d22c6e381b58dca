"""/ws/risk: kill switches and the use of limits."""

import time
from collections.abc import Hashable
from typing import Any, ClassVar

from asgiref.sync import sync_to_async

from apps.accounts.consumers import AccountsChannel
from apps.marketdata.selectors import market_now
from apps.risk import selectors
from qts.domain.events import (
    CashChanged,
    Event,
    ExitRequested,
    KillSwitchChanged,
    LimitApproached,
    LimitBreached,
    LimitChanged,
    MarginCalled,
    OrderDenied,
    OrderSubmitted,
    PositionChanged,
)
from qts.web.beats import Beat
from qts.web.consumers import LiveConsumer, topics_of

READ_EVERY_S = 1.0


class RiskChannel(AccountsChannel):
    """{kill_switches: [...], limit_use: [...]}, whole, at most once a second."""

    topics: ClassVar = topics_of(
        [
            KillSwitchChanged,
            LimitChanged,
            LimitApproached,
            LimitBreached,
            MarginCalled,
            ExitRequested,
            OrderSubmitted,
            OrderDenied,
            PositionChanged,
            CashChanged,
        ]
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._is_changed = False
        self._read_at = 0.0

    async def snapshot(self) -> dict[str, Any]:
        return await self.read(None)

    def on_event(self, event: Event) -> None:
        self._is_changed = True

    def news(self, beat: Beat) -> Hashable | None:
        """All tabs of one person are told the same."""
        if not self._is_changed or time.monotonic() - self._read_at < READ_EVERY_S:
            return None
        self._begin_reading()
        return self.user.pk, self.account_ids

    async def read(self, news: object) -> dict[str, Any]:
        self._begin_reading()
        return await sync_to_async(self._state)()

    def _begin_reading(self) -> None:
        self._is_changed = False
        self._read_at = time.monotonic()

    def _state(self) -> dict[str, Any]:
        now = market_now()
        return {
            "kill_switches": [
                {
                    "scope": switch.scope,
                    "is_engaged": switch.is_engaged,
                    "reason": switch.reason,
                    "changed_by": switch.changed_by,
                    "changed_at": switch.changed_at.isoformat(),
                }
                for switch in selectors.visible_kill_switches(self.user)
            ],
            "limit_use": [
                {
                    "account": str(account_id),
                    "code": use.code,
                    "scope": use.scope,
                    "limit": use.limit,
                    "actual": use.actual,
                    "unit": use.unit,
                    "percent": use.percent,
                }
                for account_id in self.account_ids
                for use in selectors.limit_use(account_id, now)
            ],
        }


class RiskConsumer(LiveConsumer):
    channels: ClassVar = {"risk": RiskChannel}
