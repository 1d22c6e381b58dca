"""Frames as the FC Data and FC Trading servers send them, built from records."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED_DATA = Path(os.environ.get("QTS_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))

STATUS = {
    "RType": "F",
    "MarketId": "HOSE",
    "TradingDate": "14/08/2026",
    "Time": "14:45:03",
    "Symbol": "SSI",
    "TradingSession": "C",
    "TradingStatus": "N",
    "Exchange": "HOSE",
    "TradingOlSession": "",
}
TRADE = {
    "RType": "X-TRADE",
    "TradingDate": "14/08/2026",
    "Time": "14:45:00",
    "Isin": "SSI",
    "Symbol": "SSI",
    "Ceiling": 26750.0,
    "Floor": 23250.0,
    "RefPrice": 25000.0,
    "AvgPrice": 24642.228,
    "PriorVal": 25000.0,
    "LastPrice": 24500.0,
    "LastVol": 1800.0,
    "TotalVal": 838234940000.0,
    "TotalVol": 34016200.0,
    "MarketId": "HOSE",
    "Exchange": "HOSE",
    "TradingSession": "C",
    "TradingStatus": "N",
    "Change": -500.0,
    "RatioChange": -2.0,
    "EstMatchedPrice": 0.0,
    "Highest": 24950,
    "Lowest": 24300,
    "Side": "SD",
}
TICK = {
    "RType": "B",
    "TradingDate": "14/08/2026",
    "Time": "14:45:00",
    "Symbol": "SSI",
    "Open": 24500.0,
    "High": 24500.0,
    "Low": 24500.0,
    "Close": 24500.0,
    "Volume": 1800.0,
    "Value": 0.0,
}
ODD_LOT = {
    "RType": "OL", "TradingDate": "14/08/2026", "Time": "13:55:03", "StockNo": 2027, "Symbol": "MBB", "Ceiling": 24200,
    "Floor": 21100, "RefPrice": 22650, "Open": 22650, "High": 22950, "Low": 22600, "LastPrice": 22750, "LastVol": 93,
    "TotalVal": 185028290000.0, "TotalVol": 8135000, "BidPrice1": 22700, "BidPrice2": 22650, "BidPrice3": 22600,
    "BidVol1": 48, "BidVol2": 30, "BidVol3": 16, "AskPrice1": 22750, "AskPrice2": 22800, "AskPrice3": 22850,
    "AskVol1": 32, "AskVol2": 48, "AskVol3": 97, "Exchange": "HOSE", "TradingSession": "LO", "TradingStatus": "N",
    "Change": 100, "RatioChange": 0.44, "StockType": "Stock",
}  # fmt: skip
ROOM = {
    "RType": "R",
    "TradingDate": "14/08/2026",
    "Time": "15:32:00",
    "Symbol": "SSI",
    "TotalRoom": 2503089220.0,
    "CurrentRoom": 1741403260.0,
    "BuyVol": 1933300.0,
    "SellVol": 1587415.0,
    "BuyVal": 47557197950.0,
    "SellVal": 39195574350.0,
    "MarketId": "HOSE",
    "Exchange": "HOSE",
}
INDEX = {
    "IndexId": "VN30",
    "IndexValue": 1876.81,
    "PriorIndexValue": 1909.23,
    "TradingDate": "14/08/2026",
    "Time": "15:05:05",
    "TotalQtty": 265895343.0,
    "TotalValue": 9560237967200.0,
    "Advances": 3,
    "NoChanges": 1,
    "Declines": 26,
    "Ceilings": 0,
    "Floors": 2,
    "TradingSession": "C",
    "RType": "MI",
}


def quote(bids: list[tuple[Any, Any]], asks: list[tuple[Any, Any]], **other: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "TradingDate": "14/08/2026",
        "Time": "10:15:31",
        "Exchange": "HOSE",
        "Symbol": "SSI",
        "RType": "X-QUOTE",
        "TradingSession": "LO",
    }
    for name, levels in (("Bid", bids), ("Ask", asks)):
        for number in range(10):
            price, quantity = levels[number] if number < len(levels) else (0.0, 0.0)
            record[f"{name}Price{number + 1}"] = price
            record[f"{name}Vol{number + 1}"] = quantity
    return record | other


def envelope(data_type: str, record: dict[str, Any] | str) -> str:
    content = record if isinstance(record, str) else json.dumps(record)
    return json.dumps({"DataType": data_type, "Content": content})


def frame(*arguments: Any, method: str = "Broadcast", hub: str = "FcMarketDataV2Hub") -> bytes:
    calls = [{"H": hub, "M": method, "A": [argument]} for argument in arguments]
    return json.dumps({"C": "d-1", "M": calls}, separators=(",", ":")).encode()


def market_frame(data_type: str, record: dict[str, Any]) -> bytes:
    return frame(envelope(data_type, record))


def order_frame(kind: str, data: Any) -> bytes:
    return frame(json.dumps({"type": kind, "data": data}), hub="BroadcastHubV2")


def recorded(name: str) -> list[str]:
    """Lines of a recording in the folder of shared data; skips the test where that is absent."""
    path = SHARED_DATA / "ssi" / name
    if not path.is_file():
        pytest.skip("recorded broker messages are not here (QTS_SHARED_DATA)")
    return path.read_text(encoding="utf-8").splitlines()
