"""The system's books by plain SQL, and the comparison with the simulated broker's own: no code of QTS in between."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from tests.system.market_witness import Match, Span

OVER = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED", "DENIED"}
NEVER_THERE = {"NOT_RECEIVED", "WITHDRAWN", "REFUSED"}  # states of an intent to place whose order the broker has not
# By the broker's status of an order: the state of our intent to place it, and the order's status here.
ENDINGS = {
    "FF": {("ANSWERED", "FILLED")},
    "CL": {("ANSWERED", "CANCELLED")},
    "FFPC": {("ANSWERED", "CANCELLED")},
    "RJ": {("REFUSED", "REJECTED"), ("ANSWERED", "REJECTED")},
}

_ORDERS = """
    SELECT o.id::text, o.client_order_id, o.request_id, o.status, o.reason, o.symbol, o.side, o.quantity, o.price_vnd,
           o.filled_quantity, o.filled_value_vnd, o.strategy_id, o.decision_id, o.broker_order_id, a.number AS account,
           extract(epoch FROM o.recorded_at)::float AS recorded_s, o.trading_day::text AS day,
           (SELECT i.state FROM orders_intent i WHERE i.order_id = o.id AND i.kind = 'PLACE') AS place_state
    FROM orders_order o JOIN accounts_brokerageaccount a ON a.id = o.account_id
"""
_TICKS = """
    SELECT symbol, (extract(epoch FROM traded_at) * 1000)::bigint AS traded_ms, price_vnd, quantity
    FROM marketdata_tick
"""
_GAPS = """
    SELECT (extract(epoch FROM from_at) * 1000)::bigint * 1000000 AS from_ns,
           (extract(epoch FROM to_at) * 1000)::bigint * 1000000 AS to_ns
    FROM marketdata_marketgap
"""
_MARKET_GAPS = """
    SELECT (extract(epoch FROM market_from_at) * 1000)::bigint AS from_ms,
           (extract(epoch FROM market_to_at) * 1000)::bigint AS to_ms, symbols
    FROM marketdata_marketgap
"""
_BARS = """
    SELECT symbol, starts_at, open_vnd, high_vnd, low_vnd, close_vnd, volume, value_vnd, trade_count
    FROM marketdata_bar1m WHERE starts_at < %(until)s AND is_filled = %(is_filled)s
