"""History comes backwards, part by part, and a run that was interrupted asks for nothing twice but its last part."""

from datetime import date, timedelta

import pytest

from apps.marketdata import selectors
from apps.marketdata.models import Bar1m, DailyBar, DailyPrice, HistoryBackfill, Security
from apps.marketdata.services import backfill as module
from apps.marketdata.services.backfill import backfill, run_backfill_slice
from apps.marketdata.services.bar_store import store_bars
from apps.marketdata.tests.conftest import at, ms
from qts.adapters.ssi.market_data import DailyBar as WireBar
from qts.adapters.ssi.market_data import DailyPrice as WirePrice
from qts.adapters.ssi.market_data import IndexDay, IntradayBar
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import BarClosed

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 11, 23)


class Broker:
    """One day and one minute of each first day of a part."""

    def __init__(self):
        self.asked, self.refused, self.away_after, self.is_closed = [], set(), None, False

    def _ask(self, kind, symbol, since, until):
        if self.away_after is not None and len(self.asked) >= self.away_after:
            raise TransientError("429")
        self.asked.append((kind, symbol, since, until))
        if symbol in self.refused:
            raise TerminalError(f"{symbol} is not served")

    def daily_ohlc(self, symbol, since, until):
        self._ask("days", symbol, since, until)
        return [WireBar(symbol, since, 9_700, 9_900, 9_650, 9_800, 10_000, 98_000_000)]

    def intraday_ohlc(self, symbol, since, until):
        self._ask("minutes", symbol, since, until)
        last_ms = ms("09:15:42", f"{since}")
        traded = IntradayBar(symbol, last_ms, 9_700, 9_900, 9_650, 9_800, 100)
        return [traded, IntradayBar(symbol, last_ms + 60_000, 0, 0, 0, 0, 0)]

    def daily_index(self, code, since, until):
        self._ask("indices", code, since, until)
        return [IndexDay(code, since, 188_910, 10, 20, 1, 2, 3, 4, 5)]

    def daily_stock_price(self, symbol, since, until):
        self._ask("prices", symbol, since, until)
        return [WirePrice(symbol, since, *[9_800] * 6, *[100] * 7)]

    def close(self):
        self.is_closed = True


@pytest.fixture
def broker(valkey, settings, monkeypatch):
    for symbol in ("SSI", "VNM"):
        Security.objects.create(symbol=symbol, exchange="HOSE", kind="STOCK", updated_at=at("08:00:00"))
    settings.HISTORY_DAYS, settings.HISTORY_MINUTE_DAYS = 70, 30
    settings.HISTORY_INDEX_DAYS = settings.HISTORY_PRICE_DAYS = 0
    return Broker()


def run(broker, **changes):
    return backfill(broker, today=TODAY, **changes)


def back(days):
    return TODAY - timedelta(days=days)


def test_all_symbols_newest_part_comes_first(broker):
    came = run(broker)
    assert sorted(broker.asked[:4]) == [(k, s, back(30), back(1)) for k in ("days", "minutes") for s in ("SSI", "VNM")]
    assert sorted(broker.asked[4:6]) == [("days", s, back(60), back(31)) for s in ("SSI", "VNM")]
    assert sorted(broker.asked[6:]) == [("days", s, back(70), back(61)) for s in ("SSI", "VNM")]
    assert came == 8
    assert DailyBar.objects.filter(symbol="SSI").count() == 3
    assert [one.value_vnd for one in DailyBar.objects.all()] == [98_000_000] * 6
    minute = Bar1m.objects.get(symbol="SSI")
    assert (minute.starts_at, minute.close_vnd, minute.is_announced) == (at("09:15:00", f"{back(30)}"), 9_800, True)
    assert run(broker) == 0


