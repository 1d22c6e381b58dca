"""What the gate is told about an account's orders: at most five short statements, and one where no limit asks more."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Sum
from django.db.models.functions import Now

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_today
from apps.orders.models import ForeignOrder, Intent, Order
from apps.orders.selectors import OPEN_STATUSES
from apps.orders.services.access import may_trade
from apps.risk.services import DAY_CODES, RATE_CODES, RECENT_CODES, WORKING_VALUE_CODES, OrderFacts, WorkingValue
from qts.domain.errors import RuleCode
from qts.domain.orders import OrderIntent, Status
from qts.domain.risk import ActivityFacts
from qts.domain.values import Actor, ActorKind, Side

RATE_WINDOW = timedelta(seconds=1)
REPEAT_WINDOW = timedelta(minutes=1)
_WORKING = Q(status__in=OPEN_STATUSES)
_OPEN = [str(status) for status in OPEN_STATUSES]
# What an order that was placed elsewhere is called at the broker while it may still trade.
FOREIGN_OPEN = frozenset({"WA", "RS", "SD", "QU", "PF", "WM", "WC", "IAV", "SOR", "SOS", "SOI"})
# asked for every order; the rest only where a limit wants it
_WORKING_SQL = """
    WITH working AS (
        SELECT price_vnd, symbol = %(symbol)s AND side = %(side)s AS meets
        FROM orders_order
        WHERE account_id = %(account_id)s AND status = ANY(%(open)s) AND id IS DISTINCT FROM %(amends)s::uuid
        UNION ALL
        SELECT NULLIF(price_vnd, 0), symbol = %(symbol)s AND side = %(side)s
        FROM orders_foreignorder
        WHERE (connection_id, account_number) IN (
            SELECT connection_id, number FROM accounts_brokerageaccount WHERE id = %(account_id)s
        ) AND trading_day = %(today)s AND broker_status = ANY(%(foreign_open)s)
    )
    SELECT count(*), count(*) FILTER (WHERE meets), count(*) FILTER (WHERE meets AND price_vnd IS NULL),
           min(price_vnd) FILTER (WHERE meets), max(price_vnd) FILTER (WHERE meets)
    FROM working
"""
_REMAINING = F("quantity") - F("filled_quantity")


def order_facts(
    *, account_id: UUID, intent: OrderIntent, actor: Actor, limits: Mapping[RuleCode, int], asks_right: bool
) -> OrderFacts:
    """The reader that the gate is given; see `apps.risk.services.facts_orders`."""
    asked = limits.keys()
    working = _working(account_id, intent)
    activity: dict[str, Any] = {
        "opposite_count": working["opposite"],
        "opposite_unpriced_count": working["unpriced"],
        "opposite_price_vnd": working["nearest_vnd"],
        "signal_age_ms": intent.signal_age_ms,
        "actor_may_trade": not asks_right or may_trade(actor, account_id),
    }
    if asked & DAY_CODES:
        activity |= _day(account_id, intent)
    if asked & RECENT_CODES:
        activity |= _recent(account_id, intent, actor, limits)
    values = _working_values(account_id, intent.amends) if asked & WORKING_VALUE_CODES else ()
    return OrderFacts(working["orders"], ActivityFacts(**activity), values)


def _working(account_id: UUID, intent: OrderIntent) -> dict[str, Any]:
    """A purchase meets the cheapest own sale first, a sale the dearest own purchase."""
    asked: dict[str, Any] = {
        "account_id": account_id,
        "open": _OPEN,
        "symbol": intent.symbol,
        "side": intent.side.opposite,
        "amends": intent.amends,
        "today": market_today(),
        "foreign_open": sorted(FOREIGN_OPEN),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WORKING_SQL, asked)
        orders, opposite, unpriced, cheapest_vnd, dearest_vnd = cursor.fetchone()
    nearest_vnd = cheapest_vnd if intent.side is Side.BUY else dearest_vnd
    return {"orders": orders, "opposite": opposite, "unpriced": unpriced, "nearest_vnd": nearest_vnd}


def _working_values(account_id: UUID, amends: UUID | None) -> tuple[WorkingValue, ...]:
    rows = (
        Order.objects.filter(_WORKING, _others(amends), account_id=account_id)
        .order_by()
        .values_list("symbol", "side")
        .annotate(
            priced_vnd=Sum(_REMAINING * F("price_vnd"), default=0),
            unpriced_quantity=Sum(_REMAINING, filter=Q(price_vnd=None), default=0),
        )
    )
    found = (*rows, *_foreign_values(account_id))
    return tuple(WorkingValue(symbol, Side(side), int(vnd), int(unpriced)) for symbol, side, vnd, unpriced in found)


def _foreign_values(account_id: UUID) -> Iterable[tuple[str, str, int, int]]:
    """Of orders that were placed by phone or by another program: they take from the same limits."""
    account = accounts.account(account_id)
    if account is None:
        return ()
    return (
        ForeignOrder.objects.filter(
            connection_id=account.connection_id,
            account_number=account.number,
            trading_day=market_today(),
            broker_status__in=FOREIGN_OPEN,
        )
        .order_by()
        .values_list("symbol", "side")
        .annotate(
            priced_vnd=Sum(_REMAINING * F("price_vnd"), default=0),
            unpriced_quantity=Sum(_REMAINING, filter=Q(price_vnd=0), default=0),
        )
    )


def _others(amends: UUID | None) -> Q:
    """Than the order in whose place the judged one would stand."""
    return Q() if amends is None else ~Q(id=amends)


def _day(account_id: UUID, intent: OrderIntent) -> dict[str, Any]:
    """Of the market's trading day. What was refused here never reached the market and does not count."""
    symbol, others = intent.symbol, _others(intent.amends)
    sums = (
        Order.objects.filter(account_id=account_id, trading_day=market_today())
        .exclude(status=Status.DENIED)
        .aggregate(
            day_order_count=Count("id"),
            day_trade_count=Count("id", filter=Q(filled_quantity__gt=0)),
            day_value_vnd=Sum("filled_value_vnd", default=0),
            filled=Sum("filled_quantity", filter=Q(symbol=symbol), default=0),
            works=Sum(_REMAINING, filter=Q(symbol=symbol) & _WORKING & others, default=0),
        )
    )
    return {**_whole(sums), "day_symbol_quantity": int(sums["filled"] + sums["works"])}


