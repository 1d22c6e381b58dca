"""Orders that QTS keeps until a price is reached or another order is done, as users of iBoard know them.

A conditional order is one or two legs. Nothing of it is at the exchange, and no money is reserved for it, until a leg
triggers: then that leg becomes an order like any other, and the leg beside it is over.
"""

import hashlib
import json
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Final

from qts.domain.errors import IllegalTransition
from qts.domain.orders.life import WORKING, Status
from qts.domain.values import Session, Side


class ConditionalKind(StrEnum):
    STOP = "STOP"  # at the market when the price goes against it
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"
    TAKE_PROFIT = "TAKE_PROFIT"  # a limit order at the target when the price gets there
    OCO = "OCO"  # target and stop: one cancels the other
    BRACKET = "BRACKET"  # an order at once; what it fills is watched by a target and a stop
    IF_DONE = "IF_DONE"  # an order at once; a second one when it is done


class LegRole(StrEnum):
    STOP = "STOP"
    TRAIL = "TRAIL"
    TARGET = "TARGET"
    THEN = "THEN"


class LegState(StrEnum):
    DORMANT = "DORMANT"  # its entry order is not done
    WATCHING = "WATCHING"
    TRIGGERED = "TRIGGERED"  # it has an order
    REFUSED = "REFUSED"  # the gate refused its order
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class ConditionalStatus(StrEnum):
    ACTIVE = "ACTIVE"
    TRIGGERED = "TRIGGERED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class LegEvent(StrEnum):
    WAKE = "WAKE"  # its entry order gave it something to watch
    TRIGGER = "TRIGGER"
    REFUSE = "REFUSE"
    CANCEL = "CANCEL"
    EXPIRE = "EXPIRE"


class Direction(StrEnum):
    AT_OR_BELOW = "AT_OR_BELOW"
    AT_OR_ABOVE = "AT_OR_ABOVE"


