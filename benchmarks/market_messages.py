"""A seeded stream of market frames as FastConnect Data sends them: one broadcast a frame, JSON in JSON in JSON.

The mix is that of a busy minute of continuous trading: mostly order books, then matches, each followed by the quote
that counts it, a little foreign room and the indices. Fields are in the order of the broker's own samples.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

TRADING_DATE = "20/11/2026"
FIRST_SECOND = 9 * 3600 + 30 * 60
MESSAGES_PER_SECOND = 2_000  # how fast the time in the messages passes
MIX = {"X-QUOTE": 0.58, "B": 0.18, "R": 0.04, "MI": 0.02}  # and an X-TRADE for each B
INDICES = ("VNINDEX", "VN30", "HNXINDEX")
HOSE_LEVELS = 3
TICK_VND = 50

Record = dict[str, Any]


@dataclass(slots=True)
class _Security:
    symbol: str
    reference_vnd: int
    last_vnd: int
    total_quantity: int = 0
    total_value_vnd: int = 0

    def move(self, chance: random.Random) -> int:
        """A match: the price takes at most two steps, the totals grow; its quantity."""
        step_vnd = TICK_VND * chance.randrange(-2, 3)
        self.last_vnd = min(self.ceiling_vnd, max(self.floor_vnd, self.last_vnd + step_vnd))
        quantity = 100 * chance.randrange(1, 60)
        self.total_quantity += quantity
        self.total_value_vnd += quantity * self.last_vnd
        return quantity

    @property
    def ceiling_vnd(self) -> int:
        return self.reference_vnd * 107 // 100 // TICK_VND * TICK_VND

    @property
    def floor_vnd(self) -> int:
        return -(-self.reference_vnd * 93 // 100 // TICK_VND) * TICK_VND


def symbols(count: int) -> list[str]:
    """Three letters each, as HOSE's are."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [letters[number // 676 % 26] + letters[number // 26 % 26] + letters[number % 26] for number in range(count)]


def frames(count: int, symbol_count: int, *, seed: int = 20_261_121) -> list[bytes]:
    """The same frames for the same arguments."""
    chance = random.Random(seed)
    market = [
        _Security(symbol, reference_vnd=price, last_vnd=price)
        for symbol in symbols(symbol_count)
        for price in [TICK_VND * chance.randrange(200, 2_400)]
    ]
    messages = islice(_messages(market, chance), count)
    return [_frame(number, kind, _stamp(number) | record) for number, (kind, record) in enumerate(messages)]


def _frame(number: int, kind: str, record: Record) -> bytes:
    argument = _compact({"DataType": kind, "Content": _compact(record)})
    broadcast = {"H": "FcMarketDataV2Hub", "M": "Broadcast", "A": [argument]}
    return _compact({"C": f"d-1F2A,0|B,{number}|C,1", "M": [broadcast]}).encode()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _stamp(number: int) -> Record:
    second = FIRST_SECOND + number // MESSAGES_PER_SECOND
    return {"TradingDate": TRADING_DATE, "Time": f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"}


def _messages(market: Sequence[_Security], chance: random.Random) -> Iterator[tuple[str, Record]]:
    kinds, weights = list(MIX), list(MIX.values())
    while True:
        (kind,), security = chance.choices(kinds, weights), chance.choice(market)
        if kind == "X-QUOTE":
            yield kind, _quote(security, chance)
        elif kind == "MI":
            yield kind, _index(chance)
        elif kind == "R":
            yield kind, _room(security, chance)
        else:
            quantity = security.move(chance)
            yield kind, _match(security, quantity)
            yield "X-TRADE", _trade(security, quantity)


def _quote(security: _Security, chance: random.Random) -> Record:
    record: Record = {"Exchange": "HOSE", "Symbol": security.symbol, "RType": "X-QUOTE"}
    for prefix, direction in (("Ask", 1), ("Bid", -1)):
        for level in range(1, 11):
            price_vnd = security.last_vnd + direction * TICK_VND * level
            record[f"{prefix}Price{level}"] = float(price_vnd) if level <= HOSE_LEVELS else 0.0
        for level in range(1, 11):
            record[f"{prefix}Vol{level}"] = float(100 * chance.randrange(1, 500)) if level <= HOSE_LEVELS else 0.0
    return record | {"TradingSession": "LO"}


def _match(security: _Security, quantity: int) -> Record:
    prices = dict.fromkeys(("Open", "High", "Low", "Close"), float(security.last_vnd))
    return {"RType": "B", "Symbol": security.symbol, **prices, "Volume": float(quantity), "Value": 0.0}


def _trade(security: _Security, quantity: int) -> Record:
    change_vnd = security.last_vnd - security.reference_vnd
    return {
        "RType": "X-TRADE",
        "Isin": security.symbol,
        "Symbol": security.symbol,
        "Ceiling": float(security.ceiling_vnd),
        "Floor": float(security.floor_vnd),
        "RefPrice": float(security.reference_vnd),
        "AvgPrice": round(security.total_value_vnd / security.total_quantity, 3),
        "PriorVal": float(security.reference_vnd),
        "LastPrice": float(security.last_vnd),
        "LastVol": float(quantity),
        "TotalVal": float(security.total_value_vnd),
        "TotalVol": float(security.total_quantity),
        "MarketId": "HOSE",
        "Exchange": "HOSE",
        "TradingSession": "LO",
        "TradingStatus": "N",
        "Change": float(change_vnd),
        "RatioChange": round(change_vnd * 100 / security.reference_vnd, 2),
        "EstMatchedPrice": 0.0,
        "Side": "BU" if change_vnd > 0 else "SD",
        "Highest": float(security.ceiling_vnd),
        "Lowest": float(security.floor_vnd),
    }


def _room(security: _Security, chance: random.Random) -> Record:
    return {
        "RType": "R",
        "Isin": security.symbol,
        "Symbol": security.symbol,
        "TotalRoom": 490_000_000.0,
        "CurrentRoom": float(chance.randrange(200_000_000, 300_000_000)),
        "BuyVol": float(chance.randrange(10_000_000)),
        "SellVol": float(chance.randrange(10_000_000)),
        "BuyVal": float(chance.randrange(10**12)),
        "SellVal": float(chance.randrange(10**12)),
        "MarketId": "HOSE",
        "Exchange": "HOSE",
    }


def _index(chance: random.Random) -> Record:
    value = 1_250 + chance.randrange(-500, 500) / 100
    return {
        "IndexId": chance.choice(INDICES),
        "IndexValue": value,
        "PriorIndexValue": 1_250.0,
        "TotalTrade": 0.0,
        "TotalQtty": float(chance.randrange(10**9)),
        "TotalValue": float(chance.randrange(10**13)),
        "Advances": 180,
        "NoChanges": 60,
        "Declines": 140,
        "Ceilings": 3,
        "Floors": 2,
        "Change": value - 1_250.0,
        "RatioChange": 0.1,
        "TotalQttyPt": 0.0,
        "TotalValuePt": 0.0,
        "Exchange": "HOSE",
        "IndexType": "Main",
        "TradingSession": "LO",
        "MarketId": "HOSE",
        "RType": "MI",
    }
