"""All that the terminal knows, and what of it has changed since it was last drawn. No screen, no network."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from qts.tui import wire

WORKING = frozenset(
    {"PENDING", "SENT", "UNKNOWN", "QUEUED", "OPEN", "PARTIALLY_FILLED", "AMEND_PENDING", "CANCEL_PENDING"}
)
CANCELLABLE = WORKING - {"CANCEL_PENDING"}
DATA_AGE_S_LATE = 15.0  # the gate refuses orders on older data


class Part(StrEnum):
    """What is drawn together."""

    BOARD = "board"
    ORDERS = "orders"
    POSITIONS = "positions"
    SIGNALS = "signals"
    RISK = "risk"
    STATUS = "status"


@dataclass
class Desk:
    """`hear` takes what a feed hears; the rest is asked over REST and set by whoever asked."""

    quotes: dict[str, wire.Quote] = field(default_factory=dict)
    indexes: dict[str, wire.Index] = field(default_factory=dict)
    orders: dict[str, wire.Order] = field(default_factory=dict)
    portfolio: wire.Portfolio | None = None
    signals: wire.Signals | None = None
    risk: wire.Risk | None = None
    status: wire.Status | None = None
    status_at: float = 0.0  # by time.monotonic
    accounts: list[wire.Account] = field(default_factory=list)
    account_id: str = ""
    securities: dict[str, wire.Security] = field(default_factory=dict)
    limit_names: dict[str, wire.Limit] = field(default_factory=dict)
    holds: list[wire.Hold] = field(default_factory=list)
    dirty: set[Part] = field(default_factory=set)
    changed_symbols: set[str] = field(default_factory=set)

    def hear(self, channel: str, data: msgspec.Raw, is_snapshot: bool) -> None:
        """Raises `msgspec.MsgspecError` for what it cannot read, and then has changed nothing."""
        take = self._takers[channel]
        take(self, data, is_snapshot)

    def _take_quotes(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        parts = _QUOTES.decode(data)
        if is_snapshot:
            self.quotes = {}
            self.dirty.add(Part.BOARD)
        for symbol, part in parts.items():
            self.quotes.setdefault(symbol, wire.Quote()).take(part)
        self.changed_symbols |= parts.keys()

    def _take_indexes(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        self.indexes |= _INDEXES.decode(data)
        self.dirty.add(Part.STATUS)

    def _take_status(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        self.status = _STATUS.decode(data)
        self.status_at = time.monotonic()
        self.dirty.add(Part.STATUS)

    def _take_orders(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        told = _ORDERS.decode(data).orders
        if is_snapshot:
            self.orders = {}
        self.orders |= {order.id: order for order in told}
        self.dirty |= {Part.ORDERS, Part.RISK}

    def _take_positions(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        portfolio = _PORTFOLIO.decode(data)
        if portfolio.account == self.account_id:  # else said before the account was changed
            self.portfolio = portfolio
        self.dirty.add(Part.POSITIONS)

    def _take_signals(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        self.signals = _SIGNALS.decode(data)
        self.dirty.add(Part.SIGNALS)

    def _take_risk(self, data: msgspec.Raw, is_snapshot: bool) -> None:
        self.risk = _RISK.decode(data)
        self.dirty |= {Part.RISK, Part.STATUS}

    def forget(self) -> None:
        """Another person is to see nothing of this."""
        fresh = Desk(dirty=set(Part))
        self.__dict__.update(fresh.__dict__)

    # --- questions ---------------------------------------------------------------------------------------------------
    @property
    def account(self) -> wire.Account | None:
        return next((account for account in self.accounts if account.id == self.account_id), None)

    def kind(self, symbol: str) -> str:
        security = self.securities.get(symbol)
        return security.kind if security else "STOCK"

    def orders_shown(self) -> list[wire.Order]:
        """Of the account: what works first, then the newest."""
        mine = [order for order in self.orders.values() if order.account_id == self.account_id]
        mine.sort(key=lambda order: order.submitted_at, reverse=True)
        return sorted(mine, key=lambda order: order.status not in WORKING)

    def refused_orders(self) -> list[wire.Order]:
        """Of the account, newest first: what the gate did not let pass."""
        return [order for order in self.orders_shown() if order.status == "DENIED"]

    def stops(self) -> list[wire.KillSwitch]:
        """The kill switches that are engaged."""
        return [switch for switch in self.risk.kill_switches if switch.is_engaged] if self.risk else []

    def limits(self) -> list[wire.LimitUse]:
        """Of the account, the fullest first."""
        use = [limit for limit in self.risk.limit_use if limit.account == self.account_id] if self.risk else []
        return sorted(use, key=lambda limit: -(limit.percent or 0))

    def decisions(self) -> list[wire.Decision]:
        return self.signals.decisions if self.signals else []

    def data_age_s(self, now: float) -> float | None:
        """Of the newest market data that the server has, as old as it is by now; None when it has none."""
        if self.status is None or self.status.stream.age_ms is None:
            return None
        return self.status.stream.age_ms / 1000 + (now - self.status_at)

    def market_ms(self, now: float) -> float | None:
        """The market's time, moved on since the server told it."""
        if self.status is None:
            return None
        return self.status.clock.now + (now - self.status_at) * 1000 * self.status.clock.speed

    _takers = {
        "quotes": _take_quotes,
        "indexes": _take_indexes,
        "status": _take_status,
        "orders": _take_orders,
        "positions": _take_positions,
        "signals": _take_signals,
        "risk": _take_risk,
    }


def known(symbols: Iterable[str], is_known: Callable[[str], bool]) -> list[str]:
    """In their order, each once; the server refuses a subscription that holds a symbol it does not know."""
    return [symbol for symbol in dict.fromkeys(symbols) if is_known(symbol)]


_QUOTES = msgspec.json.Decoder(dict[str, wire.QuotePart])
_INDEXES = msgspec.json.Decoder(dict[str, wire.Index])
_STATUS = msgspec.json.Decoder(wire.Status)
_ORDERS = msgspec.json.Decoder(wire.Orders)
_PORTFOLIO = msgspec.json.Decoder(wire.Portfolio)
_SIGNALS = msgspec.json.Decoder(wire.Signals)
_RISK = msgspec.json.Decoder(wire.Risk)
