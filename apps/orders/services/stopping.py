"""Taking back all that belongs to a scope: first what QTS keeps, so that nothing comes out of it any more, then what
works at the exchange."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.orders.models import ConditionalOrder, Order, SlicedOrder
from apps.orders.models.conditional import LIVE_STATES
from apps.orders.selectors import working_order_ids
from apps.orders.services.answers import CancelAnswer
from apps.orders.services.cancelling import KILL_SWITCH, cancel_orders, killed_of
from apps.orders.services.conditional_placing import cancel_conditional
from apps.orders.services.conditional_watch import stop_killed_conditionals
from apps.orders.services.plans import PlanAnswer
from apps.orders.services.slicing import cancel_sliced, stop_killed_sliced
from qts.domain.orders import WORKING
from qts.domain.orders.conditional import ConditionalStatus
from qts.domain.orders.slicing import SlicedStatus
from qts.domain.values import Actor


def cancel_scope(
    *,
    account_id: UUID | None = None,
    strategy_id: str = "",
    symbol: str = "",
    reason: str,
    actor: Actor,
    now: datetime,
) -> list[CancelAnswer]:
    """Cancel every working order of an account, of a strategy, in a symbol, or (none given) of the firm, and what QTS
    keeps for them.

    Where the session forbids a cancel now, it is sent in the first moment that allows one. Raises an ExceptionGroup
    after the last order when one of them could not be cancelled.
    """
    account_ids = None if account_id is None else [account_id]
    try:
        cancel_kept(
            account_ids=account_ids, strategy_id=strategy_id, symbol=symbol, reason=reason, actor=actor, now=now
        )
    finally:
        order_ids = working_order_ids(account_id=account_id, strategy_id=strategy_id, symbol=symbol)
        answers = cancel_orders(order_ids=order_ids, reason=reason, actor=actor, now=now)
    return answers


def cancel_kept(
    *,
    account_ids: Collection[UUID] | None = None,
    strategy_id: str = "",
    symbol: str = "",
    side: str = "",
    reason: str,
    actor: Actor,
    now: datetime,
) -> int:
    """End the conditional and sliced orders of a scope, and ask back what works of them; how many. The side of a
    conditional order is that of what it may still send: its legs, and its entry order while that works. Raises an
    ExceptionGroup after the last one when one of them could not be ended."""
    conditional, sliced = _kept_in(account_ids=account_ids, strategy_id=strategy_id, symbol=symbol, side=side)
    asked: dict[str, Any] = {"reason": reason, "actor": actor, "now": now}
    acts: list[Callable[[], PlanAnswer]] = [
        *(partial(cancel_conditional, conditional_id=row.id, **asked) for row in conditional.order_by("id")),
        *(partial(cancel_sliced, sliced_id=row.id, **asked) for row in sliced.order_by("id")),
    ]
    ended, failures = 0, []
    for act in acts:
        try:
            ended += act().accepted
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} kept orders could not be ended", failures)
    return ended


def count_kept(**scope: Any) -> int:
    """How many `cancel_kept` would end."""
    return sum(rows.count() for rows in _kept_in(**scope))


def cancel_for_kill_switch(*, scope: str, reason: str, now: datetime) -> list[CancelAnswer]:
    """Cancel what works in the scope of an engaged switch: "firm", "account:<id>", "symbol:SSI" and so on; and end all
    that is kept under any engaged switch, for releasing it must not bring that back.

    The switch is asked again: released meanwhile, nothing is cancelled; where it lets sales of held shares pass, they
    stay.
    """
    try:
        stop_killed_conditionals(now)
        stop_killed_sliced(now)
    finally:
        killed = killed_of(Order.objects.filter(id__in=working_order_ids(**_working_in(scope))))
        answers = cancel_orders(order_ids=killed, reason=f"kill switch: {reason}", actor=KILL_SWITCH, now=now)
    return answers


def _kept_in(
    *, account_ids: Collection[UUID] | None = None, strategy_id: str = "", symbol: str = "", side: str = ""
) -> tuple[QuerySet[ConditionalOrder], QuerySet[SlicedOrder]]:
    scope = Q()
    if account_ids is not None:
        scope &= Q(account_id__in=account_ids)
    if strategy_id:
        scope &= Q(strategy_id=strategy_id)
    if symbol:
        scope &= Q(symbol=symbol)
    conditional = ConditionalOrder.objects.filter(scope, status=ConditionalStatus.ACTIVE)
    sliced = SlicedOrder.objects.filter(scope, status=SlicedStatus.ACTIVE)
    if side:
        may_send = Q(legs__state__in=LIVE_STATES, legs__side=side) | Q(entry__status__in=sorted(WORKING), side=side)
        conditional, sliced = conditional.filter(may_send).distinct(), sliced.filter(side=side)
    return conditional, sliced


def _working_in(scope: str) -> dict[str, Any]:
    """The narrowest question about working orders that a scope allows; of exchanges and users every order is asked."""
    kind, _, name = scope.partition(":")
    if kind == "account":
        return {"account_id": UUID(name)}
    return {"strategy": {"strategy_id": name}, "symbol": {"symbol": name}}.get(kind, {})
