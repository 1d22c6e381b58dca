"""One thing to the broker: claimed and committed first, then sent, then its answer written down."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.accounts.locks import lock_account
from apps.marketdata import selectors as marketdata
from apps.orders.locks import lock_next_intent, lock_order
from apps.orders.models import GatewayState, Intent, Order
from apps.orders.services.amending import take_back_amendment
from apps.orders.services.broker import LEASE_TTL_S
from apps.orders.services.broker_events import refuse_locked
from apps.orders.services.cancelling import stopped_by, withdraw
from apps.orders.services.steps import GATEWAY, take_step
from apps.risk import selectors as risk
from qts.adapters.ssi.http import MaySend
from qts.adapters.ssi.signing import SignatureRefused
from qts.adapters.ssi.trading import Accepted, AmbiguousSend, Answer, NotSent, TradingClient
from qts.adapters.ssi.trading_codec import Market
from qts.domain.errors import RuleCode, TerminalError, TransientError
from qts.domain.events import OrderSent, OrderSubmitted, OrderUnknown
from qts.domain.market import admits, may_amend, session_at, to_vietnam
from qts.domain.orders import TERMINAL, OrderTrigger, Status
from qts.domain.values import Exchange, OrderType, Side
from qts.observability.crash_points import passing
from qts.observability.metrics import ORDER_ROUND_TRIP_MS, TICK_TO_ORDER_MS

log = structlog.get_logger(__name__)

# From the claim to the first byte, counted by who claimed.
CLAIM_AGE_S_MAX = LEASE_TTL_S / 2
# The same counted by a successor, with room for two clocks: from then on nothing of a former gateway's claim leaves any
# more, and what the order book does not show may begin to count as absent.
CLAIM_OVER_S = CLAIM_AGE_S_MAX + 1.0
# An order that could not leave for so long was meant for another market: the broker was away or the queue too long.
ORDER_AGE_S_MAX = 60.0


class FenceDown(TransientError):
    """A newer gateway has claimed for this connection: whatever this one believes, it must not send."""


class Unreachable(TransientError):
    """Nothing was sent, and the next one would fare no better: the broker is away or refuses our log-in."""


class Turn(Protocol):
    """The right to send: a slice under a lease, or what a person took over without one."""

    @property
    def epoch(self) -> int | None: ...

    def goes_on(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """An intent that is ours to send, committed; or one that must not leave any more, and why (`obstacle`).
    `claimed_at_s` is of the monotonic clock, before the commit."""

    intent: Intent
    order: Order
    claimed_at_s: float
    obstacle: RuleCode | None = None


def send_next(connection_id: UUID, turn: Turn, client: TradingClient, now: datetime) -> bool:
    """Send the next due intent; False when there is none.

    Raises FenceDown when another gateway has taken over, Unreachable when the broker could not be reached at all; the
    intent is then due again, for it was proved not to have left.
    """
    claim = _claim(connection_id, turn, now)
    if claim is None:
        return False
    if claim.obstacle is not None:
        _withdraw(claim, claim.obstacle, now)
        return True
    if claim.intent.state == Intent.State.WITHDRAWN:
        return True

    def may_send() -> bool:
        return turn.goes_on() and time.monotonic() - claim.claimed_at_s <= CLAIM_AGE_S_MAX

    if not may_send():
        reason = "the claim is too old to be sent"
        _take_back(claim.intent, claim.order, reason, now)
        raise FenceDown(reason)
    _send(claim, client, may_send, now)
    return True


def fence(connection_id: UUID, epoch: int) -> None:
    """Refuse to go on behind a newer epoch. The row stays locked until the caller's transaction ends."""
    passed = GatewayState.objects.filter(connection_id=connection_id, epoch__lte=epoch).update(
        epoch=epoch, seen_at=Now()
    )
    if not passed:
        raise FenceDown(f"epoch {epoch} is over for connection {connection_id}")


def doubt_stale_claims(connection_id: UUID, epoch: int, now: datetime) -> int:
    """Claims of former gateways without an answer: they may have been sent. How many.

    At once, for to ask about them does no harm; to find them absent is another matter (`Resolver`)."""
    stale = Intent.objects.filter(
        connection_id=connection_id, state=Intent.State.CLAIMED, claimed_epoch__lt=epoch
    ).values_list("id", "order_id")
    doubted = list(stale)
    for intent_id, order_id in doubted:
        _lose_answer(intent_id, order_id, "the gateway ended before the answer came", now)
    return len(doubted)