LIVE_LEGS: Final = frozenset({LegState.DORMANT, LegState.WATCHING})
LEG_STEPS: Final[dict[tuple[LegState, LegEvent], LegState]] = {
    (LegState.DORMANT, LegEvent.WAKE): LegState.WATCHING,
    (LegState.DORMANT, LegEvent.CANCEL): LegState.CANCELLED,
    (LegState.DORMANT, LegEvent.EXPIRE): LegState.EXPIRED,
    (LegState.WATCHING, LegEvent.TRIGGER): LegState.TRIGGERED,
    (LegState.WATCHING, LegEvent.REFUSE): LegState.REFUSED,
    (LegState.WATCHING, LegEvent.CANCEL): LegState.CANCELLED,
    (LegState.WATCHING, LegEvent.EXPIRE): LegState.EXPIRED,
}
# What a conditional order has come to when no leg of it lives: the weightiest of what its legs came to.
_OUTCOMES: Final = (
    (LegState.TRIGGERED, ConditionalStatus.TRIGGERED),
    (LegState.REFUSED, ConditionalStatus.REFUSED),
    (LegState.EXPIRED, ConditionalStatus.EXPIRED),
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A level of the last price. One that trails has a distance: the level follows the best price since it was armed,
    in whole steps, and never goes back. `anchor_vnd` is the best price of the last step, 0 before it is armed."""

    direction: Direction
    level_vnd: int
    trail_vnd: int = 0
    step_vnd: int = 0
    anchor_vnd: int = 0

    @property
    def is_armed(self) -> bool:
        return not self.trail_vnd or self.anchor_vnd > 0

    def armed(self, price_vnd: int) -> "Trigger":
        """As it is from the first price that it watches; a level that does not trail stands already."""
        return self if self.is_armed else self._anchored(price_vnd)

    def after(self, price_vnd: int) -> "Trigger":
        if not self.trail_vnd:
            return self
        if not self.is_armed:
            return self._anchored(price_vnd)
        steps = self._sign * (price_vnd - self.anchor_vnd) // self.step_vnd
        return self._anchored(self.anchor_vnd + self._sign * steps * self.step_vnd) if steps > 0 else self

    def is_met(self, price_vnd: int) -> bool:
        if not self.is_armed:
            return False
        if self.direction is Direction.AT_OR_BELOW:
            return price_vnd <= self.level_vnd
        return price_vnd >= self.level_vnd

    def _anchored(self, anchor_vnd: int) -> "Trigger":
        return replace(self, anchor_vnd=anchor_vnd, level_vnd=anchor_vnd - self._sign * self.trail_vnd)

    @property
    def _sign(self) -> int:
        """1 where a trail follows a rising price."""
        return 1 if self.direction is Direction.AT_OR_BELOW else -1


@dataclass(frozen=True, slots=True)
class Leg:
    """What goes out when its trigger is met, or, without one, when the entry order is done. Without a limit price it
    goes out at the market. `waits_for_entry`: it watches nothing before the entry order has filled something."""

    role: LegRole
    side: Side
    quantity: int
    limit_vnd: int | None
    trigger: Trigger | None
    waits_for_entry: bool = False


@dataclass(frozen=True, slots=True)
class ConditionalTerms:
    """As somebody asks for it; what each kind needs stands in `REQUIRED`. For BRACKET and IF_DONE `side` and `quantity`
    are those of the entry order, which goes out at once: a limit order at `entry_vnd`, else at the market."""

    kind: ConditionalKind
    symbol: str
    side: Side
    quantity: int
    valid_until: date
    client_order_id: str
    stop_vnd: int | None = None
    limit_vnd: int | None = None  # of the order that the stop releases
    target_vnd: int | None = None
    trail_vnd: int | None = None
    step_vnd: int | None = None
    entry_vnd: int | None = None
    then_side: Side | None = None
    then_quantity: int | None = None
    then_vnd: int | None = None

    @property
    def body_hash(self) -> str:
        """SHA-256 of the content without the client order id; tells a repeat from a second, different wish."""
        body = [str(getattr(self, one.name)) for one in fields(self) if one.name != "client_order_id"]
        return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()

    @property
    def has_entry(self) -> bool:
        return self.kind in {ConditionalKind.BRACKET, ConditionalKind.IF_DONE}

    @property
    def exit_side(self) -> Side:
        return self.side.opposite if self.has_entry else self.side

    @property
    def given(self) -> frozenset[str]:
        """Names of the terms of `TERMS` that were filled in."""
        return frozenset(name for name in TERMS if getattr(self, name) is not None)


TERMS: Final = (
    "stop_vnd", "limit_vnd", "target_vnd", "trail_vnd", "step_vnd", "entry_vnd", "then_side", "then_quantity",
    "then_vnd",
)  # fmt: skip
_STOP, _TRAIL = frozenset({"stop_vnd"}), frozenset({"trail_vnd", "step_vnd"})
# Each kind needs one of these sets, and may have the terms beside it; every other term is a mistake.
REQUIRED: Final[dict[ConditionalKind, tuple[frozenset[str], ...]]] = {
    ConditionalKind.STOP: (_STOP,),
    ConditionalKind.STOP_LIMIT: (_STOP | {"limit_vnd"},),
    ConditionalKind.TRAILING_STOP: (_TRAIL,),
    ConditionalKind.TAKE_PROFIT: (frozenset({"target_vnd"}),),
    ConditionalKind.OCO: (_STOP | {"target_vnd"}, _TRAIL | {"target_vnd"}),
    ConditionalKind.BRACKET: (_STOP | {"target_vnd"}, _TRAIL | {"target_vnd"}),
    ConditionalKind.IF_DONE: (frozenset(),),
}
OPTIONAL: Final[dict[ConditionalKind, frozenset[str]]] = {
    ConditionalKind.OCO: frozenset({"limit_vnd"}),
    ConditionalKind.BRACKET: frozenset({"limit_vnd", "entry_vnd"}),
    ConditionalKind.IF_DONE: frozenset({"entry_vnd", "then_side", "then_quantity", "then_vnd"}),
}


def stop_direction(side: Side) -> Direction:
    """Against whoever holds (a sale) or waits (a purchase)."""
    return Direction.AT_OR_BELOW if side is Side.SELL else Direction.AT_OR_ABOVE


def target_direction(side: Side) -> Direction:
    return Direction.AT_OR_ABOVE if side is Side.SELL else Direction.AT_OR_BELOW


def legs_of(terms: ConditionalTerms) -> tuple[Leg, ...]:
    """The legs of terms that have what their kind needs; a stop before the target beside it."""
    if terms.kind is ConditionalKind.IF_DONE:
        side, quantity = terms.then_side or terms.exit_side, terms.then_quantity or terms.quantity
        return (Leg(LegRole.THEN, side, quantity, terms.then_vnd, None, waits_for_entry=True),)
    legs = [leg for leg in (_stop_leg(terms), _target_leg(terms)) if leg is not None]
    return tuple(replace(leg, waits_for_entry=terms.has_entry) for leg in legs)


def _stop_leg(terms: ConditionalTerms) -> Leg | None:
    side = terms.exit_side
    if terms.trail_vnd is not None:
        trigger = Trigger(stop_direction(side), 0, trail_vnd=terms.trail_vnd, step_vnd=terms.step_vnd or 1)
        return Leg(LegRole.TRAIL, side, terms.quantity, None, trigger)
    if terms.stop_vnd is None:
        return None
    return Leg(LegRole.STOP, side, terms.quantity, terms.limit_vnd, Trigger(stop_direction(side), terms.stop_vnd))


def _target_leg(terms: ConditionalTerms) -> Leg | None:
    if terms.target_vnd is None:
        return None
    side = terms.exit_side
    trigger = Trigger(target_direction(side), terms.target_vnd)
    return Leg(LegRole.TARGET, side, terms.quantity, terms.target_vnd, trigger)


def next_leg_state(state: LegState, event: LegEvent) -> LegState:
    """Raises IllegalTransition when the table holds no such step: what is over stays over."""
    after = LEG_STEPS.get((state, event))
    if after is None:
        raise IllegalTransition(f"a leg that is {state} cannot take {event}")
    return after


def conditional_status(legs: tuple[LegState, ...]) -> ConditionalStatus:
    if any(state in LIVE_LEGS for state in legs):
        return ConditionalStatus.ACTIVE
    return next((status for state, status in _OUTCOMES if state in legs), ConditionalStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Look:
    """One price and what is known of the market in that moment. Only a fresh price of continuous trading counts: it
    neither triggers nor moves a trail in an auction, in the break, under a halt, or when it is old."""

    price_vnd: int
    session: Session
    is_tradable: bool
    is_fresh: bool

    @property
    def counts(self) -> bool:
        return self.price_vnd > 0 and self.session is Session.CONTINUOUS and self.is_tradable and self.is_fresh


def watched(trigger: Trigger | None, look: Look) -> tuple[Trigger | None, bool]:
    """The trigger after a look, and whether it is met. A leg without one goes out in the first look that counts."""
    if not look.counts:
        return trigger, False
    if trigger is None:
        return None, True
    moved = trigger.after(look.price_vnd)
    return moved, moved.is_met(look.price_vnd)


@dataclass(frozen=True, slots=True)
class EntryState:
    """The entry order of a bracket or an if-done. `quantity` is what was ordered first: it may be amended later.
    `on_its_way` is what the broker has counted as filled and not told of yet."""

    status: Status
    quantity: int
    filled_quantity: int
    on_its_way: int = 0

    @property
    def is_over(self) -> bool:
        return self.status not in WORKING and self.on_its_way == 0


def exit_quantity(entry: EntryState, leg_quantity: int, lot_size: int) -> int:
    """As much of the leg as the entry has filled of what was ordered first, in whole lots; exactly that, an odd lot
    too, where all of it was filled and no more."""
    if entry.filled_quantity == entry.quantity:
        return leg_quantity
    share = leg_quantity * entry.filled_quantity // entry.quantity
    return share - share % lot_size


def entry_step(role: LegRole, entry: EntryState, leg_quantity: int, lot_size: int) -> LegEvent | None:
    """What the entry order does to a leg that waits for it. Exits watch from the first lot that is filled; the second
    order of an if-done goes out when the first is over, for as much as was filled."""
    if exit_quantity(entry, leg_quantity, lot_size) > 0 and (entry.is_over or role is not LegRole.THEN):
        return LegEvent.WAKE
    return LegEvent.CANCEL if entry.is_over else None
