"""The base of all events, and the register of their names."""

from dataclasses import dataclass
from typing import ClassVar, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events; `topic` is the bus topic, `key_field` names the field that is the partition key."""

    topic: ClassVar[str] = ""
    key_field: ClassVar[str] = ""

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


_E = TypeVar("_E", bound=Event)
REGISTRY: dict[str, type[Event]] = {}


def published(cls: type[_E]) -> type[_E]:
    if cls.topic in REGISTRY:
        raise ValueError(f"topic {cls.topic} is defined twice")
    REGISTRY[cls.topic] = cls
    return cls
