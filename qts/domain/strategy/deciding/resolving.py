"""What several sources come to where they disagree. Whole numbers, and the order of the policy breaks every tie."""

from collections.abc import Sequence
from typing import NamedTuple

from qts.domain.strategy.deciding.policy import DecisionPolicy, Resolution, SourceTerms


class Opinion(NamedTuple):
    """What one source came to: the mean of its counted signals, -100 to 100."""

    terms: SourceTerms
    percent: int


class Resolved(NamedTuple):
    """`direction` is 0 where they come to nothing; `against` names who stopped an entry."""

    direction: int
    score_percent: int
    reason: str
    against: str = ""


def mean_percent(weighed: Sequence[tuple[int, int]]) -> int:
    """Of (weight, percent), rounded towards nothing: half a percent is no opinion."""
    total = sum(weight * percent for weight, percent in weighed)
    return abs(total) // sum(weight for weight, _ in weighed) * (1 if total > 0 else -1)


def resolve(policy: DecisionPolicy, opinions: Sequence[Opinion]) -> Resolved:
    """`opinions` in the order of the policy, of the sources that have a counted signal."""
    if policy.resolution is Resolution.WEIGHTED_VOTE:
        return _vote(policy.score_percent_min, opinions)
    first = next((one for one in opinions if one.percent), None)
    if first is None:
        return Resolved(0, 0, "no source speaks for either side")
    direction = 1 if first.percent > 0 else -1
    said = f"{first.terms.source} comes first and says {first.percent} %"
    if policy.resolution is Resolution.PRIORITY or direction < 0:
        return Resolved(direction, first.percent, said)  # a veto keeps out; it never keeps in
    against = next((one for one in opinions if one.percent < 0), None)
    if against is not None:
        source = against.terms.source
        return Resolved(0, first.percent, f"{said}, but {source} says {against.percent} %", source)
    return Resolved(direction, first.percent, f"{said}, and nobody is against it")


def _vote(score_percent_min: int, opinions: Sequence[Opinion]) -> Resolved:
    """Over the sources that are there: one that is missing takes no part, for or against."""
    if not opinions:
        return Resolved(0, 0, "no source speaks for either side")
    score = mean_percent([(one.terms.weight, one.percent) for one in opinions])
    if abs(score) < score_percent_min:
        return Resolved(0, score, f"the vote comes to {score} %, and {score_percent_min} % are needed")
    return Resolved(1 if score > 0 else -1, score, f"the vote comes to {score} %, of {score_percent_min} % needed")
