"""Where every order enters: gate, reserve and record under the account's lock; it is sent after the commit."""

import time
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.orders.models import Intent, Order
from apps.orders.selectors import breach_from
from apps.orders.services import wakeup
from apps.orders.services.access import may_trade
from apps.orders.services.amending import RULES_OF_THE_MOMENT
from apps.orders.services.answers import Submission, codes, gate_record, stored
from apps.orders.services.gate_tokens import record_request
from apps.orders.services.request_ids import take_request_id
from apps.orders.services.steps import event_of
from apps.risk import services as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import OrderDenied, OrderEvent, OrderSubmitted
from qts.domain.market import next_admission, to_vietnam
from qts.domain.orders import OrderIntent, OrderRequest, Status
from qts.domain.values import Actor, Exchange, OrderType, Side
from qts.observability.crash_points import passing
from qts.observability.metrics import GATE_REFUSALS, ORDERS

_RULES_OF_THE_DAY: Final = frozenset({RuleCode.PRICE_ABOVE_CEILING, RuleCode.PRICE_BELOW_FLOOR})

_NAMED: Final = "SELECT * FROM orders_order WHERE account_id = %s AND client_order_id = %s"  # written out: each asks it


def submit_order(
    *,
    account_id: UUID,
    request: OrderRequest,
    actor: Actor,
    now: datetime,
    decision_id: UUID | None = None,
    strategy_id: str = "",
    caused_by_received_ns: int | None = None,
) -> Submission:
    """Gate, reserve and record one order; the gateway sends it after the commit.

    The same `client_order_id` with the same content is answered as it was the first time, with other content it is
    refused. A refusal is recorded with all its reasons; nothing is reserved and nothing is sent for it.
    `caused_by_received_ns` is when the market message behind it was received (wall clock), for the latency figures.
    A request that `holds` is recorded and waits where the exchange takes it only later, today or on the next trading
    day; it reserves nothing meanwhile and goes to the gate again then.
    """
    with transaction.atomic(savepoint=False):
        account = lock_account(account_id)
        if account is None or not may_trade(actor, account_id):
            return _refuse_without_order(account_id, request, RuleCode.ACCOUNT_NOT_FOUND, actor, now)
        known = next(iter(Order.objects.raw(_NAMED, [account_id, request.client_order_id])), None)
        if known is not None:
            return _answer_again(known, request, actor, now)
        intent = _intent(request, strategy_id, caused_by_received_ns)
        judged = risk.judge(account_id=account_id, intent=intent, now=now, actor=actor)
        passing("submit.judged")
        release_at = _release_at(intent, judged.breaches, now) if request.holds else None
        breaches = () if release_at else judged.breaches
        order = judge_as_submitted(account_id, intent, breaches, actor, now)
        order.connection_id, order.decision_id, order.gate = account.connection_id, decision_id, gate_record(judged)
        if breaches:
            record_refusal(order, actor, now)
        elif release_at is not None:
            order.release_at, order.trading_day = release_at, release_at.date()
            _save_with_event(order, OrderSubmitted, actor, now)
        else:
            reserve_for(order, request, now)
            passing("submit.reserved")
            _save_with_event(order, OrderSubmitted, actor, now)
            passing("submit.recorded")
            queue_placing(order, account.number, caused_by_received_ns)
            passing("submit.queued")
    passing("submit.committed")
    for breach in breaches:
        GATE_REFUSALS.labels(code=breach.code).inc()
    return Submission(order.id, Status(order.status), breaches)


def _intent(request: OrderRequest, strategy_id: str, caused_by_received_ns: int | None) -> OrderIntent:
    security = marketdata.security(request.symbol)
    age_ms = None if caused_by_received_ns is None else max(0, time.time_ns() - caused_by_received_ns) // 1_000_000
    return OrderIntent(request, security.instrument if security else None, strategy_id, age_ms)


def _release_at(intent: OrderIntent, breaches: tuple[Breach, ...], now: datetime) -> datetime | None:
    """When an order that only the moment keeps back may go out, in Vietnam's time; None when it is refused, or may go
    now. The price band of another day is not known yet."""
    codes = {breach.code for breach in breaches}
    if RuleCode.SESSION_FORBIDS_ORDER_TYPE not in codes or intent.instrument is None:
        return None
    exchange = intent.instrument.exchange
    calendar = marketdata.trading_calendar()
    release_at = next_admission(marketdata.rule_history(), exchange, intent.order_type, now, calendar)
    if release_at is None:
        return None
    is_today = release_at.date() == to_vietnam(now).date()
    excused = RULES_OF_THE_MOMENT if is_today else RULES_OF_THE_MOMENT | _RULES_OF_THE_DAY
    return release_at if codes <= excused else None


