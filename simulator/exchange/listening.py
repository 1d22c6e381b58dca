"""Who watches the exchange, and who sends it orders."""

from datetime import date
from typing import Protocol

from qts.domain.matching import BookOrder, Fill
from simulator.exchange.security import Security


class Listener(Protocol):
    """Called in the order in which things happen."""

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...
    def day_began(self, day: date) -> None: ...


class Source(Protocol):
    """Something that sends orders at moments of its own choice."""

    def next_ms(self) -> int:
        """When it wants to run next, in market time."""
        ...

    def run(self) -> None: ...


def ignore(*facts: object) -> None:
    """For whoever does not care."""