def test_an_interrupted_run_goes_on_with_the_part_that_is_missing(broker):
    broker.away_after = 3
    with pytest.raises(TransientError):
        run(broker)
    first = list(broker.asked)
    broker.away_after = None
    run(broker)
    assert len(set(broker.asked)) == len(broker.asked) == 8
    assert broker.asked[:3] == first


def test_a_refused_symbol_stops_nobody_and_is_asked_again_the_next_day(broker):
    broker.refused = {"SSI"}
    run(broker)
    assert len([one for one in broker.asked if one[1] == "SSI"]) == 2
    assert DailyBar.objects.filter(symbol="VNM").count() == 3
    assert {row.refusal for row in HistoryBackfill.objects.filter(symbol="SSI")} == {"SSI is not served"}
    broker.refused = set()
    assert run(broker) == 0
    HistoryBackfill.objects.update(asked_at=at("08:00:00", "2020-01-01"))
    run(broker)
    assert DailyBar.objects.filter(symbol="SSI").count() == 3


def test_minutes_of_stored_matches_stay(broker):
    day = f"{back(30)}"
    bar = BarClosed(
        symbol="SSI", ts_start_ms=ms("09:15:00", day), open_vnd=1, high_vnd=1, low_vnd=1, close_vnd=1,
        volume=1, value_vnd=1, trade_count=1, ts_received_ns=1, wal_position="1:8",
    )  # fmt: skip
    store_bars([bar])
    run(broker)
    assert Bar1m.objects.get(symbol="SSI").close_vnd == 1


def test_indices_and_prices_come_backwards_and_go_on_with_each_day_that_is_over(broker, settings):
    settings.HISTORY_DAYS = settings.HISTORY_MINUTE_DAYS = 0
    settings.HISTORY_INDEX_DAYS, settings.HISTORY_PRICE_DAYS, settings.HISTORY_INDICES = 40, 10, ["VN30"]
    run(broker)
    assert broker.asked == [
        ("indices", "VN30", back(30), back(1)), ("prices", "SSI", back(10), back(1)),
        ("prices", "VNM", back(10), back(1)), ("indices", "VN30", back(40), back(31)),
    ]  # fmt: skip
    assert selectors.index_closes("vn30", back(99), TODAY) == [(back(40), 188_910), (back(30), 188_910)]
    assert selectors.index_closes("VN30", back(30), back(30)) == [(back(30), 188_910)]
    assert DailyPrice.objects.get(symbol="VNM").adjusted_close_vnd == 9_800
    broker.asked.clear()
    assert run(broker) == 0
    backfill(broker, today=TODAY + timedelta(days=45))
    ahead = [(since, until) for kind, _, since, until in broker.asked if kind == "indices"]
    assert ahead == [(TODAY, back(-29)), (back(-30), back(-44))]
    assert [one for one in broker.asked if one[1] == "VNM"] == [
        ("prices", "VNM", TODAY, back(-29)),
        ("prices", "VNM", back(-30), back(-44)),
    ]
    row = HistoryBackfill.objects.get(kind="indices")
    assert (row.done_from, row.done_until, row.bar_count) == (back(40), back(-44), 4)


def test_a_slice_ends_quietly_at_the_limit_and_asks_for_nothing_when_all_is_there(broker, settings, monkeypatch):
    monkeypatch.setattr(module.selectors, "market_today", lambda: TODAY)
    monkeypatch.setattr(module, "data_client", lambda: broker)
    broker.away_after = 2
    run_backfill_slice(seconds_max=5)
    assert len(broker.asked) == 2
    assert broker.is_closed
    broker.away_after = None
    run_backfill_slice(seconds_max=5)
    assert len(broker.asked) == 8
    monkeypatch.setattr(module, "data_client", lambda: pytest.fail("nothing is missing"))
    run_backfill_slice(seconds_max=5)
    settings.HISTORY_DAYS = settings.HISTORY_MINUTE_DAYS = 0
    HistoryBackfill.objects.all().delete()
    run_backfill_slice(seconds_max=5)
