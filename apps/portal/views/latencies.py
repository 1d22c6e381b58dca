"""Histograms of what operators want to know the speed of, as bars for an SVG of 100 by 40."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from prometheus_client import Histogram

from qts.observability.exposition import Distribution, distributions
from qts.observability.metrics import INGEST_BATCH_SECONDS, ORDER_ROUND_TRIP_MS, TICK_TO_ORDER_MS, WAL_FSYNC_SECONDS

HEIGHT: Final = 40
WIDTH: Final = 100
MS_PER_S: Final = 1_000
# what is measured, its name, its unit in milliseconds
_SHOWN: Final[tuple[tuple[Histogram, Promise, int], ...]] = (
    (TICK_TO_ORDER_MS, _("Market message to order sent"), 1),
    (ORDER_ROUND_TRIP_MS, _("Order sent to the broker's answer"), 1),
    (INGEST_BATCH_SECONDS, _("Batch of market messages taken in"), MS_PER_S),
    (WAL_FSYNC_SECONDS, _("Batch written to the log on disk"), MS_PER_S),
)


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    said: str


@dataclass(frozen=True, slots=True)
class Latency:
    """`p50` and the others are upper bounds, as a histogram knows no more; from `shortest` to `longest` go its bars."""

    label: Promise
    count: int
    p50: str
    p95: str
    p99: str
    shortest: str
    longest: str
    bars: tuple[Bar, ...]


def latencies() -> list[Latency]:
    """Since the system was started."""
    counted = distributions(*(histogram for histogram, _label, _unit in _SHOWN))
    return [latency(label, found, unit) for (_histogram, label, unit), found in zip(_SHOWN, counted, strict=True)]


def latency(label: Promise, found: Distribution, unit_ms: int) -> Latency:
    p50, p95, p99 = (_at_most(found, percent, unit_ms) for percent in (50, 95, 99))
    shortest, longest = (_range(found, found.buckets[place][0], unit_ms) for place in (0, -1))
    return Latency(
        label=label,
        count=found.count,
        p50=p50,
        p95=p95,
        p99=p99,
        shortest=shortest,
        longest=longest,
        bars=_bars(found, unit_ms),
    )


def _at_most(found: Distribution, percent: int, unit_ms: int) -> str:
    bound = found.bound_of(percent)
    return "–" if bound is None else _range(found, bound, unit_ms)


def _range(found: Distribution, bound: float, unit_ms: int) -> str:
    """The last bucket has no bound: what is in it took longer than the one before."""
    if bound == float("inf"):
        return f"> {found.buckets[-2][0] * unit_ms:,g} ms"
    return f"≤ {bound * unit_ms:,g} ms"


def _bars(found: Distribution, unit_ms: int) -> tuple[Bar, ...]:
    most = max((count for _, count in found.buckets), default=0)
    if not most:
        return ()
    step, gap = WIDTH / len(found.buckets), 0.8
    bars = []
    for place, (bound, count) in enumerate(found.buckets):
        height = HEIGHT * count / most
        said = f"{_range(found, bound, unit_ms)}: {count:,}"
        bars.append(Bar(place * step + gap / 2, HEIGHT - height, step - gap, height, said))
    return tuple(bars)
