"""A strategy's parameters as somebody typed them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from qts.domain.strategy import Parameter


def typed_numbers(told: Iterable[Parameter], given: Mapping[str, str]) -> dict[str, object]:
    """As typed where it is no number: the service says so with the parameter's name."""
    typed: dict[str, object] = {}
    for one in told:
        text = given.get(f"parameter-{one.name}", "").strip()
        typed[one.name] = text
        with suppress(ValueError):
            typed[one.name] = int(text)
    return typed
