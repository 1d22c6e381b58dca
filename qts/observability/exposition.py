"""What `/metrics` answers, for all processes of the machine together.

Every process that counts writes into the files of PROMETHEUS_MULTIPROC_DIR (set before it starts; the supervisor
empties the directory at the start of the system). The web process sums them up, so workers need no port of their own.
"""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector


def render_metrics() -> tuple[bytes, str]:
    """(body, content type). Without PROMETHEUS_MULTIPROC_DIR, the metrics of this process alone."""
    if not multiprocess_directory():
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def multiprocess_directory() -> str:
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
