"""Strategies that ask for strange things; named by tests as `apps.strategies.tests.strange:...`."""

import time as clock
from dataclasses import dataclass
from datetime import time
from typing import Any, ClassVar

from qts.domain.strategy import (
    Bar,
    Book,
    Context,
    Fill,
    Intent,
    Intents,
    Parameters,
    SessionChange,
    Signal,
    Strategy,
    TargetPosition,
    Timer,
    parameter,
)


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


@dataclass(frozen=True)
class SlowParameters(Parameters):
    pace: int = parameter(1, minimum=1, maximum=100, unit="bars", help="Buys and sells every so many bars.")


class Slow(Strategy[SlowParameters]):
    """Takes a tenth of a second for 300 bars."""

    key: ClassVar[str] = "apps.strategies.tests.strange:Slow"
    title: ClassVar[str] = "Slow"
    summary: ClassVar[str] = "Thinks for long."
    parameters_class: ClassVar[type[Parameters]] = SlowParameters

    def __init__(self, parameters: SlowParameters) -> None:
        super().__init__(parameters)
        self._seen = 0

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        clock.sleep(0.0003)
        self._seen += 1
        return TargetPosition(100 if self._seen // self.parameters.pace % 2 else 0, "turn")


class Raiser(Strategy[Any]):
    key: ClassVar[str] = "apps.strategies.tests.strange:Raiser"
    title: ClassVar[str] = "Raiser"
    summary: ClassVar[str] = "Divides by zero."

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        return TargetPosition(1 // 0, "never")


class Diarist(Strategy[Any]):
    """Tells by what it wants what it was told."""

    key: ClassVar[str] = "diarist"
    title: ClassVar[str] = "Diarist"
    summary: ClassVar[str] = "Hears everything."
    wants_universe: ClassVar[bool] = True
    bars = 0

    def timers(self) -> tuple[time, ...]:
        return (time(10, 30),)

    def on_bar(self, bar: Bar, context: Context) -> Intent | None:
        self.bars += 1
        if self.bars < 2:
            return None
        is_alone = len(context.universe) == 1
        return TargetPosition(100, f"sees {' '.join(sorted(context.universe))}", "HPG" if is_alone else "VNM")

    def on_fill(self, fill: Fill, context: Context) -> Intent | None:
        return TargetPosition(200, f"fill {fill.side} {fill.quantity} at {fill.price_vnd}")

    def on_timer(self, timer: Timer, context: Context) -> Intent | None:
        return TargetPosition(100, f"timer {timer.minute}", "SSI")

    def on_session(self, change: SessionChange, context: Context) -> Intent | None:
        return TargetPosition(100, f"session {change.exchange} {change.session}", "SSI")


class Voter(Strategy[Any]):
    """Speaks for what rises within a bar and against what falls, and is never quite sure."""

    key: ClassVar[str] = "apps.strategies.tests.strange:Voter"
    title: ClassVar[str] = "Voter"
    summary: ClassVar[str] = "Gives signals."

    def on_bar(self, bar: Bar, context: Context) -> Intents:
        change = bar.close_vnd - bar.open_vnd
        if change == 0:
            return None
        return Signal(1 if change > 0 else -1, 60, f"{change} in a bar")


class Reader(Strategy[Any]):
    """Says what it is told of the book and of what others have published."""

    key: ClassVar[str] = "apps.strategies.tests.strange:Reader"
    title: ClassVar[str] = "Reader"
    summary: ClassVar[str] = "Wants the book."
    wants_book: ClassVar[bool] = True

    def on_book(self, book: Book, context: Context) -> Intent | None:
        told = [*context.predictions.values(), *context.sentiments.values()]
        heard = " ".join(f"{one.source} {one.name} {one.value:g}" for one in told)
        return TargetPosition(100, f"{len(book.bids)} bids, best {book.bids[0][0]}; {heard}".strip("; "))