def _whole(sums: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(sums[name]) for name in ("day_order_count", "day_trade_count", "day_value_vnd")}


def _recent(account_id: UUID, intent: OrderIntent, actor: Actor, limits: Mapping[RuleCode, int]) -> dict[str, Any]:
    """Counted from the start of this transaction back, by the database's clock: whoever waited for the account's lock
    counts those that went before."""
    same = timedelta(milliseconds=limits.get(RuleCode.DUPLICATE_ORDER, 0))
    rows = Order.objects.filter(_others(intent.amends), recorded_at__gt=Now() - max(REPEAT_WINDOW, same))
    account = accounts.account(account_id)
    senders = _senders(account_id, account.connection_id if account else None, intent, actor)
    found = rows.aggregate(**_counts(senders), **_alike(account_id, intent))
    changes = _changes(senders) if limits.keys() & RATE_CODES else {}
    rates = {name: found[name] + changes.get(name, 0) for name in senders}
    age = found["same_age"]
    return {
        **rates,
        "repeated_count": found["repeated"] if intent.strategy_id else None,
        "same_order_age_ms": None if age is None else max(0, round(age / timedelta(milliseconds=1))),
    }


def _senders(account_id: UUID, connection_id: UUID | None, intent: OrderIntent, actor: Actor) -> dict[str, Q]:
    """Whose orders count towards each rate; one that the order does not have is left out."""
    senders = {"account_rate": Q(account_id=account_id), "broker_rate": Q(connection_id=connection_id)}
    if actor.kind is ActorKind.USER:
        senders["user_rate"] = Q(actor_kind=actor.kind, actor_id=actor.id)
    if intent.strategy_id:
        senders["strategy_rate"] = Q(strategy_id=intent.strategy_id)
    return senders


def _counts(senders: Mapping[str, Q]) -> dict[str, Count]:
    within = Q(recorded_at__gt=Now() - RATE_WINDOW)
    return {name: Count("id", filter=sender & within) for name, sender in senders.items()}


def _alike(account_id: UUID, intent: OrderIntent) -> dict[str, Any]:
    request = intent.request
    alike = Q(symbol=request.symbol, side=request.side)
    repeated = alike & Q(strategy_id=intent.strategy_id, recorded_at__gt=Now() - REPEAT_WINDOW)
    same = alike & Q(account_id=account_id, order_type=request.order_type, quantity=request.quantity)
    same &= Q(price_vnd=request.price_vnd) & ~Q(status=Status.DENIED)
    age = ExpressionWrapper(Now() - Max("recorded_at", filter=same), output_field=DurationField())
    return {"repeated": Count("id", filter=repeated), "same_age": age}


def _changes(senders: Mapping[str, Q]) -> dict[str, int]:
    """A cancel or an amendment is a message too, on the account of whoever sent its order."""
    rows: QuerySet[Order] = Order.objects.filter(
        intents__kind__in=[Intent.Kind.CANCEL, Intent.Kind.AMEND], intents__recorded_at__gt=Now() - RATE_WINDOW
    )
    return rows.aggregate(**{name: Count("intents__id", filter=sender) for name, sender in senders.items()})
