"""How far each condition of a rule was from what the rule asks of it: why nothing happened, in numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from qts.domain.strategy.rules.conditions import Comparison, Condition, Crossing, Group, Moment, operand_value


@dataclass(frozen=True, slots=True)
class Reading:
    """One condition at one moment.

    `is_met` says whether it is as the rule wants it, None where that cannot be told. `value` is what it looked at,
    `target` what that is compared with, `gap` how far they are apart, 0 where it is met; None where no number tells.
    """

    text: str
    is_met: bool | None
    value: float | None = None
    target: float | None = None
    gap: float | None = None


def readings(group: Group, moment: Moment) -> tuple[Reading, ...]:
    """Of every condition, in the order of the document. Under `not` a condition is to be false."""
    return tuple(_reading(one, moment, wanted=wanted) for one, wanted in _leaves(group, wanted=True))


def members_met(group: Group, moment: Moment) -> int:
    """How many of the group's own members are as it wants them."""
    wanted = group.kind != "not"
    return sum(member.holds(moment) is wanted for member in group.members)


def _leaves(group: Group, *, wanted: bool) -> Iterator[tuple[Condition, bool]]:
    wanted = wanted if group.kind != "not" else not wanted
    for member in group.members:
        if isinstance(member, Group):
            yield from _leaves(member, wanted=wanted)
        else:
            yield member, wanted


def _reading(condition: Condition, moment: Moment, *, wanted: bool) -> Reading:
    text = condition.text if wanted else f"not ({condition.text})"
    holds = condition.holds(moment)
    is_met = None if holds is None else holds is wanted
    if not isinstance(condition, Comparison | Crossing):
        return Reading(text, is_met)
    value = operand_value(condition.left, moment.values)
    target = operand_value(condition.right, moment.values)
    if is_met is None or value is None or target is None:
        return Reading(text, is_met, value, target)
    return Reading(text, is_met, value, target, 0.0 if is_met else abs(value - target))
