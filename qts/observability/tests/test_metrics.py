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
from qts.observability.exposition import render_metrics

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
