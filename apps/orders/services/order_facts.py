"""What the gate is told about an account's orders: at most five short statements, and one where no limit asks more.

Written out, because the account is locked meanwhile.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_today
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.services.access import may_trade
from apps.risk.services import DAY_CODES, RATE_CODES, RECENT_CODES, WORKING_VALUE_CODES, OrderFacts, WorkingValue
from qts.domain.errors import RuleCode
from qts.domain.orders import OrderIntent
from qts.domain.risk import ActivityFacts
from qts.domain.values import Actor, ActorKind, Side

RATE_WINDOW = timedelta(seconds=1)
REPEAT_WINDOW = timedelta(minutes=1)
_OPEN = [str(status) for status in OPEN_STATUSES]
# What an order that was placed elsewhere is called at the broker while it may still trade.
FOREIGN_OPEN = ["WA", "RS", "SD", "QU", "PF", "WM", "WC", "IAV", "SOR", "SOS", "SOI"]
# Orders placed by phone or by another program take from the same limits.
_FOREIGN = """
    FROM orders_foreignorder
    WHERE (connection_id, account_number) IN (
        SELECT connection_id, number FROM accounts_brokerageaccount WHERE id = %(account_id)s
    ) AND trading_day = %(today)s AND broker_status = ANY(%(foreign_open)s)
"""
# the order in whose place the judged one would stand (`amends`) does not count beside it
_WORKING = f"""
    WITH working AS (
        SELECT price_vnd, symbol = %(symbol)s AND side = %(opposite)s AS meets
        FROM orders_order
        WHERE account_id = %(account_id)s AND status = ANY(%(open)s) AND id IS DISTINCT FROM %(amends)s::uuid
        UNION ALL
        SELECT NULLIF(price_vnd, 0), symbol = %(symbol)s AND side = %(opposite)s {_FOREIGN}
    )
    SELECT count(*), count(*) FILTER (WHERE meets), count(*) FILTER (WHERE meets AND price_vnd IS NULL),
           min(price_vnd) FILTER (WHERE meets), max(price_vnd) FILTER (WHERE meets)
    FROM working
"""  # noqa: S608  # put together from what stands here
_WORKING_VALUES = f"""
    WITH working AS (
        SELECT symbol, side, quantity - filled_quantity AS rest, price_vnd
        FROM orders_order
        WHERE account_id = %(account_id)s AND status = ANY(%(open)s) AND id IS DISTINCT FROM %(amends)s::uuid
        UNION ALL
        SELECT symbol, side, quantity - filled_quantity, NULLIF(price_vnd, 0) {_FOREIGN}
    )
    SELECT symbol, side, coalesce(sum(rest * price_vnd), 0)::bigint,
           coalesce(sum(rest) FILTER (WHERE price_vnd IS NULL), 0)::bigint
    FROM working GROUP BY symbol, side
"""  # noqa: S608
# what was refused here never reached the market and does not count
_DAY = """
    SELECT count(*) AS day_order_count, count(*) FILTER (WHERE filled_quantity > 0) AS day_trade_count,
           coalesce(sum(filled_value_vnd), 0)::bigint AS day_value_vnd,
           coalesce(
               sum(CASE WHEN status = ANY(%(open)s) AND id IS DISTINCT FROM %(amends)s::uuid
                        THEN quantity ELSE filled_quantity END) FILTER (WHERE symbol = %(symbol)s), 0
           )::bigint AS day_symbol_quantity
    FROM orders_order WHERE account_id = %(account_id)s AND trading_day = %(today)s AND status <> 'DENIED'
"""
_OF_SENDERS = """
    count(*) FILTER (WHERE recent AND account_id = %(account_id)s) AS account_rate,
    count(*) FILTER (WHERE recent AND connection_id = %(connection_id)s) AS broker_rate,
    count(*) FILTER (WHERE recent AND actor_kind = 'user' AND actor_id = %(user_id)s::text) AS user_rate,
    count(*) FILTER (WHERE recent AND strategy_id = %(strategy_id)s::text) AS strategy_rate
"""
_RECENT = f"""
    WITH seen AS (
        SELECT *, recorded_at > statement_timestamp() - %(rate_window)s AS recent,
               recorded_at > statement_timestamp() - %(repeat_window)s
                   AND strategy_id = %(strategy_id)s::text AS repeats,
               symbol = %(symbol)s AND side = %(side)s AS alike
        FROM orders_order
        WHERE recorded_at > statement_timestamp() - %(window)s AND id IS DISTINCT FROM %(amends)s::uuid
    )
    SELECT {_OF_SENDERS}, count(*) FILTER (WHERE alike AND repeats) AS repeated_count,
           statement_timestamp() - max(recorded_at) FILTER (
               WHERE alike AND account_id = %(account_id)s AND order_type = %(order_type)s
                   AND quantity = %(quantity)s AND price_vnd IS NOT DISTINCT FROM %(price_vnd)s::bigint
                   AND status <> 'DENIED'
           ) AS same_order_age
    FROM seen
