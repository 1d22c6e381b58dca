"""What a report says, each sentence with a code and its values, so that a page can say it in another language."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from qts.domain.errors import noop

Value = int | float | str


class Tone(StrEnum):
    GOOD = "GOOD"
    BAD = "BAD"
    PLAIN = "PLAIN"


class Say(StrEnum):
    EARNED = "EARNED"
    LOST = "LOST"
    EVEN = "EVEN"
    RUINED = "RUINED"
    NO_DAY = "NO_DAY"
    NEVER_TRADED = "NEVER_TRADED"
    FEW_TRADES = "FEW_TRADES"
    LARGE_SHARE = "LARGE_SHARE"
    LOCKED = "LOCKED"
    COSTS = "COSTS"
    BEHIND_HOLDING = "BEHIND_HOLDING"
    BEHIND_INDEX = "BEHIND_INDEX"
    FRICTIONLESS = "FRICTIONLESS"
    MONEY_SHORT = "MONEY_SHORT"
    HOLE = "HOLE"
    JUMP = "JUMP"
    FORESIGHT = "FORESIGHT"
    LUCK = "LUCK"
    REDRAWN_LOSES = "REDRAWN_LOSES"
    UNSETTLED = "UNSETTLED"
    BEST_IS_MORE = "BEST_IS_MORE"
    BEST_IS_LUCK = "BEST_IS_LUCK"
    BEST_UNJUDGED = "BEST_UNJUDGED"
    OVERFIT = "OVERFIT"
    NOT_OVERFIT = "NOT_OVERFIT"
    FRAGILE = "FRAGILE"
    BROAD = "BROAD"
    OUTSIDE_EARNED = "OUTSIDE_EARNED"
    OUTSIDE_LOST = "OUTSIDE_LOST"
    OUTSIDE_WEAKER = "OUTSIDE_WEAKER"
    OUTSIDE_MOSTLY_LOSES = "OUTSIDE_MOSTLY_LOSES"


TEMPLATES: Final[Mapping[Say, str]] = {
    Say.EARNED: noop("it earned {vnd:,} VND ({share:+.2%}) after fees and tax."),
    Say.LOST: noop("it lost {vnd:,} VND ({share:+.2%}) after fees and tax."),
    Say.EVEN: noop("it neither earned nor lost."),
    Say.RUINED: noop("the account was worth nothing or less."),
    Say.NO_DAY: noop("No trading day was run."),
    Say.NEVER_TRADED: noop("It never traded: this says nothing about the idea."),
    Say.FEW_TRADES: noop("{trades} closed trades are too few to tell skill from luck; {least} is the least."),
    Say.LARGE_SHARE: noop(
        "Its largest fill was {percent:.1f} % of its bar's volume: a live order of that size moves the price."
    ),
    Say.LOCKED: noop("{bars} times its order stood at a locked limit and was not filled."),
    Say.COSTS: noop("Fees and tax took {vnd:,} VND, more than the result itself."),
    Say.BEHIND_HOLDING: noop("Buying the same symbols at the beginning and holding them would have made {share:+.2%}."),
    Say.BEHIND_INDEX: noop("The VN-Index made {share:+.2%} on the same days."),
    Say.FRICTIONLESS: noop(
        "It ran without the market's rules: good for comparing engines, not for judging a strategy."
    ),
    Say.MONEY_SHORT: noop(
        "{count} times there was no money for what it wanted: with this capital it is another strategy."
    ),
    Say.HOLE: noop("{symbol} has no bar on {days} weekdays in a row, from {since} on: more than any holidays."),
    Say.JUMP: noop(
        "{symbol} opens {share:+.0%} away from its last close on {day}, which no band allows: a split or a wrong price."
    ),
    Say.FORESIGHT: noop("It saw the future: without the last {share:.0%} of the bars it acted otherwise before them."),
    Say.LUCK: noop("Entries at random, held as long, did as well in {share:.0%} of the draws."),
    Say.REDRAWN_LOSES: noop("The same trades drawn anew lose {vnd:,.0f} VND or more in one draw of twenty."),
    Say.UNSETTLED: noop("The value of {names} depends on where the history begins: live it will be another."),
    Say.BEST_IS_MORE: noop(
        "The best of {tries:,} sets is more than what luck alone would show: its Sharpe ratio is real with a "
        "probability of {probability:.0%} (deflated for the number of tries)."
    ),
    Say.BEST_IS_LUCK: noop(
        "The best of {tries:,} sets is no more than what luck alone would show: its Sharpe ratio is real with a "
        "probability of {probability:.0%} (deflated for the number of tries)."
    ),
    Say.BEST_UNJUDGED: noop("Fewer than two sets have daily returns that vary: there is no best to judge."),
    Say.OVERFIT: noop(
        "Whoever picks the best set of one half of the days gets one below the middle in the other half in "
        "{probability:.0%} of the cases: the choice fits the past, not the market."
    ),
    Say.NOT_OVERFIT: noop(
        "The best set of one half of the days is below the middle of the other half in {probability:.0%} of the cases: "
        "little speaks for a choice that fits the past alone."
    ),
    Say.FRAGILE: noop("The sets next to the best keep {share:.0%} of its Sharpe ratio: a peak, not a plateau."),
    Say.BROAD: noop("The sets next to the best keep {share:.0%} of its Sharpe ratio."),
    Say.OUTSIDE_EARNED: noop("on days that it was not fitted to it earned {share:+.2%} after fees and tax."),
    Say.OUTSIDE_LOST: noop("on days that it was not fitted to it lost {share:.2%} after fees and tax."),
    Say.OUTSIDE_WEAKER: noop(
        "Its Sharpe ratio is {within:.2f} on the days it was fitted to, and {outside:.2f} after them."
    ),
    Say.OUTSIDE_MOSTLY_LOSES: noop("It lost in {losing} of {folds} test periods."),
}
_GOOD: Final = frozenset({Say.EARNED, Say.BEST_IS_MORE, Say.NOT_OVERFIT, Say.BROAD, Say.OUTSIDE_EARNED})
_PLAIN: Final = frozenset({Say.BEST_UNJUDGED})


class Statement(str):
    """A sentence in English that still knows what it was made of."""

    __slots__ = ("code", "values")

    code: Say
    values: Mapping[str, Value]

    def __new__(cls, code: Say, **values: Value) -> Self:
        made = super().__new__(cls, TEMPLATES[code].format(**values))
        made.code, made.values = code, values
        return made

    @property
    def tone(self) -> Tone:
        return Tone.GOOD if self.code in _GOOD else Tone.PLAIN if self.code in _PLAIN else Tone.BAD

    def as_json(self) -> dict[str, object]:
        return {"code": self.code.value, "values": dict(self.values)}

    @classmethod
    def of_json(cls, told: Mapping[str, object]) -> Self:
        """Raises ValueError, KeyError or TypeError for what `as_json` has not written."""
        values = told["values"]
        if not isinstance(values, Mapping):
            raise TypeError(f"{values!r} is no mapping")
        return cls(Say(str(told["code"])), **values)
