"""Every metric of the system, defined once, units last. Shown by `qts.observability.exposition`.

Gauges say how processes combine: with PROMETHEUS_MULTIPROC_DIR each worker writes its own files.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_FAST_S: Final = (0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_LATENCY_MS: Final = (1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 10_000)

# market data
INGEST_MESSAGES: Final = Counter(  # shown as qts_ingest_messages_total, as every counter with _total
    "qts_ingest_messages", "Market messages published, by topic; dead letters have one of their own", ["topic"]
)
INGEST_BATCH_SECONDS: Final = Histogram(
    "qts_ingest_batch_seconds", "From frames taken to events published, one batch", buckets=_FAST_S
)
WAL_FSYNC_SECONDS: Final = Histogram(
    "qts_wal_fsync_seconds", "Appending one batch to the write-ahead log, flush included", buckets=_FAST_S
)
STREAM_CONNECTED: Final = Gauge(
    "qts_stream_connected", "1 while the stream is connected, by stream", ["stream"], multiprocess_mode="mostrecent"
)
STREAM_RECONNECTS: Final = Counter("qts_stream_reconnects", "Connections to a stream that were lost", ["stream"])
BOOK_FAILURES: Final = Counter("qts_order_book_failures", "Order books that cannot be, by what is wrong", ["fault"])
TICK_SINK_LINES: Final = Counter("qts_tick_sink_lines", "Matches for TICK_SINK_URL: written, refused", ["outcome"])
MARKET_GAPS: Final = Counter("qts_market_gaps", "Gaps found in the market data")

# orders
TICK_TO_ORDER_MS: Final = Histogram(
    "qts_tick_to_order_latency_ms",
    "From the market message's arrival to the order's last byte written, milliseconds",
    buckets=_LATENCY_MS,
)
ORDER_ROUND_TRIP_MS: Final = Histogram(
    "qts_order_round_trip_ms", "From an order's last byte written to the broker's answer", buckets=_LATENCY_MS
)
GATE_REFUSALS: Final = Counter("qts_gate_refusals", "Orders refused by the risk gate, by rule", ["code"])
ORDERS: Final = Counter("qts_orders", "Orders that reached a status", ["status"])

# plumbing
BUS_LAG_MESSAGES: Final = Gauge(
    "qts_bus_lag_messages",
    "Messages not yet delivered to a consumer group",
    ["topic", "group"],
    multiprocess_mode="mostrecent",
)
SLICES: Final = Counter("qts_slices", "Leased slices run, by name and how they ended", ["name", "ended"])
