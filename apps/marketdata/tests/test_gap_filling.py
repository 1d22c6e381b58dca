"""What history has and the stream did not bring gets into the bars, and what is still missing is said."""

from datetime import timedelta

import pytest
from django.conf import settings

from apps.marketdata import selectors
from apps.marketdata.models import Bar1m, IngestCheckpoint, MarketGap, Security
from apps.marketdata.services import gap_filling
from apps.marketdata.services.gap_filling import fill_gap
from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.marketdata.services.recorder import Recorder
from apps.marketdata.tests.conftest import at, ms, tick
from apps.marketdata.tests.test_live import clock_at
from qts.adapters import bus as event_bus
from qts.adapters.ssi.market_data import IntradayBar
from qts.domain.events import QuoteUpdated

pytestmark = pytest.mark.django_db(transaction=True)
Fill = MarketGap.Fill
PRICES = dict.fromkeys(
    (
        "reference_vnd", "ceiling_vnd", "floor_vnd", "last_vnd", "last_quantity", "total_value_vnd", "high_vnd",
        "low_vnd", "average_vnd", "estimated_match_vnd",
    ),
    0,
)  # fmt: skip


@pytest.fixture
def morning(valkey, settings):
    """SSI and VNM trade at 9:15, 9:16 and 9:17; the recorder has closed all of it."""
    settings.MARKET_CLOCK = clock_at("09:20:00")
    for symbol in ("SSI", "VNM"):
        Security.objects.create(symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=at("08:00:00"))
    recorder = Recorder(event_bus.connect(settings.EVENT_BUS_URL), epoch=1, now=at("09:00:00"))
    ticks = [
        tick(f"09:{minute}:10", 25_000, 100, symbol=symbol, position=f"1:{number}")
        for number, (minute, symbol) in enumerate([(m, s) for m in (15, 16, 17) for s in ("SSI", "VNM")], start=10)
    ]
    recorder.take(ticks, minutes_over_at=at("09:20:00"))
    return recorder


def told(symbol, total, position="1:900"):
    quote = QuoteUpdated(
        symbol=symbol,
        total_quantity=total,
        session="CONTINUOUS",
        status="N",
        aggressor="",
        ts_exchange_ms=ms("09:19:00"),
        ts_received_ns=1,
        wal_position=position,
        **PRICES,
    )
    message = event_bus.encode(quote)
    LiveState(settings.REDIS_URL).write([message], Checkpoint(position, 0))


def gap(symbols="*", begins="09:15:30", ends="09:16:30"):
    return MarketGap.objects.create(
        symbols=symbols,
        from_at=at(begins),
        to_at=at(ends),
        market_from_at=at(begins),
        market_to_at=at(ends),
        reason="connection lost",
    )


class History:
    """The broker's, of minute 9:16 unless told otherwise; notes who is asked for."""

    def __init__(self, *bars):
        self.bars = bars
        self.asked = []

    def __call__(self, symbol):
        self.asked.append(symbol)
        return [bar for bar in self.bars if bar.symbol == symbol]


def minute(symbol, text, volume, *, high_vnd=25_300):
    return IntradayBar(symbol, ms(text), 25_000, high_vnd, 24_900, 25_200, volume)


def bar(symbol, text):
    return Bar1m.objects.get(symbol=symbol, starts_at=at(text))


def test_a_gap_in_which_nothing_was_traded_costs_no_request(morning):
    told("SSI", 300)
    told("VNM", 300)
    history, hole = History(), gap()
    assert fill_gap(hole, history, recorded_after_s=0)
    assert (history.asked, hole.fill) == ([], Fill.COMPLETE)


def test_minutes_are_filled_where_history_has_more(morning):
    told("SSI", 800)
    told("VNM", 300)
    history = History(minute("SSI", "09:16:58", 600), minute("SSI", "09:17:30", 9_999))
    hole = gap()
    assert fill_gap(hole, history, recorded_after_s=0)
    assert history.asked == ["SSI"]
    filled = bar("SSI", "09:16:00")
    assert (filled.volume, filled.high_vnd, filled.is_filled, filled.is_announced) == (600, 25_300, True, False)
    assert filled.value_vnd == 25_000 * 100 + 25_200 * 500
    assert bar("SSI", "09:17:00").volume == 100  # outside of the gap
    assert not bar("VNM", "09:16:00").is_filled
    hole.refresh_from_db()
    assert (hole.fill, hole.filled_minutes, hole.filled_quantity, hole.missing_quantity) == (Fill.FILLED, 1, 500, 0)