def _claim(connection_id: UUID, turn: Turn, now: datetime) -> Claim | None:
    """What is claimed is committed as sent before the network is touched, so that a crash leaves a trace."""
    claimed_at_s = time.monotonic()
    if turn.epoch is None:
        raise FenceDown("the lease is lost")
    with transaction.atomic():
        fence(connection_id, turn.epoch)
        passing("claim.fenced")
        intent = lock_next_intent(connection_id, to_vietnam(now).date())
        if intent is None:
            return None
        passing("claim.locked")
        order = intent.order
        obstacle = None if intent.kind == Intent.Kind.CANCEL else _obstacle(intent, order, now)
        if obstacle is not None and order.status not in TERMINAL:
            return Claim(intent, order, claimed_at_s, obstacle)
        if intent.kind == Intent.Kind.PLACE:
            order.sent_at = now
            take_step(order, OrderTrigger.SEND, announce=OrderSent, actor=GATEWAY, now=now)
            passing("claim.stepped")
        elif order.status in TERMINAL:
            intent.state = Intent.State.WITHDRAWN
            intent.save(update_fields=["state"])
            return Claim(intent, order, claimed_at_s)
        intent.state = Intent.State.CLAIMED
        Intent.objects.filter(id=intent.id).update(
            state=intent.state, claimed_epoch=turn.epoch, claimed_at=Now(), attempts=F("attempts") + 1
        )
        passing("claim.written")
    passing("claim.committed")
    return Claim(intent, order, claimed_at_s)


def _obstacle(intent: Intent, order: Order, now: datetime) -> RuleCode | None:
    """What has changed since the gate let the order pass. An order waits here while the broker is away."""
    exchange = Exchange(order.exchange)
    is_sale = order.side == Side.SELL
    if risk.is_killed(order.account_id, order.strategy_id, reducing=is_sale, **stopped_by(order)):
        return RuleCode.KILL_SWITCH_ENGAGED
    if (datetime.now(UTC) - intent.recorded_at).total_seconds() > ORDER_AGE_S_MAX:
        return RuleCode.NOT_SENT_IN_TIME
    rules = marketdata.rules_at(now)
    session, order_type = session_at(rules, exchange, now), OrderType(order.order_type)
    if intent.kind == Intent.Kind.AMEND:
        return None if may_amend(rules, exchange, session, order_type) else RuleCode.SESSION_FORBIDS_AMEND
    return None if admits(rules, exchange, session, order_type) else RuleCode.SESSION_FORBIDS_ORDER_TYPE


def _withdraw(claim: Claim, reason: RuleCode, now: datetime) -> None:
    with transaction.atomic():
        lock_account(claim.order.account_id)
        current = lock_order(claim.order.id)
        if claim.intent.kind == Intent.Kind.AMEND:
            take_back_amendment(current, reason, now)
        elif current.status == Status.PENDING:
            withdraw(current, reason=reason, actor=GATEWAY, now=now)


def _send(claim: Claim, client: TradingClient, may_send: MaySend, now: datetime) -> None:
    intent, order = claim.intent, claim.order
    try:
        answer = _call(intent, order, client, may_send)
    except AmbiguousSend as error:
        _lose_answer(intent.id, order.id, str(error), now)
        return
    except NotSent as error:  # asleep between the claim and the first byte
        _take_back(intent, order, str(error), now)
        raise FenceDown(str(error)) from error
    except SignatureRefused as error:  # asked again it would be refused again, and keep all others from leaving
        log.exception("signature_refused", intent_id=intent.id, order_id=str(order.id), reason=str(error))
        _refuse(intent, order, str(error), now)
        return
    except (TransientError, TerminalError) as error:
        _take_back(intent, order, str(error), now)
        raise Unreachable(str(error)) from error
    passing("call.answered")
    if isinstance(answer, Accepted):
        _write_answer(intent, answer)
        passing("answer.written")
    elif answer.over_quota:
        _take_back(intent, order, answer.message, now)
    else:
        _refuse(intent, order, f"{answer.code}: {answer.message}", now)


