"""The VN30 future within the day: buy a break above the range of the last bars, leave with a stop or before the close.

Long only, since this account holds no short position. What it stands on is known by its fills, not by its wishes.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, ClassVar

from qts.domain.strategy.interface import Bar, Context, Fill, Intent, Strategy, TargetPosition, Timer
from qts.domain.strategy.parameters import Parameters, parameter
from qts.domain.values import Side

LAST_ENTRY = time(14, 0)
FLAT_BY = time(14, 25)  # in continuous trading: after 14:30 nothing can be taken back


@dataclass(frozen=True)
class IndexFutureMomentumParameters(Parameters):
    window: int = parameter(30, minimum=5, maximum=240, unit="bars", help="Bars whose highest price has to be broken.")
    stop_bps: int = parameter(
        40, minimum=5, maximum=500, unit="bps", help="Leave when it falls this far below the price that was paid."
    )
    quantity: int = parameter(1, minimum=1, maximum=100, unit="contracts", help="Contracts to hold while long.")


class IndexFutureMomentum(Strategy[IndexFutureMomentumParameters]):
    key: ClassVar[str] = "index_future_momentum"
    title: ClassVar[str] = "VN30F momentum, intraday"
    summary: ClassVar[str] = "Long a future from a new high until its stop or 14:25, never over night."
    parameters_class: ClassVar[type[Parameters]] = IndexFutureMomentumParameters

    def __init__(self, parameters: IndexFutureMomentumParameters) -> None:
        super().__init__(parameters)
        self._highs: deque[int] = deque(maxlen=parameters.window)
        self._paid_vnd: dict[str, int] = {}
        self._is_closing = False

    def timers(self) -> tuple[time, ...]:
        return (time(8, 45), LAST_ENTRY, FLAT_BY)

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        highest_vnd = max(self._highs, default=0)
        is_known = len(self._highs) == self.parameters.window
        self._highs.append(bar.high_vnd)
        if context.quantity > 0:
            stop_vnd = self._paid_vnd.get(bar.symbol, 0) * (10_000 - self.parameters.stop_bps) // 10_000
            return TargetPosition(0, f"stop at {stop_vnd}") if bar.close_vnd < stop_vnd else None
        if is_known and not self._is_closing and not context.working_quantity and bar.close_vnd > highest_vnd:
            return TargetPosition(self.parameters.quantity, f"close above {highest_vnd}")
        return None

    def on_fill(self, fill: Fill, context: Context) -> None:
        if fill.side is Side.BUY:
            self._paid_vnd[fill.symbol] = fill.price_vnd
        elif not context.quantity:
            self._paid_vnd.pop(fill.symbol, None)

    def on_timer(self, timer: Timer, context: Context) -> list[TargetPosition]:
        if timer.minute == 8 * 60 + 45:
            self._highs.clear()  # yesterday's range is not today's
        self._is_closing = timer.minute >= LAST_ENTRY.hour * 60 + LAST_ENTRY.minute
        if timer.minute != FLAT_BY.hour * 60 + FLAT_BY.minute:
            return []
        return [TargetPosition(0, "flat before the close", symbol) for symbol in sorted(self._paid_vnd)]

    def state(self) -> dict[str, Any]:
        return {"highs": list(self._highs), "paid_vnd": self._paid_vnd, "is_closing": self._is_closing}

    def take_over(self, state: Mapping[str, Any]) -> None:
        self._highs.extend(int(high_vnd) for high_vnd in state["highs"])
        self._paid_vnd = {str(symbol): int(price_vnd) for symbol, price_vnd in state["paid_vnd"].items()}
        self._is_closing = bool(state["is_closing"])
