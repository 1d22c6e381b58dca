"""What `/metrics` answers, for all processes of the machine together.

Every process that counts writes into the files of PROMETHEUS_MULTIPROC_DIR (set before it starts; the supervisor
empties the directory at the start of the system). The web process sums them up, so workers need no port of their own.
"""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead


def render_metrics() -> tuple[bytes, str]:
    """(body, content type). Without PROMETHEUS_MULTIPROC_DIR, the metrics of this process alone."""
    if not multiprocess_directory():
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def process_ended(pid: int) -> None:
    """Drop the live gauges of a process that is gone; what it counted stays counted."""
    if multiprocess_directory():
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def multiprocess_directory() -> str:
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