def _call(intent: Intent, order: Order, client: TradingClient, may_send: MaySend) -> Answer:
    market: Market = "VNFE" if order.exchange == Exchange.VNFE else "VN"
    if intent.kind == Intent.Kind.CANCEL:
        return client.cancel_order(
            account=intent.account_number,
            request_id=intent.request_id,
            order_id=order.broker_order_id,
            symbol=order.symbol,
            side=Side(order.side),
            market=market,
            may_send=may_send,
            gate_token=intent.gate_token,
        )
    if intent.kind == Intent.Kind.AMEND:
        return client.modify_order(
            account=intent.account_number,
            request_id=intent.request_id,
            order_id=order.broker_order_id,
            symbol=order.symbol,
            side=Side(order.side),
            order_type=OrderType(order.order_type),
            price_vnd=intent.price_vnd,
            quantity=intent.quantity or order.quantity,
            market=market,
            may_send=may_send,
            gate_token=intent.gate_token,
        )
    return client.new_order(
        account=intent.account_number,
        request_id=intent.request_id,
        symbol=order.symbol,
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        price_vnd=order.price_vnd,
        quantity=order.quantity,
        market=market,
        may_send=may_send,
        gate_token=intent.gate_token,
    )


def _write_answer(intent: Intent, answer: Accepted) -> None:
    """The broker has it. What the exchange makes of it comes on the order stream, which may have been faster."""
    Intent.objects.filter(id=intent.id, state=Intent.State.CLAIMED).update(
        state=Intent.State.ANSWERED, answered_at=Now(), transmitted_ns=answer.sent_at_ns
    )
    Intent.objects.filter(id=intent.id, transmitted_ns__isnull=True).update(transmitted_ns=answer.sent_at_ns)
    ORDER_ROUND_TRIP_MS.observe((answer.answered_at_ns - answer.sent_at_ns) / 1_000_000)
    if intent.kind == Intent.Kind.PLACE and intent.caused_by_received_ns is not None:
        TICK_TO_ORDER_MS.observe((answer.sent_at_ns - intent.caused_by_received_ns) / 1_000_000)


def _refuse(intent: Intent, order: Order, reason: str, now: datetime) -> None:
    with transaction.atomic():
        lock_account(order.account_id)
        current = lock_order(order.id)
        passing("refusal.locked")
        refuse_locked(current, intent, reason, now)
        passing("refusal.written")
    passing("refusal.committed")


def _lose_answer(intent_id: int, order_id: UUID, reason: str, now: datetime) -> None:
    """It may have arrived. The stream may have told already; then there is nothing to doubt."""
    with transaction.atomic():
        order = lock_order(order_id)
        lost = Intent.objects.filter(id=intent_id, state=Intent.State.CLAIMED)
        doubt = {"answer": reason[:500], "doubt": reason[:500], "doubted_at": Now()}
        if lost.update(state=Intent.State.UNKNOWN, **doubt) and order.status == Status.SENT:
            take_step(order, OrderTrigger.ANSWER_LOST, announce=OrderUnknown, actor=GATEWAY, now=now, reason=reason)
        passing("doubt.written")
    passing("doubt.committed")
    log.warning("order_answer_lost", intent_id=intent_id, order_id=str(order_id), reason=reason)


def _take_back(intent: Intent, order: Order, reason: str, now: datetime) -> None:
    """Proved not to have been accepted: due again in a second."""
    with transaction.atomic():
        current = lock_order(order.id)
        Intent.objects.filter(id=intent.id, state=Intent.State.CLAIMED).update(
            state=Intent.State.READY, not_before=Now() + timedelta(seconds=1), answer=reason[:500]
        )
        if intent.kind == Intent.Kind.PLACE and current.status == Status.SENT:
            take_step(
                current,
                OrderTrigger.NOT_TRANSMITTED,
                announce=OrderSubmitted,
                actor=GATEWAY,
                now=now,
                reason=f"not sent yet: {reason}",
            )
        passing("takeback.written")
    log.warning("order_not_transmitted", intent_id=intent.id, order_id=str(order.id), reason=reason)
