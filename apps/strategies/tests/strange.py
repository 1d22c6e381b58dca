"""Strategies that ask for strange things; named by tests as `apps.strategies.tests.strange:...`."""

from typing import Any, ClassVar

from qts.domain.strategy import Bar, Context, Intent, Strategy, TargetPosition


class Dreamer(Strategy[Any]):
    key: ClassVar[str] = "dreamer"
    title: ClassVar[str] = "Dreamer"
    summary: ClassVar[str] = "Reads what nobody computes."

    def indicator_names(self) -> tuple[str, ...]:
        return ("smaa_7",)


class Odd(Strategy[Any]):
    """Says what it reads, once it can read all of it."""

    key: ClassVar[str] = "odd"
    title: ClassVar[str] = "Odd"
    summary: ClassVar[str] = "Reads two indicators that nobody else does."

    def indicator_names(self) -> tuple[str, ...]:
        return ("sma_3", "max_2_of_high")

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        if len(context.indicators) < 2 or len(context.previous) < 2:
            return None
        return TargetPosition(100, " ".join(sorted(context.indicators)))
