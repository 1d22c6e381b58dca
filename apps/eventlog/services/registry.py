"""Who wants which topic. Every app's `handlers` module is imported at start-up and subscribes itself."""

from collections.abc import Callable
from typing import Any, TypeVar

from qts.domain.events import REGISTRY, Event

_E = TypeVar("_E", bound=Event)
Handler = Callable[[Any], None]

_handlers: dict[str, dict[str, Handler]] = {}


def subscribe(*topics: str) -> Callable[[Callable[[_E], None]], Callable[[_E], None]]:
    """Decorate a function of one event. It may be called more than once for the same event and must not mind.

    A handler runs for at most a few seconds; longer work belongs in a task. A TransientError is tried again.
    """
    for topic in topics:
        if topic not in REGISTRY:
            raise ValueError(f"no event has the topic {topic}")

    def register(handler: Callable[[_E], None]) -> Callable[[_E], None]:
        for topic in topics:
            _handlers.setdefault(topic, {})[handler_name(handler)] = handler
        return handler

    return register


def handler_name(handler: Callable[..., None]) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"


def handlers_of(topic: str) -> dict[str, Handler]:
    """By name, in the order of subscription."""
    return dict(_handlers.get(topic, {}))


def subscribed_topics() -> list[str]:
    return sorted(_handlers)