"""  # noqa: S608  # put together from what stands here
# a cancel or an amendment is a message too, on the account of whoever sent its order
_RECENT_CANCELS = f"""
    WITH seen AS (
        SELECT placed.*, true AS recent
        FROM orders_intent AS sent JOIN orders_order AS placed ON placed.id = sent.order_id
        WHERE sent.kind <> 'PLACE' AND sent.recorded_at > statement_timestamp() - %(rate_window)s
    )
    SELECT {_OF_SENDERS} FROM seen
"""  # noqa: S608


def order_facts(
    *, account_id: UUID, intent: OrderIntent, actor: Actor, limits: Mapping[RuleCode, int], asks_right: bool
) -> OrderFacts:
    """The reader that the gate is given; see `apps.risk.services.facts_orders`."""
    asked = limits.keys()
    facts = {
        "account_id": account_id,
        "symbol": intent.symbol,
        "amends": intent.amends,
        "open": _OPEN,
        "foreign_open": FOREIGN_OPEN,
        "today": market_today(),
    }
    working = _working(facts, intent)
    activity: dict[str, Any] = {
        "opposite_count": working["opposite"],
        "opposite_unpriced_count": working["unpriced"],
        "opposite_price_vnd": working["nearest_vnd"],
        "signal_age_ms": intent.signal_age_ms,
        "actor_may_trade": not asks_right or may_trade(actor, account_id),
    }
    if asked & DAY_CODES:
        activity |= _named(_DAY, facts)
    if asked & RECENT_CODES:
        activity |= _recent(account_id, intent, actor, limits)
    values = _working_values(facts) if asked & WORKING_VALUE_CODES else ()
    return OrderFacts(working["orders"], ActivityFacts(**activity), values)


def _working(facts: Mapping[str, Any], intent: OrderIntent) -> dict[str, Any]:
    """A purchase meets the cheapest own sale first, a sale the dearest own purchase."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKING, {**facts, "opposite": intent.side.opposite})
        orders, opposite, unpriced, cheapest_vnd, dearest_vnd = cursor.fetchone()
    nearest_vnd = cheapest_vnd if intent.side is Side.BUY else dearest_vnd
    return {"orders": orders, "opposite": opposite, "unpriced": unpriced, "nearest_vnd": nearest_vnd}


def _working_values(facts: Mapping[str, Any]) -> tuple[WorkingValue, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_WORKING_VALUES, facts)
        rows = cursor.fetchall()
    return tuple(WorkingValue(symbol, Side(side), vnd, unpriced) for symbol, side, vnd, unpriced in rows)


def _recent(account_id: UUID, intent: OrderIntent, actor: Actor, limits: Mapping[RuleCode, int]) -> dict[str, Any]:
    """Counted back from this statement, by the database's clock: whoever waited for the account's lock counts those
    that went before."""
    request, account = intent.request, accounts.account(account_id)
    same = timedelta(milliseconds=limits.get(RuleCode.DUPLICATE_ORDER, 0))
    asked = {
        "account_id": account_id,
        "amends": intent.amends,
        "connection_id": account.connection_id if account else None,
        "user_id": actor.id if actor.kind is ActorKind.USER else None,
        "strategy_id": intent.strategy_id or None,
        "symbol": request.symbol,
        "side": request.side,
        "order_type": request.order_type,
        "quantity": request.quantity,
        "price_vnd": request.price_vnd,
        "rate_window": RATE_WINDOW,
        "repeat_window": REPEAT_WINDOW,
        "window": max(REPEAT_WINDOW, same),
    }
    found = _named(_RECENT, asked)
    cancels = _named(_RECENT_CANCELS, asked) if limits.keys() & RATE_CODES else {}
    found |= {rate: found[rate] + count for rate, count in cancels.items()}
    age = found.pop("same_order_age")
    senders = {"strategy_rate": "strategy_id", "repeated_count": "strategy_id", "user_rate": "user_id"}
    return {
        **found,
        **{rate: None for rate, sender in senders.items() if asked[sender] is None},
        "same_order_age_ms": None if age is None else max(0, round(age / timedelta(milliseconds=1))),
    }


def _named(statement: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The one row of a statement, by the names of its columns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return dict(zip((column.name for column in cursor.description), cursor.fetchone(), strict=True))