def judge_as_submitted(
    account_id: UUID, intent: OrderIntent, breaches: tuple[Breach, ...], actor: Actor, now: datetime
) -> Order:
    """The row to be saved, without the ways it came and shall go."""
    request = intent.request
    return Order(
        account_id=account_id,
        client_order_id=request.client_order_id,
        body_hash=request.body_hash,
        trading_day=to_vietnam(now).date(),
        symbol=request.symbol,
        exchange=intent.instrument.exchange if intent.instrument else "",
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        price_vnd=request.price_vnd,
        status=Status.DENIED if breaches else Status.PENDING,
        breaches=[stored(breach) for breach in breaches],
        reason=codes(breaches),
        strategy_id=intent.strategy_id,
        actor_kind=actor.kind,
        actor_id=actor.id,
        submitted_at=now,
        updated_at=now,
    )


def record_refusal(order: Order, actor: Actor, now: datetime) -> None:
    _save_with_event(order, OrderDenied, actor, now)


def reserve_for(order: Order, request: OrderRequest, now: datetime) -> None:
    """Money or shares, and the number under which the broker will know it."""
    ceiling_vnd = _ceiling_vnd(request, now)
    is_future = order.exchange == Exchange.VNFE
    ledger.reserve(
        account_id=order.account_id,
        order_id=order.id,
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        amount_vnd=0 if is_future else accounts.cash_to_reserve_vnd(request, ceiling_vnd),
        price_vnd=accounts.dearest_price_vnd(request, ceiling_vnd),
        now=now,
    )
    order.request_id = take_request_id(order.connection_id, order.trading_day, now)


def queue_placing(order: Order, account_number: str, caused_by_received_ns: int | None = None) -> None:
    """Make the intent to place a recorded order; inside the caller's transaction."""
    record_request(
        Intent(
            order=order,
            kind=Intent.Kind.PLACE,
            connection_id=order.connection_id,
            trading_day=order.trading_day,
            request_id=order.request_id,
            account_number=account_number,
            caused_by_received_ns=caused_by_received_ns,
        )
    )
    wakeup.ring(order.connection_id)


def _ceiling_vnd(request: OrderRequest, now: datetime) -> int:
    """Asked for only where it bounds what the order may cost: a purchase without a limit price."""
    if request.side is Side.SELL or request.order_type is OrderType.LO:
        return 0
    state = marketdata.market_state(request.symbol, now)
    if state is None:
        raise ValueError(f"{request.symbol} left the list of securities while its order was being recorded")
    return state.band.ceiling_vnd


def _answer_again(known: Order, request: OrderRequest, actor: Actor, now: datetime) -> Submission:
    if known.body_hash != request.body_hash:
        return _refuse_without_order(known.account_id, request, RuleCode.IDEMPOTENCY_KEY_REUSED, actor, now)
    return answer_of(known)


def answer_of(order: Order) -> Submission:
    """As its submission was answered, with the state that it has now."""
    return Submission(order.id, Status(order.status), tuple(breach_from(stored) for stored in order.breaches))


def _refuse_without_order(
    account_id: UUID, request: OrderRequest, code: RuleCode, actor: Actor, now: datetime
) -> Submission:
    """There is no row to refuse, or another order has its name: the event log alone remembers."""
    refusal = OrderDenied(
        order_id="",
        account_id=str(account_id),
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        status=Status.DENIED,
        quantity=request.quantity,
        filled_quantity=0,
        price_vnd=request.price_vnd or 0,
        reason=code,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    eventlog.record(refusal, actor=actor, now=now)
    return Submission(None, Status.DENIED, (Breach(code),))


def _save_with_event(order: Order, kind: type[OrderEvent], actor: Actor, now: datetime) -> None:
    order.first_event_id = order.last_event_id = eventlog.record(event_of(kind, order, now=now), actor=actor, now=now)
    order.save(force_insert=True)
    ORDERS.labels(status=order.status).inc()
