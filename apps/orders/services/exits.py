"""Selling what must go. An exit is an order like any other: the gate may refuse it, and then it says why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from apps.marketdata.selectors import MarketState, market_state
from apps.orders.models import Order
from apps.orders.services.answers import Submission
from apps.orders.services.submission import answer_of, submit_order
from apps.risk.selectors import effective_limits
from qts.domain.errors import RuleCode
from qts.domain.market import admits, max_order_quantity
from qts.domain.orders import OrderRequest
from qts.domain.risk import RULES, SOFT_CODES, Typed
from qts.domain.values import Actor, ActorKind, OrderType, Side

RISK_EXIT: Final = Actor(ActorKind.SYSTEM, "risk-exit")
PARTS_MAX: Final = 20  # a larger position goes out in several requests, seconds apart
# the surest way out that the session takes; a limit order at the floor price is the last one
_TYPES: Final = (OrderType.MTL, OrderType.ATO, OrderType.ATC, OrderType.PLO, OrderType.LO)
_LARGEST: Final = (RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, RuleCode.SYMBOL_RESTRICTED)

log = structlog.get_logger(__name__)


def submit_exit(
    *, account_id: UUID, symbol: str, quantity: int, reason: str, wish: str, now: datetime
) -> list[Submission]:
    """Sell so many shares in parts that the largest order value lets pass. `wish` names the request: a repeated event
    is answered by the orders of the first one, and only what they leave is sold, in parts as large as may be by then.
    Nothing is sent while the exchange takes no orders."""
    name = f"exit-{symbol}-{wish}"
    earlier = list(Order.objects.filter(account_id=account_id, client_order_id__startswith=f"{name}-"))
    answers = [answer_of(order) for order in sorted(earlier, key=lambda order: order.recorded_at)]
    left = quantity - sum(order.quantity for order in earlier)
    market = market_state(symbol, now)
    order_type = _order_type(market) if market else None
    if market is None or order_type is None:
        log.warning("exit.no_session", account_id=str(account_id), symbol=symbol, reason=reason)
        return answers
    for number, part in enumerate(_parts(account_id, market, left), start=len(earlier)):
        request = OrderRequest(
            symbol=symbol,
            side=Side.SELL,
            order_type=order_type,
            quantity=part,
            price_vnd=market.band.floor_vnd if order_type is OrderType.LO else None,
            client_order_id=f"{name}-{number}",
        )
        request = replace(request, confirmations=_confirmed(request))
        answers.append(submit_order(account_id=account_id, request=request, actor=RISK_EXIT, now=now))
    log.info(
        "exit.submitted",
        account_id=str(account_id),
        symbol=symbol,
        reason=reason,
        statuses=[answer.status for answer in answers],
    )
    return answers


def _confirmed(request: OrderRequest) -> tuple[tuple[RuleCode, int], ...]:
    """Soft controls catch slips of the hand: equal parts in a row and a price at the floor are none here."""
    prices = {code for code in SOFT_CODES if RULES[code].typed is Typed.PRICE}
    return tuple((code, request.price_vnd or 0 if code in prices else request.quantity) for code in sorted(SOFT_CODES))


def _order_type(market: MarketState) -> OrderType | None:
    exchange, session, rules = market.instrument.exchange, market.session, market.rules
    return next((kind for kind in _TYPES if market.is_tradable and admits(rules, exchange, session, kind)), None)


def _parts(account_id: UUID, market: MarketState, quantity: int) -> Iterator[int]:
    """Round lots, each under the largest orders of the exchange and of the limits: the largest value counts at the
    dearest price there is today."""
    instrument = market.instrument
    in_force = effective_limits(account_id, instrument.symbol, exchange=instrument.exchange)
    limits = [in_force[code].limit for code in _LARGEST if code in in_force]
    if market.band.ceiling_vnd and (value := in_force.get(RuleCode.ORDER_VALUE_EXCEEDS_MAX)):
        limits.append(value.limit // market.band.ceiling_vnd)
    largest = min([max_order_quantity(market.rules, instrument.exchange, instrument.kind), *limits])
    largest = max(largest - largest % instrument.lot_size, instrument.lot_size)
    left = quantity - quantity % instrument.lot_size
    for _ in range(PARTS_MAX):
        if left <= 0:
            return
        yield min(left, largest)
        left -= largest
