"""Prices that move, and what QTS keeps until they do."""

import time
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint
from apps.orders import services
from apps.orders.models import ConditionalLeg, ConditionalOrder, Order
from apps.orders.services.conditional_watch import ConditionalDesk
from apps.orders.tests.conftest import MORNING, STRATEGY, ms, quote
from qts.adapters.bus import encode
from qts.domain.events import TickReceived
from qts.domain.orders.conditional import ConditionalKind, ConditionalTerms
from qts.domain.values import Side

TODAY = date(2026, 11, 23)


class Watch:
    """A watcher that looks when it is told to; prices are shown on the live state, matches are given by hand."""

    def __init__(self, desk: Any, live: Any) -> None:
        self._desk, self._live = desk, live
        self._watcher = ConditionalDesk()

    def price(self, last_vnd: int, *, now: datetime = MORNING, session: str = "CONTINUOUS", look: bool = True) -> int:
        """How many orders went out at that price."""
        shown = replace(quote(now), last_vnd=last_vnd, session=session)
        self._live.write([encode(shown)], Checkpoint("0:0", 0))
        return self.look(now) if look else 0

    def look(self, now: datetime = MORNING) -> int:
        return self._watcher.refresh(now)

    def tick(self, price_vnd: int, *, now: datetime = MORNING, age_s: float = 0.0) -> int:
        return self._watcher.on_tick(self.match(price_vnd, now=now, age_s=age_s), now)

    def match(self, price_vnd: int, *, now: datetime = MORNING, age_s: float = 0.0) -> TickReceived:
        received_ns = time.time_ns() - round(age_s * 1e9)
        return TickReceived(
            symbol="SSI", price_vnd=price_vnd, quantity=100, ts_exchange_ms=ms(now), ts_received_ns=received_ns,
            wal_position="0:0",
        )  # fmt: skip

    def restart(self) -> None:
        self._watcher = ConditionalDesk()

    def stream(self, *, silent_for_s: float = 0.0) -> None:
        now_ns = time.time_ns()
        heard_ns = now_ns - round(silent_for_s * 1e9)
        self._live.report(StreamState.CONNECTED, since_ns=heard_ns, reported_ns=now_ns, last_frame_ns=heard_ns)

    def place(self, kind: str, *, actor: Any = STRATEGY, now: datetime = MORNING, name: str = "", **given: Any) -> Any:
        terms: dict[str, Any] = {"side": Side.SELL, "quantity": 300, "valid_until": TODAY} | given
        name = name or f"c-{ConditionalOrder.objects.count()}"
        asked = ConditionalTerms(kind=ConditionalKind(kind), symbol="SSI", client_order_id=name, **terms)
        return services.place_conditional(account_id=self._desk.account_id, terms=asked, actor=actor, now=now)

    def states(self) -> list[str]:
        """Of the legs, as they were made."""
        rows = ConditionalLeg.objects.order_by("conditional__recorded_at", "number")
        return [f"{role} {state}" for role, state in rows.values_list("role", "state")]

    def statuses(self) -> list[str]:
        return list(ConditionalOrder.objects.order_by("recorded_at").values_list("status", flat=True))


def sent() -> list[tuple[str, str, int, int | None, str]]:
    rows = Order.objects.order_by("recorded_at")
    return list(rows.values_list("side", "order_type", "quantity", "price_vnd", "status"))
