"""What a document of rules was understood to say, in the reader's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from qts.domain.strategy.rules import Condition, Group, RuleSet, Size
from qts.domain.strategy.rules.conditions import Comparison, Crossing, TimeBetween


@dataclass(frozen=True, slots=True)
class Line:
    """`depth` is how far it stands in; a group's own line has `is_group`."""

    text: str
    depth: int
    is_group: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    title: str
    enter: list[Line]
    leave: list[Line]
    size: str
    wait: str


def understood(rules: RuleSet) -> Understood:
    wait = _("After leaving it waits {count} bars.").format(count=rules.wait_bars) if rules.wait_bars else ""
    return Understood(
        rules.title, list(_lines(rules.enter, 0)), list(_lines(rules.leave, 0)), size_text(rules.size), wait
    )


def size_text(size: Size | None) -> str:
    if size is None:
        return _("It gives signals: the policy of the strategy weighs them and says how many shares.")
    words: Final[Mapping[str, str]] = {
        "fixed": _("It holds {quantity} shares while it is in."),
        "percent_of_equity": _("It puts {percent}% of the account's worth in."),
        "volatility_target": _(
            "As many shares as lose {risk_bps} hundredths of a percent of the account when the price falls by {atrs} "
            "mean true ranges, at most {percent_of_equity_max}% of the account's worth."
        ),
        "kelly": _(
            "Half of Kelly's share for {win_percent}% wins of {payoff_percent}% of a loss, at most "
            "{percent_of_equity_max}% of the account's worth."
        ),
    }
    numbers = {name: f"{value:,}" for name, value in size.numbers.items()}
    return words[size.method].format(**numbers) if size.method in words else size.method


def condition_text(condition: Condition) -> str:
    """As it stands in the document where it is of a kind that has no words yet."""
    if isinstance(condition, Comparison):
        sign = {
            "<": _("is below"),
            "<=": _("is at most"),
            ">": _("is above"),
            ">=": _("is at least"),
            "=": _("is exactly"),
            "!=": _("is not"),
        }[condition.sign]
        return f"{_operand(condition.left)} {sign} {_operand(condition.right)}"
    if isinstance(condition, Crossing):
        way = _("crosses above") if condition.upwards else _("crosses below")
        return f"{_operand(condition.left)} {way} {_operand(condition.right)}"
    if isinstance(condition, TimeBetween):
        return _("the minute begins from {start} until before {end}").format(
            start=f"{condition.start:%H:%M}", end=f"{condition.end:%H:%M}"
        )
    return condition.text


def _lines(group: Group, depth: int) -> Iterator[Line]:
    kinds = {"all": _("all of these:"), "any": _("at least one of these:"), "not": _("none of these:")}
    yield Line(kinds[group.kind], depth, is_group=True)
    for member in group.members:
        if isinstance(member, Group):
            yield from _lines(member, depth + 1)
        else:
            yield Line(condition_text(member), depth + 1, is_group=False, code=member.text)


def _operand(name: str) -> str:
    known = {
        "open": _("the open"),
        "high": _("the high"),
        "low": _("the low"),
        "close": _("the close"),
        "volume": _("the volume"),
        "position": _("the shares held"),
        "bars_held": _("the bars since entry"),
        "profit_percent": _("the profit in percent"),
    }
    if name in known:
        return known[name]
    base, _at, timeframe = name.partition("@")
    words = [word for word in base.split("_") if word]
    numbers = [word for word in words if word.isdigit()]
    if not words or words[0].replace(".", "").lstrip("+-").isdigit():
        return name
    named = " ".join(word.upper() if len(word) <= 4 else word for word in words if not word.isdigit())
    told = f"{named} ({', '.join(numbers)})" if numbers else named
    return _("{name} of {timeframe} bars").format(name=told, timeframe=timeframe) if timeframe else told
