"""Typed parameters of a strategy: default, bounds, unit and help, so that a form can be made from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from qts.domain.errors import Said


@dataclass(frozen=True)
class Parameters:
    """Base of a strategy's parameters: a frozen dataclass whose fields are made with `parameter()`."""


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a form shows of one parameter; bounds are inclusive."""

    name: str
    default: int
    minimum: int
    maximum: int
    unit: str
    help: str


class ParameterError(ValueError):
    """One sentence for each wrong parameter."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def parameter(default: int, *, minimum: int, maximum: int, unit: str, help: str) -> Any:  # noqa: A002
    """A whole-number field of a `Parameters` dataclass."""
    return field(default=default, metadata={"minimum": minimum, "maximum": maximum, "unit": unit, "help": help})


def describe_parameters(cls: type[Parameters]) -> list[Parameter]:
    return [
        Parameter(
            name=f.name,
            default=int(f.default),  # type: ignore[arg-type]  # parameter() always gives an int default
            minimum=f.metadata["minimum"],
            maximum=f.metadata["maximum"],
            unit=f.metadata["unit"],
            help=f.metadata["help"],
        )
        for f in fields(cls)
    ]


def parse_parameters(cls: type[P], given: Mapping[str, object]) -> P:
    """Defaults filled in; raises ParameterError naming every unknown, non-integer or out-of-bounds value."""
    return cls(**check_parameters(describe_parameters(cls), given))


def check_parameters(told: Iterable[Parameter], given: Mapping[str, object]) -> dict[str, int]:
    """The same, for a strategy whose parameters are known by their description alone."""
    known = {p.name: p for p in told}
    problems: list[str] = [Said("Unknown parameter {name!r}.", name=name) for name in given if name not in known]
    values: dict[str, int] = {}
    for name, p in known.items():
        value = given.get(name, p.default)
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(Said("{name} must be a whole number.", name=name))
        elif not p.minimum <= value <= p.maximum:
            problems.append(
                Said(
                    "{name} must be between {minimum} and {maximum} {unit}.",
                    name=name,
                    minimum=p.minimum,
                    maximum=p.maximum,
                    unit=p.unit,
                )
            )
        else:
            values[name] = value
    if problems:
        raise ParameterError(problems)
    return values
