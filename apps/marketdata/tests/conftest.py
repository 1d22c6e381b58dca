"""Market data of a test's own: its keys in Valkey are gone afterwards, the log is in a temporary folder."""

import json
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from apps.marketdata.selectors import rules
from qts.adapters.redis_client import redis_client
from qts.domain.events import TickReceived

PATTERNS = ("qts:live:*", "qts:ingest:*", "qts:bus:*", "qts:lease:*")


def forget_market():
    client = redis_client(django_settings.REDIS_URL)
    for pattern in PATTERNS:
        if keys := list(client.scan_iter(pattern, count=1_000)):
            client.delete(*keys)


@pytest.fixture
def valkey(transactional_db):
    forget_market()
    yield redis_client(django_settings.REDIS_URL)
    forget_market()


@pytest.fixture
def wal_dir(tmp_path, settings):
    settings.WAL_DIR = tmp_path / "wal"
    return settings.WAL_DIR


@pytest.fixture
def rules_known(db, monkeypatch):
    """For exact counts of queries: nobody looks for newer rules, which is done at most once a second."""
    rules.rule_history()
    monkeypatch.setattr(rules, "_LOOK_AGAIN_S", float("inf"))


def at(text, day="2026-11-23"):
    """A moment of that day in Vietnam, `HH:MM:SS`."""
    return datetime.fromisoformat(f"{day}T{text}+07:00").astimezone(UTC)


def ms(text, day="2026-11-23"):
    return int(at(text, day).timestamp() * 1000)


def tick(
    text, price_vnd, quantity=100, *, symbol="SSI", position, day="2026-11-23", received_ns=1_700_000_000_000_000_000
):
    return TickReceived(
        symbol=symbol,
        price_vnd=price_vnd,
        quantity=quantity,
        ts_exchange_ms=ms(text, day),
        ts_received_ns=received_ns,
        wal_position=position,
    )


def frame(*records):
    """One frame of the stream as bytes; each record is its DataType and its fields."""
    broadcasts = [
        {
            "H": "FcMarketDataV2Hub",
            "M": "Broadcast",
            "A": [json.dumps({"DataType": kind, "Content": json.dumps(fields)})],
        }
        for kind, fields in records
    ]
    return json.dumps({"C": "d-1", "M": broadcasts}).encode()


def b_record(symbol="SSI", price=25_000.0, volume=100.0, time="10:15:00", day="23/11/2026"):
    prices = dict.fromkeys(("Open", "High", "Low", "Close"), price)
    return "B", {
        "RType": "B",
        "TradingDate": day,
        "Time": time,
        "Symbol": symbol,
        "Volume": volume,
        "Value": 0.0,
        **prices,
    }


def trade_record(symbol="SSI", last=25_000.0, time="10:15:00", day="23/11/2026", **changes):
    fields = {
        "RType": "X-TRADE", "TradingDate": day, "Time": time, "Isin": symbol, "Symbol": symbol, "Ceiling": 26_750.0,
        "Floor": 23_250.0, "RefPrice": 25_000.0, "AvgPrice": 24_642.228, "PriorVal": 25_000.0, "LastPrice": last,
        "LastVol": 1_800.0, "TotalVal": 838_234_940_000.0, "TotalVol": 34_016_200.0, "MarketId": "HOSE",
        "Exchange": "HOSE", "TradingSession": "LO", "TradingStatus": "N", "Change": 0.0, "RatioChange": 0.0,
        "EstMatchedPrice": 0.0, "Highest": 24_950, "Lowest": 24_300, "Side": "SD",
    }  # fmt: skip
    return "X-TRADE", fields | changes


def quote_record(symbol="SSI", bids=((24_950, 300), (24_900, 100)), asks=((25_000, 500),), time="10:15:00", **changes):
    fields = {"RType": "X-QUOTE", "TradingDate": "23/11/2026", "Time": time, "Exchange": "HOSE", "Symbol": symbol}
    for side, levels in (("Bid", bids), ("Ask", asks)):
        for level in range(1, 11):
            price, volume = levels[level - 1] if level <= len(levels) else (0.0, 0.0)
            fields |= {f"{side}Price{level}": float(price), f"{side}Vol{level}": float(volume)}
    return "X-QUOTE", fields | {"TradingSession": "LO"} | changes


def session_record(symbol="SSI", session="LO", status="N", time="10:15:00", day="23/11/2026"):
    return "F", {
        "RType": "F", "MarketId": "HOSE", "TradingDate": day, "Time": time, "Symbol": symbol,
        "TradingSession": session, "TradingStatus": status, "Exchange": "HOSE",
    }  # fmt: skip
