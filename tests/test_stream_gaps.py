"""Gaps put into the simulated exchange's stream, of every kind: each is marked within two seconds of showing itself."""

import os
import time
from datetime import UTC, datetime

import pytest

from apps.marketdata import selectors
from apps.marketdata.models import MarketGap, Tick
from apps.marketdata.services.gap_filling import fill_gap
from apps.marketdata.services.master_data import data_client
from qts.domain.market import to_vietnam
from tests.market_pipeline import wait_for
from tests.test_market_data_pipeline import start_market

__all__ = ["start_market"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

MARKED_WITHIN_S = 2.0
LEARNING_S = 12  # how lively the stream is: before that, only eight seconds of silence count


def marked(cause, since, symbol=""):
    """The first gap of that cause that was stored since then."""
    rows = MarketGap.objects.filter(cause=cause, marked_at__gte=since).order_by("marked_at")
    return rows.filter(symbols=symbol).first() if symbol else rows.first()


def now():
    return datetime.now(tz=UTC)


def assert_marked_in_time(gap, shown_at):
    late_s = (gap.marked_at - shown_at).total_seconds()
    assert late_s <= MARKED_WITHIN_S, f"{gap} was marked {late_s:.1f} s after it showed itself"


def assert_lost_matches_are_marked(market, symbol):
    """The next quote shows them: its arrival is the end of the gap."""
    since = now()
    market.ask("sim/disturb", {"stream": "market", "act": "drop", "kinds": ["B"], "symbols": [symbol], "count": 3})
    gap = wait_for(lambda: marked("VOLUME", since, symbol), 30, f"lost matches of {symbol} are not marked")
    assert_marked_in_time(gap, gap.to_at)
    wait_for(lambda: not selectors.is_suspect(symbol), 10, "it is marked and still suspected")
    return gap


def assert_silence_is_marked(market):
    since = now()
    market.ask("sim/disturb", {"stream": "market", "act": "drop", "seconds": 4})
    gap = wait_for(lambda: marked("SILENCE", since), 10, "silence of all is not marked")
    assert_marked_in_time(gap, gap.from_at)
    wait_for(
        lambda: (MarketGap.objects.get(pk=gap.pk).to_at - gap.from_at).total_seconds() > 3, 10, "the gap does not grow"
    )
    known = Tick.objects.count()  # what breaks while it is silent is of the same gap
    wait_for(lambda: Tick.objects.count() > known + 20, 30, "no more matches come")


def assert_a_lost_connection_is_marked(market, act):
    since, known = now(), Tick.objects.count()
    market.ask("sim/sockets", {"stream": "market", "act": act})
    gap = wait_for(lambda: marked("RECONNECT", since), 10, f"a connection lost by {act} is not marked")
    assert_marked_in_time(gap, since)
    wait_for(lambda: selectors.stream_status().is_live, 30, "the stream does not come back")
    wait_for(lambda: Tick.objects.count() > known + 20, 30, "no more matches come")


def assert_a_half_open_stream_is_noticed(market):
    since, began_at = now(), time.monotonic()
    market.ask("sim/sockets", {"stream": "market", "act": "half_open"})
    wait_for(lambda: not selectors.stream_status().is_live, 15, "a half-open stream looks alive")
    assert time.monotonic() - began_at <= 10
    gap = marked("SILENCE", since)
    assert_marked_in_time(gap, gap.from_at)
    wait_for(lambda: selectors.stream_status().is_live, 15, "it was not subscribed to again")


def assert_it_is_filled(gap):
    client = data_client()
    day = to_vietnam(gap.market_from_at).date()
    try:
        wait_for(
            lambda: fill_gap(gap, lambda symbol: client.intraday_ohlc(symbol, day, day)), 40, "the gap is not settled"
        )
    finally:
        client.close()
    gap.refresh_from_db()
    assert gap.fill == MarketGap.Fill.FILLED, gap.fill
    assert gap.filled_quantity > 0
    assert gap.missing_quantity == 0


def trading(start_market):
    market = start_market("2026-11-23", "09:14:30", "11:29:00", 20)
    wait_for(lambda: Tick.objects.count() > 100, 90, "no ticks in the table")
    return market


def test_lost_matches_and_a_half_open_stream_are_marked_in_time_and_filled(start_market):
    market = trading(start_market)
    gap = assert_lost_matches_are_marked(market, "SSI")
    time.sleep(LEARNING_S)
    assert_a_half_open_stream_is_noticed(market)
    assert_it_is_filled(gap)


@pytest.mark.skipif("QTS_STREAM_GAPS" not in os.environ, reason="takes minutes; `make soak` runs it")
def test_every_gap_in_the_stream_is_marked_in_time_and_filled(start_market):
    market = trading(start_market)
    lost = [assert_lost_matches_are_marked(market, symbol) for symbol in ("SSI", "VNM", "HPG", "FPT", "VCB", "MBB")]
    time.sleep(LEARNING_S)
    assert set(MarketGap.objects.values_list("cause", flat=True)) <= {"VOLUME", "RECONNECT"}, "a gap where none was"
    for _ in range(int(os.environ["QTS_STREAM_GAPS"])):
        assert_silence_is_marked(market)
        for act in ("close", "reset"):
            assert_a_lost_connection_is_marked(market, act)
    assert_a_half_open_stream_is_noticed(market)
    for gap in lost:
        assert_it_is_filled(gap)
