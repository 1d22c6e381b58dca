"""What others have published about symbols: predictions of models, scores of the news. And what stands at a moment."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from qts.domain.events import PredictionGenerated, SignalGenerated

KEPT_PER_NAME_MAX: Final = 16
NAMES_PER_SYMBOL_MAX: Final = 50
REPEATS_KEPT_MAX: Final = 20


class Source(StrEnum):
    """Where a signal comes from."""

    TECHNICAL = "technical"  # what the strategy itself says
    PREDICTION = "prediction"
    SENTIMENT = "sentiment"


class PublishedSignal(NamedTuple):
    """One signal about one symbol.

    `name` is the model or the score; `value` is its number (a probability, a score), `direction` what it speaks for (1
    for higher prices, -1 for lower ones, 0 for neither) and `strength_percent` how sure it is. `ts_made_ms` is when its
    publisher made it, `ts_known_ms` when QTS had it: nobody sees it before. It holds for `valid_s` after it was made.
    """

    signal_id: str
    source: str
    symbol: str
    name: str
    direction: int
    strength_percent: int
    value: float
    ts_made_ms: int
    ts_known_ms: int
    valid_s: int
    reason: str = ""


VALID_FOREVER_S: Final = 10**9  # what a strategy says holds as long as its policy hears it


def published_signal(event: SignalGenerated) -> PublishedSignal:
    return PublishedSignal(
        signal_id=event.signal_id,
        source=Source.PREDICTION if isinstance(event, PredictionGenerated) else Source.SENTIMENT,
        symbol=event.symbol,
        name=event.name,
        direction=event.direction,
        strength_percent=event.strength_percent,
        value=float(event.value),
        ts_made_ms=event.ts_made_ms,
        ts_known_ms=event.ts_known_ms,
        valid_s=event.valid_s,
        reason=event.reason,
    )


Standing = Mapping[str, PublishedSignal]
NO_SIGNALS: Final[Standing] = MappingProxyType({})


class SignalBoard:
    """What stands at each symbol, by source and name. Bounded, whatever is published.

    It is asked by the moment, not by what came last: a bar that is worked on late sees what was known at its end.
    """

    def __init__(self, signals: Iterable[PublishedSignal] = ()) -> None:
        self._kept: dict[tuple[str, str], dict[str, list[PublishedSignal]]] = {}
        self._repeats: dict[str, list[PublishedSignal]] = {}
        for signal in signals:
            self.take(signal)

    def take(self, signal: PublishedSignal) -> bool:
        """False for one that is there already."""
        names = self._kept.setdefault((signal.source, signal.symbol), {})
        kept = names.setdefault(signal.name, [])
        if any(one.signal_id == signal.signal_id for one in kept):
            repeats = self._repeats.setdefault(signal.symbol, [])
            repeats.append(signal)
            del repeats[:-REPEATS_KEPT_MAX]
            return False
        kept.append(signal)
        if len(kept) > 1 and _order(kept[-2]) > _order(signal):
            kept.sort(key=_order)
        del kept[:-KEPT_PER_NAME_MAX]
        if len(names) > NAMES_PER_SYMBOL_MAX:
            del names[min(names, key=lambda name: names[name][-1].ts_known_ms)]
        return True

    def standing(self, source: str, symbol: str, ts_ms: int) -> Standing:
        """By name, in the order of names: the one made last of those known by then, where it still holds."""
        names = self._kept.get((source, symbol))
        if not names:
            return NO_SIGNALS
        found = {name: one for name in sorted(names) if (one := _latest(names[name], ts_ms)) is not None}
        return found or NO_SIGNALS

    def take_repeats(self, symbol: str) -> list[PublishedSignal]:
        """Those that came again since this was asked."""
        return self._repeats.pop(symbol, [])


def _latest(kept: list[PublishedSignal], ts_ms: int) -> PublishedSignal | None:
    """An older one that arrives late does not take the place of a newer one."""
    known = [one for one in kept if one.ts_known_ms <= ts_ms]
    if not known:
        return None
    one = max(known, key=lambda signal: (signal.ts_made_ms, signal.ts_known_ms, signal.signal_id))
    return one if ts_ms < one.ts_made_ms + one.valid_s * 1_000 else None


def _order(signal: PublishedSignal) -> tuple[int, int, str]:
    """Whatever the order in which they arrive, the same one is the latest."""
    return signal.ts_known_ms, signal.ts_made_ms, signal.signal_id
