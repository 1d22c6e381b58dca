"""How one instance of a strategy weighs its sources. As JSON it is a setting of the instance:

{
  "sources": [
    {"source": "technical", "weight": 60, "is_needed": true},
    {"source": "prediction", "weight": 30, "strength_percent_min": 55, "age_s_max": 3600, "names": ["up"]},
    {"source": "sentiment", "weight": 10}
  ],
  "resolution": "weighted_vote",
  "score_percent_min": 30,
  "cooldown_after_order_s": 300,
  "cooldown_after_exit_s": 900,
  "size": {"method": "volatility_target", "risk_bps": 50, "atrs": 2, "percent_of_equity_max": 20}
}

The order of the sources counts: the first is asked first where they are ranked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from qts.domain.errors import Said
from qts.domain.strategy.position_size import Size, is_whole, parse_size
from qts.domain.strategy.published import Source

DAY_S: Final = 86_400
NAMES_MAX: Final = 20
NAME_CHARACTERS_MAX: Final = 40
_NUMBERS: Final = {  # least, most, usual
    "score_percent_min": (1, 100, 30),
    "cooldown_after_order_s": (0, DAY_S, 0),
    "cooldown_after_exit_s": (0, DAY_S, 0),
}
_TERMS: Final = {
    "weight": (1, 1_000, 100),
    "strength_percent_min": (0, 100, 0),
    "age_s_max": (1, 30 * DAY_S, 900),
}
_FIELDS: Final = frozenset({"sources", "resolution", "size", *_NUMBERS})
_SOURCE_FIELDS: Final = frozenset({"source", "is_needed", "names", *_TERMS})


class Resolution(StrEnum):
    """What is done where sources disagree."""

    WEIGHTED_VOTE = "weighted_vote"  # their mean by weight, which has to reach `score_percent_min`
    VETO = "veto"  # the first that has an opinion proposes; anybody else who is against it stops an entry
    PRIORITY = "priority"  # the first that has an opinion decides


class PolicyWrong(ValueError):
    """What is wrong with a policy: a sentence each, by the place in it (`sources[2].weight`)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(f"{place}: {what}." for place, what in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SourceTerms:
    """How one source is heard. `names` are the models, scores or rules that count, all of them where none is named;
    without a counted signal of one that `is_needed` nothing is entered."""

    source: Source
    weight: int = 100
    strength_percent_min: int = 0
    age_s_max: int = 900
    is_needed: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    sources: tuple[SourceTerms, ...]
    size: Size
    resolution: Resolution = Resolution.WEIGHTED_VOTE
    score_percent_min: int = 30
    cooldown_after_order_s: int = 0
    cooldown_after_exit_s: int = 0

    @property
    def listens(self) -> bool:
        """Whether it hears anything beside the strategy itself."""
        return any(terms.source is not Source.TECHNICAL for terms in self.sources)


USUAL_POLICY: Final = DecisionPolicy(
    (SourceTerms(Source.TECHNICAL, is_needed=True),), Size("percent_of_equity", {"percent": 5})
)


def parse_policy(given: object) -> DecisionPolicy:
    """From what JSON holds; nothing at all is the usual policy. Raises PolicyWrong with all that is wrong."""
    if not isinstance(given, Mapping):
        raise PolicyWrong([("policy", Said("it is no mapping of sources, resolution and size"))])
    if not given:
        return USUAL_POLICY
    problems: list[tuple[str, str]] = [
        ("policy", Said("{name!r} means nothing here", name=name)) for name in given if name not in _FIELDS
    ]
    problems += [(name, Said("it is missing")) for name in ("sources", "size") if name not in given]
    sources = _sources(given.get("sources", []), problems) if "sources" in given else ()
    size = parse_size(given["size"], "size") if "size" in given else []
    if isinstance(size, list):
        problems += size
    numbers = _numbers(given, _NUMBERS, "", problems)
    resolution = given.get("resolution", Resolution.WEIGHTED_VOTE)
    if resolution not in list(Resolution):
        problems.append(("resolution", Said("it is one of {names}", names=", ".join(Resolution))))
    if problems or isinstance(size, list):
        raise PolicyWrong(problems)
    return DecisionPolicy(sources, size, Resolution(resolution), **numbers)


def policy_json(policy: DecisionPolicy) -> dict[str, Any]:
    """As `parse_policy` reads it, with everything said."""
    return {
        "sources": [
            {
                "source": terms.source.value,
                **{name: getattr(terms, name) for name in _TERMS},
                "is_needed": terms.is_needed,
                "names": list(terms.names),
            }
            for terms in policy.sources
        ],
        "resolution": policy.resolution.value,
        **{name: getattr(policy, name) for name in _NUMBERS},
        "size": {"method": policy.size.method, **policy.size.numbers},
    }


def _sources(given: object, problems: list[tuple[str, str]]) -> tuple[SourceTerms, ...]:
    if not isinstance(given, list) or not given:
        problems.append(("sources", Said("it is a list with at least one source")))
        return ()
    found = [_terms(one, f"sources[{number}]", problems) for number, one in enumerate(given, start=1)]
    named = [terms.source for terms in found if terms is not None]
    if len(set(named)) != len(named):
        problems.append(("sources", Said("a source stands in it once")))
    return tuple(terms for terms in found if terms is not None)


def _terms(given: object, place: str, problems: list[tuple[str, str]]) -> SourceTerms | None:
    if not isinstance(given, Mapping) or given.get("source") not in list(Source):
        problems.append((place, Said("its source is one of {names}", names=", ".join(Source))))
        return None
    source = Source(given["source"])
    problems += [(f"{place}.{name}", Said("it means nothing here")) for name in given if name not in _SOURCE_FIELDS]
    numbers = _numbers(given, _TERMS, f"{place}.", problems)
    is_needed, names = given.get("is_needed", source is Source.TECHNICAL), given.get("names", [])
    if not isinstance(is_needed, bool):
        problems.append((f"{place}.is_needed", Said("it is true or false")))
    if not isinstance(names, list) or len(names) > NAMES_MAX or not all(_is_name(one) for one in names):
        problems.append((f"{place}.names", Said("it is a list of {names_max} names at most", names_max=NAMES_MAX)))
        names = []
    return SourceTerms(source, **numbers, is_needed=bool(is_needed), names=tuple(names))


def _numbers(
    given: Mapping[str, Any],
    bounds: Mapping[str, tuple[int, int, int]],
    prefix: str,
    problems: list[tuple[str, str]],
) -> dict[str, int]:
    found = {}
    for name, (least, most, usual) in bounds.items():
        value = given.get(name, usual)
        if is_whole(value, least, most):
            found[name] = value
        else:
            problems.append(
                (f"{prefix}{name}", Said("it is a whole number from {least:,} to {most:,}", least=least, most=most))
            )
    return found


def _is_name(one: object) -> bool:
    return isinstance(one, str) and 0 < len(one) <= NAME_CHARACTERS_MAX and one.isprintable()
