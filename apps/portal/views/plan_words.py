"""What QTS keeps, in words: kinds, states, and one sentence for each leg."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.orders.selectors import LegView, SlicedView
from apps.portal.views import formats, wording
from apps.portal.views.refusals import reason_text
from qts.domain.orders.conditional import (
    OPTIONAL,
    REQUIRED,
    ConditionalKind,
    Direction,
    LegRole,
    LegState,
)
from qts.domain.orders.slicing import SlicedStatus
from qts.web import words
from qts.web.words import word

TONES = {"ACTIVE": "info", "WATCHING": "info", "TRIGGERED": "ok", "DONE": "ok", "REFUSED": "bad", "STOPPED": "bad"}
SLICED_REASONS = {
    "cancelled by request": gettext_noop("taken back"),
    "kill switch is engaged": gettext_noop("kill switch is engaged"),
    "a slice was rejected or taken back": gettext_noop("a part was rejected or taken back"),
}
FIELD_LABELS = {
    "entry": gettext_noop("First order at, empty for the market"),
    "target": gettext_noop("Target price"),
    "stop": gettext_noop("Stop price"),
    "limit": gettext_noop("Limit after the stop, empty for the market"),
    "trail": gettext_noop("Trailing distance"),
    "step": gettext_noop("Step of the trail"),
    "then": gettext_noop("Second order at, empty for the market"),
}


def kind_label(kind: str) -> str:
    return word(words.PLAN_KINDS, kind)


def slice_kind_label(kind: str) -> str:
    return word(words.SLICE_KINDS, kind)


def sliced_reason(plan: SlicedView) -> str:
    """Why nothing of it goes out, now or any more."""
    if plan.waits_for:
        return " ".join(reason_text(code) for code in plan.waits_for.split(","))
    if plan.status is SlicedStatus.EXPIRED:
        return _("its time is over, {left} are left").format(left=formats.quantity_text(plan.remaining_quantity))
    return _(SLICED_REASONS[plan.reason]) if plan.reason in SLICED_REASONS else ""


def state_label(state: str) -> str:
    return word(words.PLAN_STATES, state)


def state_tone(state: str) -> str:
    return TONES.get(state, "")


def fields_of(kind: ConditionalKind) -> list[tuple[str, str]]:
    """(name in the form, label) of the prices that a kind may have, in the order in which they are typed. A trailing
    stop in the place of a fixed one is asked for over the API."""
    names = set(REQUIRED[kind][0]) | OPTIONAL.get(kind, frozenset())
    return [(name, _(label)) for name, label in FIELD_LABELS.items() if f"{name}_vnd" in names]


def leg_sentence(leg: LegView) -> str:
    """What is watched and what goes out: "at or below 24.00: sell 300 at the market"."""
    act = _("{side} {quantity} at {price}").format(
        side=wording.side_label(leg.side).lower(),
        quantity=formats.quantity_text(leg.quantity),
        price=formats.price_text(leg.limit_vnd) if leg.limit_vnd else _("the market"),
    )
    if leg.role is LegRole.THEN:
        return _("when the first order is done: {act}").format(act=act)
    if not leg.level_vnd:
        return _("{distance} behind the best price: {act}").format(distance=formats.price_text(leg.trail_vnd), act=act)
    level = formats.price_text(leg.level_vnd)
    is_below = leg.direction == Direction.AT_OR_BELOW
    said = _("at or below {level}: {act}") if is_below else _("at or above {level}: {act}")
    return said.format(level=level, act=act)


def wait_text(leg: LegView) -> str:
    """Why a leg whose price was met has no order yet; empty when it does not wait."""
    if leg.state is not LegState.WATCHING or not leg.waits_for:
        return ""
    if leg.waits_for == "ENTRY":
        return _("waits until the rest of the first order is taken back")
    if leg.waits_for == "SELLABLE_QUANTITY_EXCEEDED":
        return _("waits for bought shares to arrive")
    return " ".join(reason_text(code) for code in leg.waits_for.split(","))
