"""What `/metrics` answers, for all processes of the machine together.

Every process that counts writes into the files of PROMETHEUS_MULTIPROC_DIR (set before it starts; the supervisor
empties the directory at the start of the system). The web process sums them up, so workers need no port of their own.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often something took how long: (upper bound, how many came up to it and over the bound before)."""

    buckets: tuple[tuple[float, int], ...] = ()

    @classmethod
    def of_totals(cls, totals: Sequence[tuple[float, int]]) -> "Distribution":
        """From what Prometheus keeps: of each bound, how many came up to it."""
        before = (0, *(total for _, total in totals))
        return cls(tuple((bound, total - less) for (bound, total), less in zip(totals, before, strict=False)))

    @property
    def count(self) -> int:
        return sum(count for _, count in self.buckets)

    def bound_of(self, percent: int) -> float | None:
        """The lowest bound that so many per cent kept to; None before anything was counted."""
        seen = 0
        for bound, count in self.buckets:
            seen += count
            if count and seen * 100 >= percent * self.count:
                return bound
        return None


def render_metrics() -> tuple[bytes, str]:
    """(body, content type). Without PROMETHEUS_MULTIPROC_DIR, the metrics of this process alone."""
    return generate_latest(_registry()), CONTENT_TYPE_LATEST


def distributions(*wanted: Histogram) -> list[Distribution]:
    """What those histograms without labels have counted, in their order, of all processes together."""
    names = [name_of(histogram) for histogram in wanted]
    counted: dict[str, list[tuple[float, int]]] = {name: [] for name in names}
    for metric in _registry().collect():
        for sample in metric.samples if metric.name in counted else ():
            if sample.name.endswith("_bucket"):
                counted[metric.name].append((float(sample.labels["le"]), int(sample.value)))
    return [Distribution.of_totals(sorted(counted[name])) for name in names]


def name_of(histogram: Histogram) -> str:
    (described,) = histogram.describe()
    return str(described.name)


def _registry() -> CollectorRegistry:
    if not multiprocess_directory():
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def multiprocess_directory() -> str:
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
