"""Many orders with one confirmation: what the gate would say of each, then each through the gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts.locks import lock_account
from apps.eventlog import services as eventlog
from apps.marketdata.selectors import market_state
from apps.orders.models import Basket
from apps.orders.services.access import may_trade
from apps.orders.services.answers import Submission
from apps.orders.services.checking import check_order
from apps.orders.services.plans import PlanAnswer, alone
from apps.orders.services.steps import sender_of
from apps.orders.services.submission import submit_order
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import BasketSubmitted
from qts.domain.market import to_vietnam
from qts.domain.orders import OrderRequest
from qts.domain.orders.basket import ROWS_MAX, BasketRow, basket_hash, together
from qts.domain.values import Actor, OrderType, Side

# Wall clock: whoever sends a basket has answered by then, or is dead.
LEFT_BEHIND_AFTER: Final = timedelta(seconds=10)
# The prices that somebody looked at before he confirmed are those of then.
LEFT_BEHIND_FOR_MAX: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BasketPreview:
    """`buy_vnd` is what the purchases that would pass reserve, fees included; `sell_vnd` what the sales that would pass
    are worth at their prices."""

    rows: tuple[BasketRow, ...]
    buy_vnd: int
    sell_vnd: int
    buying_power_vnd: int

    @property
    def passing_count(self) -> int:
        return sum(not row.breaches for row in self.rows)


def preview_basket(*, account_id: UUID, requests: Sequence[OrderRequest], actor: Actor, now: datetime) -> BasketPreview:
    """What the gate would say of each row now, and what the rows before it leave over. Nothing is recorded or sent.

    Raises ValueError for more rows than a basket takes.
    """
    _refuse_too_many(requests)
    state = accounts.account_state(account_id, now)
    judged = [
        BasketRow(
            request,
            _needed_vnd(request, now),
            check_order(account_id=account_id, request=request, actor=actor, now=now),
        )
        for request in requests
    ]
    sellable = {symbol: held.sellable_quantity for symbol, held in state.positions.items()}
    rows = together(judged, buying_power_vnd=state.buying_power_vnd, sellable=sellable)
    passing = [row for row in rows if not row.breaches]
    return BasketPreview(
        rows=rows,
        buy_vnd=sum(row.needed_vnd for row in passing),
        sell_vnd=sum(_value_vnd(row.request, now) for row in passing if row.request.side is Side.SELL),
        buying_power_vnd=state.buying_power_vnd,
    )


def submit_basket(
    *, account_id: UUID, requests: Sequence[OrderRequest], client_order_id: str, actor: Actor, now: datetime
) -> PlanAnswer:
    """Send every row, each through the gate in its own transaction; a row that is refused does not keep the others
    back. `breaches` of the answer are of the basket as a whole; those of a row are its order's.

    The same `client_order_id` with the same rows sends nothing twice, with other rows it is refused. What a crash left
    unsent is sent by the watcher.
    """
    _refuse_too_many(requests)
    with transaction.atomic():
        account = lock_account(account_id)
        if account is None or not may_trade(actor, account_id):
            return PlanAnswer(None, (Breach(RuleCode.ACCOUNT_NOT_FOUND),))
        basket = Basket.objects.filter(account_id=account_id, client_order_id=client_order_id).first()
        if basket is not None and basket.body_hash != basket_hash(requests):
            return PlanAnswer(None, (Breach(RuleCode.IDEMPOTENCY_KEY_REUSED),))
        if basket is None:
            basket = _record(account_id, requests, client_order_id, actor, now)
    send_rows(basket, now)
    return PlanAnswer(basket.id)


def send_rows(basket: Basket, now: datetime) -> list[Submission]:
    """Every row, whether it went out before or not: its name answers for it."""
    actor = sender_of(basket)
    done = [
        submit_order(account_id=basket.account_id, request=_request(basket, number, stored), actor=actor, now=now)
        for number, stored in enumerate(basket.rows, start=1)
    ]
    Basket.objects.filter(id=basket.id).update(status=Basket.Status.SENT)
    return done


def finish_baskets(now: datetime) -> int:
    """Send what a crash left behind of the baskets of a few minutes ago; how many. Older ones, and those of another
    day, stay as they are: nobody has confirmed them for now."""
    wall_now = datetime.now(UTC)
    behind = Basket.objects.filter(
        status=Basket.Status.SENDING,
        recorded_at__gt=wall_now - LEFT_BEHIND_FOR_MAX,
        recorded_at__lt=wall_now - LEFT_BEHIND_AFTER,
    )
    today = to_vietnam(now).date()
    due = [basket for basket in behind if to_vietnam(basket.placed_at).date() == today]
    return sum(alone(basket.id, partial(_finish, basket, now)) for basket in due)


def _finish(basket: Basket, now: datetime) -> int:
    send_rows(basket, now)
    return 1


def _refuse_too_many(requests: Sequence[OrderRequest]) -> None:
    if not 1 <= len(requests) <= ROWS_MAX:
        raise ValueError(f"a basket has 1 to {ROWS_MAX} rows, this one has {len(requests)}")


def _record(
    account_id: UUID, requests: Sequence[OrderRequest], client_order_id: str, actor: Actor, now: datetime
) -> Basket:
    basket = Basket.objects.create(
        account_id=account_id,
        client_order_id=client_order_id,
        body_hash=basket_hash(requests),
        rows=[
            [
                one.symbol,
                one.side,
                one.order_type,
                one.quantity,
                one.price_vnd,
                [list(pair) for pair in one.confirmations],
            ]
            for one in requests
        ],
        actor_kind=actor.kind,
        actor_id=actor.id,
        placed_at=now,
    )
    event = BasketSubmitted(
        plan_id=str(basket.id),
        account_id=str(account_id),
        kind="BASKET",
        symbol="",
        side="",
        quantity=len(requests),
        status=basket.status,
        ts_market_ms=round(now.timestamp() * 1000),
    )
    eventlog.record(event, actor=actor, now=now)
    return basket


def _request(basket: Basket, number: int, stored: list[Any]) -> OrderRequest:
    symbol, side, order_type, quantity, price_vnd, confirmed = stored
    confirmations = tuple((RuleCode(code), typed) for code, typed in confirmed)
    name = f"basket-{basket.id}-{number}"
    return OrderRequest(symbol, Side(side), OrderType(order_type), quantity, price_vnd, name, confirmations)


def _needed_vnd(request: OrderRequest, now: datetime) -> int:
    if request.side is Side.SELL or request.quantity <= 0:
        return 0
    return accounts.cash_to_reserve_vnd(request, _bound_vnd(request, now))


def _bound_vnd(request: OrderRequest, now: datetime) -> int:
    """The price that a purchase without a limit can reach, the one that a sale without a limit has now."""
    market = market_state(request.symbol, now)
    if market is None:
        return 0
    return market.band.ceiling_vnd if request.side is Side.BUY else market.mark_vnd


def _value_vnd(request: OrderRequest, now: datetime) -> int:
    return request.quantity * (request.price_vnd or _bound_vnd(request, now))
