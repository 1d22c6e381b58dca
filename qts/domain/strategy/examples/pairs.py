"""Two shares that move together: hold the one that has become cheap against the other. There is no short sale in
Vietnam, so the pair is traded by rotating from one share into the other, and out of both when they meet again."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, ClassVar

from qts.domain.strategy.interface import Bar, Context, Intents, Strategy, TargetPosition
from qts.domain.strategy.parameters import Parameters, parameter

_SCALE = 1_000_000  # the ratio of two prices in millionths


@dataclass(frozen=True)
class PairsParameters(Parameters):
    window: int = parameter(60, minimum=10, maximum=1_000, unit="bars", help="Bars that the usual ratio is made from.")
    entry_tenths: int = parameter(
        20, minimum=5, maximum=60, unit="tenths of a deviation", help="Enter this far from the usual ratio."
    )
    exit_tenths: int = parameter(
        5, minimum=0, maximum=30, unit="tenths of a deviation", help="Leave this near to the usual ratio."
    )
    money_million_vnd: int = parameter(
        20, minimum=1, maximum=10_000, unit="million VND", help="Money to hold the cheap share with."
    )


class Pairs(Strategy[PairsParameters]):
    key: ClassVar[str] = "pairs"
    title: ClassVar[str] = "Pairs"
    summary: ClassVar[str] = "Of two shares, long the one that is cheap against the other, until they meet again."
    parameters_class: ClassVar[type[Parameters]] = PairsParameters
    wants_universe: ClassVar[bool] = True

    def __init__(self, parameters: PairsParameters) -> None:
        super().__init__(parameters)
        self._ratios: deque[int] = deque(maxlen=parameters.window)

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        """Both bars of a minute make one ratio: the second one of them asks."""
        symbols = sorted(context.universe)
        if len(symbols) != 2:
            return None  # the other one has not traded yet; of three there is no pair
        first, second = (context.universe[symbol].bar for symbol in symbols)
        if first.ts_start_ms != second.ts_start_ms:
            return None
        tenths = self._distance(first.close_vnd * _SCALE // second.close_vnd)
        return None if tenths is None else self._wants(tenths, symbols, context)

    def _wants(self, tenths: int, symbols: list[str], context: Context) -> Intents:
        p = self.parameters
        held = [symbol for symbol in symbols if self._holds(context, symbol)]
        if abs(tenths) <= p.exit_tenths:
            return [TargetPosition(0, "the pair has met again", symbol) for symbol in held]
        cheap, dear = reversed(symbols) if tenths > 0 else symbols
        if abs(tenths) < p.entry_tenths or cheap in held:
            return None
        said = f"{tenths / 10:+.1f} deviations from the usual ratio"
        quantity = p.money_million_vnd * 1_000_000 // context.universe[cheap].bar.close_vnd // 100 * 100
        leave = [TargetPosition(0, said, dear)] if dear in held else []
        return [*leave, TargetPosition(quantity, said, cheap)]

    def state(self) -> dict[str, Any]:
        return {"ratios": list(self._ratios)}

    def take_over(self, state: Mapping[str, Any]) -> None:
        self._ratios.extend(int(ratio) for ratio in state["ratios"])

    def _distance(self, ratio: int) -> int | None:
        """How many tenths of a deviation it is off the bars before; None while those are too few or all the same."""
        before = list(self._ratios)
        self._ratios.append(ratio)
        if len(before) < self.parameters.window:
            return None
        usual = sum(before) // len(before)
        deviation = isqrt(sum((one - usual) ** 2 for one in before) // len(before))
        return (ratio - usual) * 10 // deviation if deviation else None

    @staticmethod
    def _holds(context: Context, symbol: str) -> bool:
        state = context.universe[symbol]
        return state.quantity + state.working_quantity > 0
