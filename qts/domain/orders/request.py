"""What somebody wants to trade, before anything is decided about it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument
from qts.domain.values import OrderType, Side

NOTHING_CONFIRMED: Final[Mapping[RuleCode, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as asked for. `price_vnd` is the limit price of an LO order and None for every other type.

    `client_order_id` names the wish, not the attempt: the same one with the same content is answered once.
    `confirmations` holds what was typed again, by the soft rule that asked for it. It `holds` where it shall wait for a
    session that takes it instead of being refused.
    """

    symbol: str
    side: Side
    order_type: OrderType
    quantity: int
    price_vnd: int | None
    client_order_id: str
    confirmations: tuple[tuple[RuleCode, int], ...] = ()
    holds: bool = False

    @property
    def body_hash(self) -> str:
        """SHA-256 of the content without the client order id; tells a repeat from a second, different wish."""
        body: list[object] = [self.symbol, self.side, self.order_type, self.quantity, self.price_vnd]
        if self.confirmations:
            body.append(sorted(self.confirmations))
        if self.holds:
            body.append("holds")
        return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """A request with the facts that the risk gate needs; `instrument` is None when the symbol is not known.

    `signal_age_ms` is the age of the market message behind it, None when nothing but a person's wish is. `amends` is
    the recorded order whose rest this would be: what that one holds and counts now does not count against it.
    """

    request: OrderRequest
    instrument: Instrument | None
    strategy_id: str = ""
    signal_age_ms: int | None = None
    amends: UUID | None = None

    @property
    def symbol(self) -> str:
        return self.request.symbol

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def order_type(self) -> OrderType:
        return self.request.order_type

    @property
    def quantity(self) -> int:
        return self.request.quantity

    @property
    def price_vnd(self) -> int | None:
        return self.request.price_vnd

    @property
    def confirmed(self) -> Mapping[RuleCode, int]:
        return dict(self.request.confirmations) if self.request.confirmations else NOTHING_CONFIRMED
