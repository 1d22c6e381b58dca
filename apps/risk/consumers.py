"""/ws/risk: kill switches and the use of limits."""

import time
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

    async def snapshot(self) -> dict[str, Any]:
        self._is_changed = False
        self._account_ids = await sync_to_async(self.visible_accounts)()
        return await self._read()

    def on_event(self, event: Event) -> None:
        self._is_changed = True

    async def take(self) -> dict[str, Any] | None:
        if not self._is_changed or time.monotonic() - self._read_at < READ_EVERY_S:
            return None
        return await self._read()

    async def _read(self) -> dict[str, Any]:
        self._is_changed = False
        self._read_at = time.monotonic()
        return await sync_to_async(self._state)()

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
                for account_id in self._account_ids
                for use in selectors.limit_use(account_id, now)
            ],
        }


class RiskConsumer(LiveConsumer):
    channels: ClassVar = {"risk": RiskChannel}
