"""Orders that are recorded and not sent yet: until a session takes them, or until the order that they replace is over.

They reserve nothing while they are held; the gate judges them when they are entered and again when they go out.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_order
from apps.orders.models import Order
from apps.orders.services.access import may_trade
from apps.orders.services.amending import RULES_OF_THE_MOMENT
from apps.orders.services.answers import Submission, codes, gate_record
from apps.orders.services.apart import act_on_each
from apps.orders.services.cancelling import request_cancel, withdraw
from apps.orders.services.steps import event_of, sender_of
from apps.orders.services.submission import judge_as_submitted, queue_placing, record_refusal, reserve_for
from apps.risk import services as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import OrderSubmitted
from qts.domain.market import to_vietnam
from qts.domain.orders import TERMINAL, OrderIntent, OrderRequest, Status
from qts.domain.values import Actor, ActorKind, OrderType, Side

HELD_ORDER: Final = Actor(ActorKind.SYSTEM, "held-order")
RELEASED_MAX: Final = 50
# Market data may come a moment after the session begins; an order that cannot go out for so long missed its moment.
PATIENCE: Final = timedelta(minutes=5)
REPLACED_FILLED: Final = "the order that it replaces was filled"
CANCEL_REFUSED: Final = "the order that it replaces was not cancelled"
_WORKS_ON: Final = frozenset({Status.OPEN, Status.PARTIALLY_FILLED})


def request_replace(
    *, order_id: UUID, quantity: int, price_vnd: int, client_order_id: str, actor: Actor, now: datetime
) -> Submission:
    """Cancel a limit order and place another in its stead, for what the exchange does not amend: price and quantity
    together. `quantity` is the whole, shares that were filled by then included; the place in the queue is lost.

    The new order goes out when the old one is over, without what was filled. Nothing is done where the gate refuses it.
    """
    old = Order.objects.filter(id=order_id).first()
    if old is None or not may_trade(actor, old.account_id):
        return Submission(None, Status.DENIED, (Breach(RuleCode.ORDER_NOT_FOUND),))
    request = OrderRequest(old.symbol, Side(old.side), OrderType.LO, quantity, price_vnd, client_order_id)
    with transaction.atomic():
        lock_account(old.account_id)
        known = Order.objects.filter(account_id=old.account_id, client_order_id=client_order_id).first()
        if known is not None:
            same = known.body_hash == request.body_hash and known.replaces_id == order_id
            refused = () if same else (Breach(RuleCode.IDEMPOTENCY_KEY_REUSED),)
            return Submission(known.id if same else None, Status(known.status), refused)
        return _replace_locked(lock_order(order_id), request, actor, now)


def release_held_orders(connection_id: UUID, now: datetime, *, can_leave: bool = True) -> int:
    """Send those whose moment has come, where the gate lets them pass now; how many. The rest comes next time.

    While nothing can leave they wait as long as patience lasts."""
    due = Order.objects.filter(connection_id=connection_id, status=Status.PENDING, release_at__lte=now)
    if not can_leave:
        late = due.filter(replaces__isnull=True, release_at__lte=now - PATIENCE).values_list("account_id", "id")
        act_on_each(list(late[:RELEASED_MAX]), _give_up, what="held order", connection_id=connection_id, now=now)
        return 0
    ids = list(due.order_by("release_at", "recorded_at").values_list("account_id", "id")[:RELEASED_MAX])
    return act_on_each(ids, _release, what="held order", connection_id=connection_id, now=now)


def _give_up(account_id: UUID, order_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        lock_account(account_id)
        order = lock_order(order_id)
        if order.status != Status.PENDING or order.release_at is None:
            return False
        withdraw(order, reason=RuleCode.NOT_SENT_IN_TIME, actor=HELD_ORDER, now=now)
    return True


def _replace_locked(old: Order, request: OrderRequest, actor: Actor, now: datetime) -> Submission:
    refusal = _not_replaceable(old, request)
    if refusal is not None:
        return Submission(None, Status(old.status), (refusal,))
    intent = _intent_of(request, old, request.quantity - old.filled_quantity, old.id)
    judged = risk.judge(account_id=old.account_id, intent=intent, now=now, actor=actor)
    breaches = tuple(breach for breach in judged.breaches if breach.code not in RULES_OF_THE_MOMENT)
    order = judge_as_submitted(old.account_id, intent, breaches, actor, now)
    order.gate = gate_record(judged)
    order.quantity, order.body_hash = request.quantity, request.body_hash
    order.connection_id, order.replaces_id, order.strategy_id = old.connection_id, old.id, old.strategy_id
    if breaches:
        record_refusal(order, actor, now)
        return Submission(order.id, Status.DENIED, breaches)
    answer = request_cancel(order_id=old.id, actor=actor, now=now)
    if not answer.accepted:
        return Submission(None, Status(old.status), answer.breaches)
    order.release_at = now
    _record(order, OrderSubmitted, actor, now)
    return Submission(order.id, Status(order.status))


def _not_replaceable(old: Order, request: OrderRequest) -> Breach | None:
    if old.status in TERMINAL or old.status == Status.PENDING or old.cancel_wanted:
        return Breach(RuleCode.ORDER_NOT_AMENDABLE, detail=f"it is {old.status}")
    if old.order_type != OrderType.LO:
        return Breach(RuleCode.ORDER_NOT_AMENDABLE, detail=f"it is an {old.order_type} order")
    if request.quantity <= old.filled_quantity:
        return Breach(RuleCode.QUANTITY_NOT_ABOVE_FILLED, limit=old.filled_quantity, actual=request.quantity)
    return None


def _release(account_id: UUID, order_id: UUID, now: datetime) -> bool:
    with transaction.atomic():
        account = lock_account(account_id)
        order = lock_order(order_id)
        if account is None or order.status != Status.PENDING or order.release_at is None:
            return False
        if order.replaces is not None and not _take_the_place(order, order.replaces, now):
            return False
        request = OrderRequest(
            order.symbol, Side(order.side), OrderType(order.order_type), order.quantity, order.price_vnd, ""
        )
        intent = _intent_of(request, order, order.quantity, order.id)
        judged = risk.judge(account_id=account_id, intent=intent, now=now, actor=sender_of(order))
        if judged.breaches:
            _wait_or_give_up(order, judged.breaches, now)
            return False
        order.release_at, order.trading_day, order.gate = None, to_vietnam(now).date(), gate_record(judged)
        reserve_for(order, request, now)
        _record(order, OrderSubmitted, HELD_ORDER, now, reason="released")
        queue_placing(order, account.number)
    return True


def _take_the_place(order: Order, old: Order, now: datetime) -> bool:
    """Whether the replaced order is over; then its own takes what that left. It is given up where nothing is left, or
    where the cancel came to nothing."""
    if old.status in TERMINAL and old.reported_filled_quantity <= old.filled_quantity:
        left = order.quantity - old.filled_quantity
        if left <= 0:
            withdraw(order, reason=REPLACED_FILLED, actor=HELD_ORDER, now=now)
            return False
        order.quantity = left
        return True
    if old.status in _WORKS_ON and not old.cancel_wanted:
        withdraw(order, reason=CANCEL_REFUSED, actor=HELD_ORDER, now=now)
    return False


def _wait_or_give_up(order: Order, breaches: tuple[Breach, ...], now: datetime) -> None:
    only_the_moment = all(breach.code in RULES_OF_THE_MOMENT for breach in breaches)
    since = order.release_at or now
    if only_the_moment and now - since < PATIENCE:
        return
    withdraw(order, reason=codes(breaches), actor=HELD_ORDER, now=now)


def _intent_of(request: OrderRequest, order: Order, quantity: int, amends: UUID) -> OrderIntent:
    """As the gate is to judge it: `quantity` is what may still trade, and `amends` does not count against it."""
    security = marketdata.security(request.symbol)
    asked = OrderRequest(
        request.symbol, request.side, request.order_type, quantity, request.price_vnd, request.client_order_id
    )
    return OrderIntent(asked, security.instrument if security else None, order.strategy_id, amends=amends)


def _record(order: Order, kind: type[OrderSubmitted], actor: Actor, now: datetime, reason: str = "") -> None:
    order.reason, order.updated_at = reason, now
    event_id = eventlog.record(event_of(kind, order, now=now), actor=actor, now=now)
    order.first_event_id, order.last_event_id = order.first_event_id or event_id, event_id
    order.save()
