"""What goes wrong on the way to a stream's clients: messages dropped, doubled, out of order or late.

The message is gone for every client, or doubled for every client: as if the broker had done it. Snapshots and the
replay of notices are not touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

Item = TypeVar("Item")


class Disturbance(msgspec.Struct, forbid_unknown_fields=True):
    """`kinds` are channels of the market stream or event types of the order stream; none means all, as for `symbols`.

    It ends after `count` messages or `seconds` of wall time, whichever comes first; 0 is without that end.
    """

    stream: Literal["market", "orders"]
    act: Literal["drop", "duplicate", "reorder", "delay"]
    kinds: list[str] = []
    symbols: list[str] = []
    count: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    delay_ms: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Messages that are put out of order must be a known number, and late ones late by something."""
        if self.act == "reorder" and self.count < 2:
            raise ValueError("reorder needs a count of at least 2")
        if self.act == "delay" and not self.delay_ms:
            raise ValueError("delay needs delay_ms")


@dataclass(slots=True)
class _Running(Generic[Item]):
    order: Disturbance
    ends_s: float
    left: int
    held: list[Item] = field(default_factory=list)

    def is_over(self, now_s: float) -> bool:
        return self.left == 0 or now_s >= self.ends_s

    def matches(self, kind: str, symbol: str) -> bool:
        order = self.order
        return (not order.kinds or kind in order.kinds) and (not order.symbols or symbol in order.symbols)


class Disturbances(Generic[Item]):
    """Of one stream. `label` tells kind and symbol of a message."""

    def __init__(self, label: Callable[[Item], tuple[str, str]]) -> None:
        self._label = label
        self._running: list[_Running[Item]] = []
        self._late: list[tuple[float, Item]] = []

    def begin(self, order: Disturbance, now_s: float) -> None:
        ends_s = now_s + order.seconds if order.seconds else float("inf")
        self._running.append(_Running(order, ends_s, order.count or -1))

    def end_all(self) -> None:
        """What is held or late goes out with the next messages."""
        for running in self._running:
            running.left = 0
        self._late = [(0.0, item) for _, item in self._late]

    def orders(self) -> list[Disturbance]:
        return [running.order for running in self._running]

    def pass_on(self, items: Sequence[Item], now_s: float) -> Sequence[Item]:
        """What is to be sent now, in this order. To be called often: it also releases what is late."""
        if not self._running and not self._late:
            return items
        passed = self._due(now_s)
        for item in items:
            passed += self._treated(item, now_s)
        return passed

    def _due(self, now_s: float) -> list[Item]:
        due = [item for at_s, item in self._late if at_s <= now_s]
        self._late = [(at_s, item) for at_s, item in self._late if at_s > now_s]
        for running in [one for one in self._running if one.is_over(now_s)]:
            due += running.held[::-1]
            self._running.remove(running)
        return due

    def _treated(self, item: Item, now_s: float) -> list[Item]:
        kind, symbol = self._label(item)
        running = next((one for one in self._running if one.left and one.matches(kind, symbol)), None)
        if running is None:
            return [item]
        running.left -= 1
        match running.order.act:
            case "drop":
                return []
            case "duplicate":
                return [item, item]
            case "delay":
                self._late.append((now_s + running.order.delay_ms / 1000, item))
                return []
        running.held.append(item)
        if running.left:
            return []
        released, running.held = running.held[::-1], []
        return released