def test_a_minute_without_any_match_of_ours_gets_its_bar(morning):
    Bar1m.objects.filter(starts_at=at("09:16:00")).delete()
    told("SSI", 300 + 400)
    hole = gap("SSI")
    assert fill_gap(hole, History(minute("SSI", "09:16:58", 500)), recorded_after_s=0)
    filled = bar("SSI", "09:16:00")
    assert (filled.volume, filled.trade_count, filled.wal_position) == (500, 0, "")


def test_what_history_lacks_too_is_asked_for_again_and_then_said(morning):
    told("SSI", 1_000)
    hole, history = gap("SSI"), History(minute("SSI", "09:16:58", 400))
    for attempt in range(1, gap_filling.ATTEMPTS_MAX + 1):
        assert fill_gap(hole, history, recorded_after_s=0) is (attempt == gap_filling.ATTEMPTS_MAX)
    hole.refresh_from_db()
    assert (hole.fill, hole.filled_quantity, hole.missing_quantity) == (Fill.PARTIAL, 300, 400)
    other = gap("VNM")
    told("VNM", 350)
    while not fill_gap(other, History(), recorded_after_s=0):
        pass
    assert other.fill == Fill.IMPOSSIBLE


def test_what_another_gap_has_lost_is_not_held_against_one_that_was_filled(morning):
    told("SSI", 300 + 500 + 4_000)
    first, second = gap("SSI"), gap("*", begins="09:18:00", ends="09:18:30")
    history = History(minute("SSI", "09:16:58", 600), minute("SSI", "09:18:20", 3_000))
    assert fill_gap(first, history, recorded_after_s=0)
    assert (first.fill, fill_gap(second, history, recorded_after_s=0)) == (Fill.FILLED, False)
    second.refresh_from_db()
    assert (second.filled_quantity, second.missing_quantity) == (3_000, 1_000)


def test_matches_recorded_after_the_volume_was_told_hide_nothing(morning):
    told("SSI", 350, position="1:900")
    morning.take([tick("09:19:00", 25_000, 50, position="1:950")], minutes_over_at=None)
    hole = gap("SSI")
    fill_gap(hole, History(), recorded_after_s=0)
    hole.refresh_from_db()
    assert hole.missing_quantity == 50


def test_a_late_match_does_not_undo_a_filled_minute(morning):
    told("SSI", 800)
    fill_gap(gap("SSI"), History(minute("SSI", "09:16:58", 600)), recorded_after_s=0)
    morning.take([tick("09:16:40", 25_000, 70, position="1:999")], minutes_over_at=None)
    assert bar("SSI", "09:16:00").volume == 600
    morning.take([tick("09:15:40", 25_000, 70, position="1:1000")], minutes_over_at=None)
    assert bar("SSI", "09:15:00").volume == 170


def test_only_gaps_whose_minutes_the_recorder_has_closed_are_looked_at(morning):
    early, late = gap(), gap(ends="09:19:30", begins="09:18:00")
    IngestCheckpoint.objects.update(closed_until=at("09:20:00"))
    assert [found.pk for found in gap_filling._waiting()] == [early.pk]
    IngestCheckpoint.objects.update(closed_until=at("09:20:31"))
    assert [found.pk for found in gap_filling._waiting()] == [early.pk, late.pk]


def test_the_gate_counts_what_is_suspected_too(valkey):
    since = at("09:00:00") - timedelta(days=400)
    assert selectors.gap_count("SSI", since=since) == 0
    LiveState(settings.REDIS_URL).suspect({"SSI": 1})
    assert (selectors.gap_count("SSI", since=since), selectors.gap_count("VNM", since=since)) == (1, 0)
    LiveState(settings.REDIS_URL).suspect({})
    gap("VNM,SSI")
    assert selectors.gap_count("SSI", since=since) == 1
