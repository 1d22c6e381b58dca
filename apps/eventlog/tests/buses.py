"""Buses for tests: one that remembers, and ones that fail at a chosen moment."""

import threading
from collections.abc import Sequence

from qts.domain.errors import TransientError
from qts.domain.ports import BusMessage, Delivery


class RecordingBus:
    def __init__(self) -> None:
        self.published: list[BusMessage] = []

    def publish(self, messages: Sequence[BusMessage]) -> None:
        self.published.extend(messages)

    def consume(
        self, topics: Sequence[str], *, group: str, consumer: str, count: int, block_ms: int
    ) -> Sequence[Delivery]:
        raise NotImplementedError

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        raise NotImplementedError

    def skip_older(self, topic: str, *, group: str, than_ms: int) -> None:
        raise NotImplementedError


class BusThatIsDown(RecordingBus):
    def publish(self, messages: Sequence[BusMessage]) -> None:
        raise TransientError("no bus")


class SlowBus(RecordingBus):
    """Tells when a publication has begun, and waits for permission to end it."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def publish(self, messages: Sequence[BusMessage]) -> None:
        self.has_begun.set()
        assert self.may_end.wait(10)
        super().publish(messages)
