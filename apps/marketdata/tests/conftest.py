"""Market data of a test's own: its keys in Valkey are gone afterwards, the log is in a temporary folder."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings

from qts.adapters.redis_client import redis_client
from qts.domain.events import TickReceived

PATTERNS = ("qts:live:*", "qts:ingest:*", "qts:bus:*", "qts:lease:*")


def forget_market():
    client = redis_client(django_settings.REDIS_URL)
    for pattern in PATTERNS:
        if keys := list(client.scan_iter(pattern, count=1_000)):
            client.delete(*keys)


@pytest.fixture
def valkey():
    forget_market()
    yield redis_client(django_settings.REDIS_URL)
    forget_market()


@pytest.fixture
def wal_dir(tmp_path, settings):
    settings.WAL_DIR = tmp_path / "wal"
    return settings.WAL_DIR


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
