"""A day that really happened, through exchange, wire, pipeline and strategies: the decisions are those of a batch.

The batch is pandas and TA-Lib over the recorded file, and knows nothing of QTS.
"""

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import talib

from apps.accounts.services import open_account
from apps.analytics.models import IndicatorSnapshot
from apps.configuration.services import seed_demo_connections
from apps.marketdata import selectors
from apps.marketdata.models import Bar1m, MarketGap
from apps.marketdata.services.master_data import load_master_data_of_day
from apps.marketdata.tests.conftest import forget_market
from apps.orders.models import Intent, Order
from apps.strategies import services as strategies
from apps.strategies.models import Decision
from apps.strategies.selectors import explanation
from qts.domain.values import Actor, ActorKind
from tests.market_pipeline import Market, wait_for

SHARED = Path(os.environ.get("QTS_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
DAY = date(2026, 2, 24)
RECORDING = SHARED / "intraday" / "vn30f1m_ticks" / f"{DAY}.csv.gz"
SYMBOL = "VN30F1M"
SPEED = 400
LENGTHS = {"1s": "1s", "1m": "1min", "5m": "5min", "15m": "15min", "1h": "1h", "1d": "1D"}
PATIENCE_S = "10"
OPERATOR = Actor(ActorKind.SYSTEM, "test")
CROSS = ("moving_average_cross", {"fast": 5, "slow": 20, "quantity": 100})
REVERSION = ("rsi_mean_reversion", {"period": 14, "quantity": 100})

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(400),
    pytest.mark.shared_data,
    pytest.mark.skipif(
        not RECORDING.is_file(), reason=f"needs {RECORDING.name} of recorded data, which is not shipped"
    ),
]


@pytest.fixture
def market(transactional_db, tmp_path, settings):
    """The exchange opens in a few seconds and will play the recording; every worker waits for it."""
    forget_market()
    made = Market(tmp_path, ("ingest", "recorder", "signals"), PATIENCE_S)
    settings.SSI_DATA_URL = made.url
    settings.WAL_DIR = made.data_dir / "wal"
    try:
        busy_s = made.start_workers()
        opens_at = time.time() + max(8.0, 2 * busy_s)
        settings.MARKET_CLOCK = f"affine:{DAY},08:59:00,15:00:00,{opens_at:.3f},{SPEED}"
        made.start_simulator(settings.MARKET_CLOCK, ("--replay", str(RECORDING), "--replay-symbol", SYMBOL))
        seed_demo_connections(made.ask("sim/credentials"), now=datetime.now(tz=UTC))
        load_master_data_of_day()
        start_strategies()
        for worker in made.workers.values():
            made.let_go(worker)
        wait_for(lambda: selectors.stream_status().is_live, 60, "the stream does not connect")
        assert time.time() < opens_at, "the market had opened before the stream was connected"
        yield made
    finally:
        made.kill_all()
        forget_market()


def start_strategies():
    account_id = open_account(number="0901351", name="Shares only", connection_id=uuid4())
    for class_key, parameters in (CROSS, REVERSION):
        strategy_id = strategies.create_strategy(
            name=class_key, class_key=class_key, parameters=parameters, account_id=account_id, symbols=[SYMBOL]
        )
        strategies.start_strategy(strategy_id, actor=OPERATOR, now=selectors.market_now())


def recorded_bars(length="1min"):
    """Prices in VND per contract (a point is 100,000 VND), and how many contracts. Lunch cuts its hour."""
    matches = pd.read_csv(RECORDING)
    at = pd.to_datetime(f"{DAY} " + matches["time"])
    start, cut = at.dt.floor(length), pd.Timestamp(f"{DAY} 11:30")
    if length != "1D":
        start = start.where((start >= cut) | (at < cut), cut)
    matches["price_vnd"] = (matches["price"] * 10).round().astype("int64") * 10_000
    matches["value_vnd"] = matches["price_vnd"] * matches["volume"]
    return matches.groupby(start.dt.tz_localize("Asia/Ho_Chi_Minh")).agg(
        open_vnd=("price_vnd", "first"),
        high_vnd=("price_vnd", "max"),
        low_vnd=("price_vnd", "min"),
        close_vnd=("price_vnd", "last"),
        volume=("volume", "sum"),
        value_vnd=("value_vnd", "sum"),
        trade_count=("price_vnd", "size"),
    )


def crosses(closes):
    """In whole numbers, so that a tie is a tie: four times the sum of five against the sum of twenty."""
    lead = 4 * closes.rolling(5).sum() - closes.rolling(20).sum()
    before = lead.shift()
    up = dict.fromkeys(closes.index[(before <= 0) & (lead > 0)], "sma_5 crossed above sma_20")
    down = dict.fromkeys(closes.index[(before >= 0) & (lead < 0)], "sma_5 crossed below sma_20")
    return up | down


def reversions(closes):
    rsi = pd.Series(talib.RSI(closes.to_numpy(dtype=float), 14), index=closes.index)
    before = rsi.shift()
    fallen = dict.fromkeys(closes.index[(rsi < 30) & (before >= 30)], "rsi_14 fell below 30")
    risen = dict.fromkeys(closes.index[(rsi > 70) & (before <= 70)], "rsi_14 rose above 70")
    return fallen | risen


def batch_indicators(closes):
    """All indicators over the whole day at once; NaN where there is not enough history."""
    values = closes.to_numpy(dtype=float)
    columns = {f"sma_{n}": talib.SMA(values, n) for n in (5, 20)} | {f"ema_{n}": talib.EMA(values, n) for n in (12, 26)}
    columns["rsi_14"] = talib.RSI(values, 14)
    columns |= zip(("macd", "macd_signal", "macd_hist"), talib.MACD(values, 12, 26, 9), strict=True)
    columns |= zip(("bb_upper", "bb_middle", "bb_lower"), talib.BBANDS(values, 20, 2.0, 2.0), strict=True)
    return pd.DataFrame(columns, index=closes.index)


def test_strategies_decide_on_a_recorded_day_what_a_batch_over_the_file_decides(market):
    bars = recorded_bars()
    closes = bars["close_vnd"]
    wait_for(lambda: Bar1m.objects.filter(symbol=SYMBOL).count() >= len(closes), 200, "minutes are missing")
    wait_for(lambda: IndicatorSnapshot.objects.count() >= len(closes), 40, "indicators are missing")
    market.kill_all()
    assert MarketGap.objects.count() == 0
    stored = {at: tuple(figures) for at, *figures in Bar1m.objects.values_list("starts_at", *bars.columns)}
    assert stored == {at: tuple(map(int, figures)) for at, *figures in bars.itertuples()}
    assert_bars_of_every_length_equal_the_files()
    assert_indicators_equal(batch_indicators(closes))

    decided = {
        (row.strategy.class_key, datetime.fromtimestamp(row.trigger["ts_start_ms"] / 1000, UTC)): row.signal
        for row in Decision.objects.select_related("strategy")
    }
    expected = {(CROSS[0], at): signal for at, signal in crosses(closes).items()}
    expected |= {(REVERSION[0], at): signal for at, signal in reversions(closes).items()}
    assert decided == expected
    assert Decision.objects.count() == len(expected) > 20
    assert_nothing_was_bought_and_every_reason_is_kept()


def assert_bars_of_every_length_equal_the_files():
    wait_for(lambda: selectors.market_today() > DAY, 60, "the market's day does not end")
    for resolution, length in LENGTHS.items():
        names = selectors.SeriesBar.__dataclass_fields__
        found = selectors.bar_series(SYMBOL, selectors.Resolution(resolution), limit=20_000)
        expected = [(at, *map(int, figures)) for at, *figures in recorded_bars(length).itertuples()]
        assert [tuple(getattr(bar, name) for name in names) for bar in found] == expected, resolution


def assert_indicators_equal(batch):
    stored = pd.DataFrame(
        dict(IndicatorSnapshot.objects.values_list("starts_at", "values")), dtype=float
    ).T.sort_index()[list(batch.columns)]
    np.testing.assert_array_equal(stored.index, batch.index)
    np.testing.assert_allclose(stored.to_numpy(), batch.to_numpy(), rtol=1e-9, atol=1e-3)
    assert batch.notna().to_numpy().mean() > 0.8


def assert_nothing_was_bought_and_every_reason_is_kept():
    """A cash account may not hold futures: what would buy is refused, what would leave has nothing to sell."""
    for decision in Decision.objects.all():
        if "above sma" in decision.signal or "fell below" in decision.signal:
            assert (decision.outcome, decision.side, decision.quantity) == ("DENIED", "BUY", 100), (
                decision.outcome_reason
            )
            assert "SECURITY_NOT_TRADABLE" in decision.outcome_reason
            told = explanation(decision.order_id)
            assert told.raw_message is not None
            assert SYMBOL in told.raw_message
        else:
            assert (decision.outcome, decision.order_id) == ("SKIPPED", None)
            assert decision.outcome_reason == "already holding or working towards the target"
    assert set(Order.objects.values_list("status", flat=True)) == {"DENIED"}
    assert Intent.objects.count() == 0