"""
_BARS_OF_TICKS = """
    SELECT symbol, date_trunc('minute', traded_at) AS starts_at,
           (array_agg(price_vnd ORDER BY wal_segment, wal_offset, wal_part))[1] AS open_vnd,
           max(price_vnd) AS high_vnd, min(price_vnd) AS low_vnd,
           (array_agg(price_vnd ORDER BY wal_segment DESC, wal_offset DESC, wal_part DESC))[1] AS close_vnd,
           sum(quantity)::bigint AS volume, sum(price_vnd * quantity)::bigint AS value_vnd, count(*) AS trade_count
    FROM marketdata_tick WHERE traded_at < %(until)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Books:
    """A connection for each question: the server may have died since the last one."""

    database_url: str

    def rows(self, sql: str, **values: object) -> list[Any]:
        with psycopg.connect(self.database_url, connect_timeout=5, row_factory=namedtuple_row) as connection:
            return connection.execute(sql, values).fetchall()

    def value(self, sql: str, **values: object) -> Any:
        return self.rows(sql, **values)[0][0]

    def orders(self) -> list[Any]:
        return self.rows(_ORDERS)

    def account_id(self, number: str) -> str:
        return str(self.value("SELECT id FROM accounts_brokerageaccount WHERE number = %(number)s", number=number))

    def newest_bar(self) -> Any:
        return self.value("SELECT max(starts_at) FROM marketdata_bar1m")

    def filled_since(self, wall_s: float) -> int:
        """Orders of people placed after that moment and filled."""
        return int(
            self.value(
                "SELECT count(*) FROM orders_order WHERE recorded_at > to_timestamp(%(since)s) AND status = 'FILLED'"
                " AND strategy_id = ''",
                since=wall_s,
            )
        )

    def decided_since(self, wall_s: float) -> int:
        """Decisions on market messages received after that moment."""
        sql = "SELECT count(*) FROM strategies_decision WHERE ts_received_ns > %(since)s"
        return int(self.value(sql, since=int(wall_s * 1e9)))

    def is_any_decision_submitted(self) -> bool:
        return bool(self.value("SELECT count(*) FROM strategies_decision WHERE outcome = 'SUBMITTED'"))

    def is_order_in_flight(self) -> bool:
        """Sent, or about to be, and not answered."""
        return self._has_place_intent("CLAIMED")

    def is_order_unknown(self) -> bool:
        """Perhaps sent, and never answered."""
        return self._has_place_intent("UNKNOWN")

    def unsettled(self) -> dict[str, int]:
        """What is still on its way, by name; empty when nothing is."""
        counts = {
            "orders": "SELECT count(*) FROM orders_order WHERE NOT status = ANY(%(over)s)",
            "intents": "SELECT count(*) FROM orders_intent WHERE state IN ('READY', 'CLAIMED', 'UNKNOWN')",
            "events": "SELECT count(*) FROM eventlog_eventrecord WHERE published_at IS NULL",
            "fills": "SELECT count(*) FROM orders_order WHERE reported_filled_quantity > filled_quantity",
        }
        found = {name: int(self.value(sql, over=sorted(OVER))) for name, sql in counts.items()}
        return {name: count for name, count in found.items() if count}

    def ticks(self) -> list[Match]:
        return [tuple(row) for row in self.rows(_TICKS)]

    def newest_tick_ns(self) -> int:
        """When the newest stored match was received."""
        return int(self.value("SELECT coalesce(max(received_at_ns), 0) FROM marketdata_tick"))

    def market_gaps(self) -> list[Span]:
        """By the market's time."""
        return [Span(*row) for row in self.rows(_MARKET_GAPS)]

    def gaps(self) -> list[tuple[int, int]]:
        return [tuple(row) for row in self.rows(_GAPS)]

    def bars(self, until: Any, *, is_filled: bool) -> dict[Any, Any]:
        """As stored, of minutes that began before that moment: those that history filled, or the others."""
        return {tuple(row[:2]): tuple(row[2:]) for row in self.rows(_BARS, until=until, is_filled=is_filled)}

    def bars_of_ticks(self, until: Any) -> dict[Any, Any]:
        """As the stored ticks add up."""
        return {tuple(row[:2]): tuple(row[2:]) for row in self.rows(_BARS_OF_TICKS, until=until)}

    def _has_place_intent(self, state: str) -> bool:
        sql = "SELECT count(*) FROM orders_intent WHERE kind = 'PLACE' AND state = %(state)s"
        return self.value(sql, state=state) > 0


def assert_same_orders(ours: Sequence[Any], at_broker: Sequence[Mapping[str, Any]]) -> None:
    """Every order that went out is at the broker once or provably not; the broker has none that we do not know."""
    sent = [order for order in ours if order.request_id]
    assert not [order for order in sent if order.status == "DENIED"]
    keys = [_key(order.account, order.day, order.request_id) for order in sent]
    assert twice(keys) == {}
    theirs = {_key(one["account"], one["day"], one["requestID"]): one for one in at_broker}
    assert twice(_key(one["account"], one["day"], one["requestID"]) for one in at_broker) == {}
    assert theirs.keys() - set(keys) == set(), "the broker has orders that we do not know"
    for key, order in zip(keys, sent, strict=True):
        if (one := theirs.get(key)) is None:
            assert (order.status in {"REJECTED", "CANCELLED"}) and order.place_state in NEVER_THERE, order  # noqa: PT018
            assert order.filled_quantity == 0, order
            continue
        assert (order.place_state, order.status) in ENDINGS[one["status"]], (order, one)
        for mine, its in (("symbol", "symbol"), ("side", "side"), ("quantity", "quantity"), ("price_vnd", "price_vnd")):
            assert getattr(order, mine) == one[its], (order, one)
        assert (order.filled_quantity, order.filled_value_vnd) == (one["filled_quantity"], one["filled_value_vnd"]), (
            order,
            one,
        )
        assert order.broker_order_id == one["orderID"], (order, one)


def assert_same_fills(ours: Sequence[Any], at_broker: Sequence[Mapping[str, Any]]) -> None:
    """Match by match, equal ones counted."""
    theirs = Counter((fill["orderID"], fill["quantity"], fill["price_vnd"]) for fill in at_broker)
    assert Counter(tuple(fill) for fill in ours) == theirs


def twice(keys: Any) -> dict[Any, int]:
    return {key: count for key, count in Counter(keys).items() if count > 1}


def _key(account: str, day: str, request_id: str) -> tuple[str, str, str]:
    return account, day, request_id
