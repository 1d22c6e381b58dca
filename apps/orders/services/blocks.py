"""A block: one decision for several accounts, shared out before it is sent.

A fill belongs to the account that sent its order: SSI keeps no account of a desk, and nothing can be moved between
accounts afterwards (docs/adr/0025). So the shares are allotted first, in whole lots, and each account sends an order
of its own through the gate. What the accounts paid then differs by what the exchange gave them; the difference to the
block's average is told to the dong and booked nowhere.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountState
from apps.eventlog import services as eventlog
from apps.marketdata.selectors import market_state, security
from apps.orders.models import Block
from apps.orders.services.access import may_trade
from apps.orders.services.answers import Submission
from apps.orders.services.baskets import LEFT_BEHIND_AFTER, LEFT_BEHIND_FOR_MAX
from apps.orders.services.checking import check_order
from apps.orders.services.plans import PlanAnswer, alone
from apps.orders.services.steps import sender_of
from apps.orders.services.submission import submit_order
from qts.domain.errors import Breach, RuleCode
from qts.domain.events import BlockSubmitted
from qts.domain.market import to_vietnam
from qts.domain.orders import OrderRequest
from qts.domain.portfolio import share_out
from qts.domain.values import Actor, OrderType, Side

ACCOUNTS_MAX: Final = 100


class Basis(StrEnum):
    """What the shares of the accounts are like: what each was asked for, what it is worth, what it holds."""

    ASKED = "ASKED"
    WORTH = "WORTH"
    HELD = "HELD"


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """`asked` shares are the most that an account gets; None: as many as its cash or shares allow."""

    order: OrderRequest  # `quantity` is that of the whole block
    basis: Basis
    asked: tuple[tuple[UUID, int | None], ...]


@dataclass(frozen=True, slots=True)
class BlockRow:
    """`most` is the least of what was asked for and what cash or shares allow. `needed_vnd` is what a purchase
    reserves. An account that gets nothing has no breaches: nothing is sent for it."""

    account_id: UUID
    weight: int
    most: int
    quantity: int
    needed_vnd: int
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True)
class BlockPreview:
    rows: tuple[BlockRow, ...]
    wanted_quantity: int

    @property
    def allotted_quantity(self) -> int:
        return sum(row.quantity for row in self.rows)

    @property
    def passing_count(self) -> int:
        return sum(bool(row.quantity) and not row.breaches for row in self.rows)


def preview_block(request: BlockRequest, *, actor: Actor, now: datetime) -> BlockPreview:
    """How the block would be shared out, and what the gate says of each part now. Nothing is recorded or sent.

    Raises ValueError for no account, for too many, for one twice, and for no shares.
    """
    account_ids = [account_id for account_id, _asked in request.asked]
    _refuse_nonsense(account_ids, request.order.quantity)
    states = accounts.account_states(account_ids, now)
    if missing := set(account_ids) - set(states):
        raise ValueError(f"there is no account {missing.pop()}")
    price_vnd = _bound_vnd(request.order, now)
    known = security(request.order.symbol)
    lot = known.instrument.lot_size if known else 1
    most = [
        _most(states[account_id], request.order, asked, price_vnd=price_vnd, lot=lot)
        for account_id, asked in request.asked
    ]
    weights = _weights(request, [states[account_id] for account_id in account_ids], most, now)
    parts = share_out(request.order.quantity, weights, most, lot=lot)
    rows = tuple(
        _row(request.order, account_id, weight, limit, part, actor=actor, now=now)
        for account_id, weight, limit, part in zip(account_ids, weights, most, parts, strict=True)
    )
    return BlockPreview(rows, request.order.quantity)


def submit_block(order: OrderRequest, rows: Sequence[tuple[UUID, int]], *, actor: Actor, now: datetime) -> PlanAnswer:
    """Send what was previewed: an order for each (account, shares), each through the gate in a transaction of its own;
    one that is refused keeps the others not back. `order.client_order_id` names the block.

    The same name with the same content sends nothing twice, with other content it is refused. What a crash left unsent
    is sent by the watcher. Raises ValueError as `preview_block` does.
    """
    _refuse_nonsense([account_id for account_id, _quantity in rows], min(quantity for _id, quantity in rows))
    if not all(may_trade(actor, account_id) for account_id, _quantity in rows):
        return PlanAnswer(None, (Breach(RuleCode.ACCOUNT_NOT_FOUND),))
    body_hash = _hash(order, rows)
    with transaction.atomic():
        block, is_new = Block.objects.get_or_create(
            actor_kind=actor.kind,
            actor_id=actor.id,
            client_order_id=order.client_order_id,
            defaults={
                "body_hash": body_hash,
                "symbol": order.symbol,
                "side": order.side,
                "order_type": order.order_type,
                "price_vnd": order.price_vnd,
                "rows": [[str(account_id), quantity] for account_id, quantity in rows],
                "placed_at": now,
            },
        )
        if is_new:
            _announce(block, actor, now)
    if block.body_hash != body_hash:
        return PlanAnswer(None, (Breach(RuleCode.IDEMPOTENCY_KEY_REUSED),))
    send_rows(block, now)
    return PlanAnswer(block.id)


def send_rows(block: Block, now: datetime) -> list[Submission]:
    """Every row, whether it went out before or not: its name answers for it.

    At one price the exchange serves first who came first, so no account is always the first: the block's own number
    says where the round begins.
    """
    actor, count = sender_of(block), len(block.rows)
    done = []
    for number in ((block.id.int + step) % count for step in range(count)):
        account_id, quantity = block.rows[number]
        done.append(
            submit_order(account_id=UUID(account_id), request=_order(block, number, quantity), actor=actor, now=now)
        )
    Block.objects.filter(id=block.id).update(status=Block.Status.SENT)
    return done


def finish_blocks(now: datetime) -> int:
    """Send what a crash left behind, as with baskets; how many blocks."""
    wall_now = datetime.now(UTC)
    behind = Block.objects.filter(
        status=Block.Status.SENDING,
        recorded_at__gt=wall_now - LEFT_BEHIND_FOR_MAX,
        recorded_at__lt=wall_now - LEFT_BEHIND_AFTER,
    )
    today = to_vietnam(now).date()
    due = [block for block in behind if to_vietnam(block.placed_at).date() == today]
    return sum(alone(block.id, partial(_finish, block, now)) for block in due)


def _finish(block: Block, now: datetime) -> int:
    send_rows(block, now)
    return 1


def _refuse_nonsense(account_ids: Sequence[UUID], quantity: int) -> None:
    if not 1 <= len(account_ids) <= ACCOUNTS_MAX or len(set(account_ids)) != len(account_ids) or quantity <= 0:
        raise ValueError(f"a block is for 1 to {ACCOUNTS_MAX} different accounts and at least one share of each")


def _most(state: AccountState, order: OrderRequest, asked: int | None, *, price_vnd: int, lot: int) -> int:
    if not price_vnd:
        return 0
    possible = accounts.max_quantity(state, order.symbol, order.side, price_vnd=price_vnd, lot=lot).quantity
    return possible if asked is None else min(asked, possible)


def _weights(request: BlockRequest, states: Sequence[AccountState], most: Sequence[int], now: datetime) -> list[int]:
    if request.basis is Basis.ASKED:
        return [limit if asked is None else asked for (_id, asked), limit in zip(request.asked, most, strict=True)]
    if request.basis is Basis.HELD:
        return [state.position(request.order.symbol).quantity for state in states]
    asked = {state.account_id for state in states}
    views = accounts.portfolios([known for known in accounts.active_accounts() if known.id in asked], now)
    worth = {view.account.id: max(view.equity_vnd or 0, 0) for view in views}
    return [worth.get(state.account_id, 0) for state in states]  # nothing for one that may not trade


def _row(
    order: OrderRequest, account_id: UUID, weight: int, most: int, quantity: int, *, actor: Actor, now: datetime
) -> BlockRow:
    if not quantity:
        return BlockRow(account_id, weight, most, 0, 0, ())
    part = OrderRequest(order.symbol, order.side, order.order_type, quantity, order.price_vnd, "")
    needed = accounts.cash_to_reserve_vnd(part, _bound_vnd(order, now))
    breaches = check_order(account_id=account_id, request=part, actor=actor, now=now)
    return BlockRow(account_id, weight, most, quantity, needed, breaches)


def _bound_vnd(order: OrderRequest, now: datetime) -> int:
    """The dearest price at which it can trade; 0 for a symbol that nobody knows."""
    if order.price_vnd:
        return order.price_vnd
    market = market_state(order.symbol, now)
    return market.band.ceiling_vnd if market else 0


def _hash(order: OrderRequest, rows: Sequence[tuple[UUID, int]]) -> str:
    content = [order.symbol, order.side, order.order_type, order.price_vnd, [[str(one), part] for one, part in rows]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _order(block: Block, number: int, quantity: int) -> OrderRequest:
    name = f"block-{block.id}-{number + 1}"
    return OrderRequest(block.symbol, Side(block.side), OrderType(block.order_type), quantity, block.price_vnd, name)


def _announce(block: Block, actor: Actor, now: datetime) -> None:
    """Once to each account that it is about."""
    for account_id, quantity in block.rows:
        event = BlockSubmitted(
            plan_id=str(block.id),
            account_id=account_id,
            kind="BLOCK",
            symbol=block.symbol,
            side=block.side,
            quantity=quantity,
            status=block.status,
            ts_market_ms=round(now.timestamp() * 1000),
        )
        eventlog.record(event, actor=actor, now=now)
