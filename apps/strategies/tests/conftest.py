"""SSI at 25,000 on a Monday morning, an account with 100 million VND, limits as seeded, and a desk to run on it."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings as django_settings

from apps.accounts.services import OpeningPosition, adopt_balances, open_account
from apps.analytics.services import IndicatorEngine
from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import LiveState
from apps.marketdata.tests.conftest import (
    at,
    frame,
    ms,
    quote_record,
    session_record,
    trade_record,
    valkey,
    wal_dir,
)
from apps.marketdata.tests.test_pipeline import Reader
from apps.risk.services import seed_limits
from apps.strategies.services import create_strategy, start_strategy
from apps.strategies.services.desk import StrategyDesk
from qts.domain.events import BarClosed
from qts.domain.values import Actor, ActorKind

__all__ = ["valkey", "wal_dir"]

NOW = at("10:15:00")
TRADER = Actor(ActorKind.USER, "1")
FAST, SLOW = "sma_5", "sma_20"


def list_securities(*symbols):
    model = apps.get_model("marketdata", "Security")  # its tables are another app's own; only its services write them
    model.objects.bulk_create(
        model(symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=NOW) for symbol in symbols
    )


@pytest.fixture
def account_id(valkey, wal_dir, settings):
    ends = (NOW + timedelta(hours=7, seconds=1)).time().isoformat()
    settings.MARKET_CLOCK = f"affine:2026-11-23,10:15:00,{ends},9999999999,1"
    list_securities("SSI")
    reader = Reader(wal_dir).start()
    reader.take(frame(session_record(), trade_record(), quote_record()))
    wall_ns = time.time_ns()
    LiveState(django_settings.REDIS_URL).report(
        StreamState.CONNECTED, since_ns=wall_ns, reported_ns=wall_ns, last_frame_ns=wall_ns
    )
    seed_limits(NOW)
    found = open_account(number="0901351", name="Test", connection_id=uuid4())
    adopt_balances(
        account_id=found,
        cash_vnd=100_000_000,
        positions=[OpeningPosition("SSI", 1_000, 24_000_000)],
        now=at("08:00:00"),
    )
    return found


@pytest.fixture
def strategy_id(account_id):
    created = create_strategy(
        name="Cross",
        class_key="moving_average_cross",
        parameters={"quantity": 500},
        account_id=account_id,
        symbols=["SSI"],
    )
    start_strategy(created, actor=TRADER, now=NOW)
    return created


class KnownIndicators(IndicatorEngine):
    """The real engine, with the values of the last two bars given by the test."""

    def __init__(self):
        super().__init__(bars_before=lambda _symbol, _starts_at, _limit: [])
        self.now, self.before = {}, {}

    def cross(self, fast_before, fast_now, slow=10.0):
        self.before, self.now = {FAST: fast_before, SLOW: slow}, {FAST: fast_now, SLOW: slow}

    def values(self, symbol):
        return self.now

    def values_before(self, symbol):
        return self.before


@pytest.fixture
def engine():
    return KnownIndicators()


@pytest.fixture
def desk(strategy_id, engine):
    with StrategyDesk(engine) as made:
        made.refresh()
        made.begin_batch()
        yield made


def bar(text="10:14:00", *, received_ns=None, symbol="SSI", wal_position="1:8"):
    return BarClosed(
        symbol=symbol,
        ts_start_ms=ms(text),
        open_vnd=25_000,
        high_vnd=25_050,
        low_vnd=24_950,
        close_vnd=25_000,
        volume=1_000,
        value_vnd=25_000_000,
        trade_count=10,
        ts_received_ns=received_ns or time.time_ns(),
        wal_position=wal_position,
    )
