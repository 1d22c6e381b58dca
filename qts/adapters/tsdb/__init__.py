"""A time-series database beside PostgreSQL, spoken to in InfluxDB's line protocol."""

from qts.adapters.tsdb.line_protocol import UnwritableLine, line
from qts.adapters.tsdb.sink import LinesRefused, Sink, connect_sink

__all__ = ["LinesRefused", "Sink", "UnwritableLine", "connect_sink", "line"]
