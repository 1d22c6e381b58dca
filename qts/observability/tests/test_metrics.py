"""Counts of several processes come out as one page."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from qts.observability import metrics
from qts.observability.exposition import Distribution, render_metrics

ROOT = Path(__file__).resolve().parents[3]
WORKER = """
import os, signal, sys
from qts.observability.metrics import BUS_LAG_MESSAGES, GATE_REFUSALS, INGEST_MESSAGES, TICK_TO_ORDER_MS
INGEST_MESSAGES.labels("t").inc(int(sys.argv[1]))
GATE_REFUSALS.labels("PRICE_OFF_TICK").inc()
TICK_TO_ORDER_MS.observe(12)
BUS_LAG_MESSAGES.labels("t", "g").set(int(sys.argv[1]))
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
"""
SPREAD = """
from qts.observability.exposition import distributions
from qts.observability.metrics import ORDER_ROUND_TRIP_MS, TICK_TO_ORDER_MS
(never, twice) = distributions(ORDER_ROUND_TRIP_MS, TICK_TO_ORDER_MS)
assert (never.count, never.bound_of(99)) == (0, None)
print(twice.count, *[bucket for bucket in twice.buckets if bucket[1]])
"""
PAGE = "from qts.observability.exposition import render_metrics; print(render_metrics()[0].decode())"


def run(code: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_workers_add_up_even_one_that_was_killed(tmp_path):
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    assert run(WORKER, "3", "live", environment=environment).returncode == 0
    assert run(WORKER, "4", "die", environment=environment).returncode == -signal.SIGKILL

    page = run(PAGE, environment=environment).stdout

    assert 'qts_ingest_messages_total{topic="t"} 7.0' in page
    assert 'qts_gate_refusals_total{code="PRICE_OFF_TICK"} 2.0' in page
    assert 'qts_bus_lag_messages{group="g",topic="t"} 4.0' in page, "the latest value, not the sum"
    assert "qts_tick_to_order_latency_ms_count 2.0" in page
    assert 'qts_tick_to_order_latency_ms_bucket{le="10.0"} 0.0' in page
    assert run(SPREAD, environment=environment).stdout.split() == ["2", "(20.0,", "2)"]


def test_a_distribution_tells_which_bound_most_kept_to():
    found = Distribution.of_totals([(1.0, 0), (5.0, 90), (10.0, 98), (float("inf"), 100)])
    assert found.buckets == ((1.0, 0), (5.0, 90), (10.0, 8), (float("inf"), 2))
    assert [found.bound_of(percent) for percent in (0, 50, 90, 91, 98, 99)] == [5, 5, 5, 10, 10, float("inf")]


@pytest.mark.skipif("PROMETHEUS_MULTIPROC_DIR" in os.environ, reason="this process writes to shared files")
def test_without_a_shared_directory_the_process_shows_its_own():
    metrics.ORDERS.labels("FILLED").inc()
    body, content_type = render_metrics()
    assert content_type.startswith("text/plain")
    assert re.search(rb'qts_orders_total\{status="FILLED"\} \d', body)


def test_names_are_ours_and_end_in_their_unit():
    allowed = (
        "_messages", "_letters", "_seconds", "_ms", "_refusals", "_orders", "_events", "_slices", "_gaps", "_failures",
        "_lines", "_connected", "_reconnects",
    )  # fmt: skip
    found = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    assert len(found) > 8
    for metric in found:
        name = next(iter(metric.describe())).name
        assert name.startswith("qts_"), name
        assert name.endswith(allowed), name
