"""Matches off the bus, into bars and indicators, to a strategy in its confined process; as the signals worker does."""

import time
from types import TracebackType
from typing import Self

from qts.adapters.bus import connect, decode
from qts.adapters.sandbox.host import StrategyHost
from qts.domain.events import TickReceived
from qts.domain.market import BarBuilder
from qts.domain.strategy import Context, Tick
from qts.quant.indicators import STANDARD_NAMES, IndicatorSet

NAMES = STANDARD_NAMES[:10]
GROUP = "benchmark"
BATCH_MAX = 500
BLOCK_MS = 500


class Reader:
    def __init__(self, bus_url: str, strategy: str) -> None:
        self._bus = connect(bus_url)
        self._host = StrategyHost(strategy, {"every": 100})
        self._builder = BarBuilder()
        self._sets: dict[str, IndicatorSet] = {}
        self._none: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._host.close()

    def answered_ms(self, *, warm_up_s: float, seconds: float) -> list[float]:
        """How old each match was when the strategy had answered; of those that came after the warm-up."""
        found: list[float] = []
        counts_from_ns = time.time_ns() + round(warm_up_s * 1e9)
        until_ns = counts_from_ns + round(seconds * 1e9)
        while time.time_ns() < until_ns:
            deliveries = self._bus.consume(
                [TickReceived.topic], group=GROUP, consumer=GROUP, count=BATCH_MAX, block_ms=BLOCK_MS
            )
            for one in deliveries:
                tick = decode(one.topic, one.body)
                assert isinstance(tick, TickReceived)
                self._answer(tick)
                if tick.ts_received_ns >= counts_from_ns:
                    found.append((time.time_ns() - tick.ts_received_ns) / 1e6)
            self._bus.acknowledge(GROUP, deliveries)
        return found

    def _answer(self, tick: TickReceived) -> None:
        if closed := self._builder.add(tick):
            self._sets.setdefault(closed.symbol, IndicatorSet(NAMES)).update(closed)
        known = self._sets.get(tick.symbol)
        asked = Tick(
            symbol=tick.symbol,
            ts_exchange_ms=tick.ts_exchange_ms,
            price_vnd=tick.price_vnd,
            quantity=tick.quantity,
        )
        self._host.ask(asked, Context(known.values() if known else self._none, self._none))
