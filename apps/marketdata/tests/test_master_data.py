"""Master data, loaded from a client that answers as FC Data does."""

from dataclasses import replace
from datetime import date, timedelta
from typing import cast

import pytest

from apps.eventlog.selectors import history
from apps.marketdata import selectors
from apps.marketdata.models import DailyBar, DailyReference, MasterDataChange, MasterDataLoad, Security
from apps.marketdata.services import master_data
from apps.marketdata.services.master_data import load_master_data, load_master_data_of_day
from apps.marketdata.tests.conftest import at
from apps.marketdata.tests.test_live import clock_at
from qts.adapters.lease import Lease
from qts.adapters.ssi.market_data import DailyBar as WireBar
from qts.adapters.ssi.market_data import ListedIndex, ListedSecurity, MarketDataClient
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Exchange, InstrumentKind

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 11, 23)
NOW = at("08:00:00")


def listed(symbol, **changes):
    known = ListedSecurity(symbol, Exchange.HOSE, InstrumentKind.STOCK, f"CTCP {symbol}", f"{symbol} Corp", 100, 1_000)
    return replace(known, **changes)


class Broker:
    """What `MarketDataClient` offers of master data, out of memory."""

    def __init__(self, *securities):
        self.listed = list(securities)
        self.last_day = TODAY - timedelta(days=3)  # Friday
        self.refused = set()
        self.indices = {"VN30": [one.symbol for one in securities]}
        self.asked = []
        self.is_away = False
        self.is_closed = False

    def securities(self):
        return [(one.symbol, one.exchange.value) for one in self.listed]

    def securities_details(self):
        return self.listed

    def index_list(self):
        return [ListedIndex(code, code, "HOSE") for code in self.indices]

    def index_components(self, index_code):
        if self.is_away:
            raise TransientError("IndexComponents: connection reset")
        return self.indices[index_code]

    def daily_ohlc(self, symbol, since, until):
        self.asked.append((symbol, since, until))
        if symbol in self.refused:
            raise TerminalError("DailyOhlc: refused")
        if self.is_away:
            raise TransientError("DailyOhlc: connection reset")
        days = [self.last_day - timedelta(days=back) for back in (1, 0)]
        return [
            WireBar(symbol, day, 9_700, 9_900, 9_650, 9_800, 10_000, 98_000_000)
            for day in days
            if since <= day <= until
        ]

    def close(self):
        self.is_closed = True


def load(broker: Broker) -> master_data.LoadResult:
    result = load_master_data(cast(MarketDataClient, broker), today=TODAY, now=NOW)
    assert result is not None
    return result


def known(symbol: str) -> selectors.SecurityView:
    found = selectors.security(symbol)
    assert found is not None
    return found


def test_securities_history_and_references_are_loaded(valkey):
    broker = Broker(
        listed("SSI"),
        listed("VNM"),
        listed("41I1FC000", exchange=Exchange.VNFE, kind=InstrumentKind.FUTURE, lot_size=0),
    )
    result = load(broker)
    assert (result.securities, result.changed, result.daily_bars) == (3, 3, 6)
    ssi = known("SSI")
    assert (ssi.exchange, ssi.kind, ssi.name, ssi.lot_size) == (Exchange.HOSE, InstrumentKind.STOCK, "CTCP SSI", 100)
    assert known("41I1FC000").lot_size == 1  # the broker said nothing: the exchange's rule
    assert [bar.close_vnd for bar in selectors.daily_bars("SSI")] == [9_800, 9_800]
    assert dict(selectors.references(["SSI"], TODAY)) == {"SSI": (9_800, 10_450, 9_120)}
    assert {event.key for event in history(topic="masterData.security.updated", limit=10)} == {
        "SSI",
        "VNM",
        "41I1FC000",
    }
    assert selectors.is_master_data_of(TODAY)


def test_loading_again_changes_nothing_and_asks_for_nothing_known(valkey):
    broker = Broker(listed("SSI"))
    load(broker)
    broker.asked.clear()
    again = load(broker)
    assert (again.changed, again.daily_bars) == (0, 0)
    assert broker.asked == [("SSI", date(2026, 11, 21), date(2026, 11, 22))]
    assert DailyBar.objects.count() == 2
    assert DailyReference.objects.count() == 1
    assert len(history(topic="masterData.security.updated", limit=10)) == 2  # of the first load: listed, and in VN30


def test_only_what_differs_is_announced_and_who_left_becomes_inactive(valkey):
    broker = Broker(listed("SSI"), listed("VNM"))
    load(broker)
    broker.listed = [listed("SSI", listed_shares=2_000)]
    assert load(broker).changed == 2
    assert known("VNM").is_active is False
    assert [one.symbol for one in selectors.securities()] == ["SSI"]
    assert selectors.market_state("VNM", NOW) is None
    assert load(broker).changed == 0


def test_an_empty_list_delists_nobody(valkey):
    load(Broker(listed("SSI")))
    with pytest.raises(TerminalError):
        load(Broker())
    assert known("SSI").is_active is True


def test_one_refused_history_does_not_stop_the_others(valkey):
    broker = Broker(listed("AAA"), listed("SSI"))
    broker.refused = {"AAA"}
    load(broker)
    assert set(DailyBar.objects.values_list("symbol", flat=True)) == {"SSI"}
    assert selectors.is_master_data_of(TODAY)


def test_a_load_that_broke_off_is_not_counted_as_done(valkey):
    broker = Broker(listed("SSI"))
    broker.is_away = True
    with pytest.raises(TransientError):
        load(broker)
    assert Security.objects.count() == 1
    assert not selectors.is_master_data_of(TODAY)


def test_the_task_loads_once_a_day_and_only_under_the_lease(valkey, settings, monkeypatch):
    settings.MARKET_CLOCK = clock_at("08:00:00")
    broker = Broker(listed("SSI"))
    monkeypatch.setattr(master_data, "data_client", lambda: broker)
    other = Lease(settings.REDIS_URL, "master-data", 30)
    other.acquire()
    assert load_master_data_of_day() is None
    assert not MasterDataLoad.objects.exists()
    other.release()
    result = load_master_data_of_day()
    assert result is not None
    assert result.securities == 1
    assert broker.is_closed
    broker.asked.clear()
    assert load_master_data_of_day() is None
    assert broker.asked == []


def changes() -> list[tuple[str, str, str, str]]:
    rows = MasterDataChange.objects.order_by("id").values_list("subject", "field", "before", "after")
    return list(rows)


def test_every_difference_is_kept_fact_by_fact(valkey):
    broker = Broker(listed("SSI"))
    load(broker)
    assert changes() == [
        ("SSI", "listed", "", "HOSE STOCK"),
        ("VN30", "index", "", "VN30 HOSE"),
        ("SSI", "member of", "", "VN30"),
    ]
    MasterDataChange.objects.all().delete()
    load(broker)
    assert changes() == []
    broker.listed = [listed("SSI", listed_shares=2_000, exchange=Exchange.HNX), listed("VNM")]
    broker.indices = {"VN30": ["VNM"], "VN100": ["SSI", "VNM"]}
    load(broker)
    assert sorted(changes()) == [
        ("SSI", "exchange", "HOSE", "HNX"),
        ("SSI", "listed_quantity", "1000", "2000"),
        ("SSI", "member of", "", "VN100"),
        ("SSI", "member of", "VN30", ""),
        ("VN100", "index", "", "VN100 HOSE"),
        ("VNM", "listed", "", "HOSE STOCK"),
        ("VNM", "member of", "", "VN100"),
        ("VNM", "member of", "", "VN30"),
    ]
    assert selectors.index_members("VN30") == ["VNM"]
    assert selectors.indices_of("SSI") == ["VN100"]


def test_an_index_that_tells_no_members_keeps_those_it_had(valkey):
    broker = Broker(listed("SSI"))
    load(broker)
    broker.indices = {"VN30": []}
    load(broker)
    assert selectors.index_members("VN30") == ["SSI"]
    broker.indices = {}
    load(broker)
    assert selectors.index_members("VN30") == []  # not listed any more
    assert ("VN30", "index", "VN30 HOSE", "") in changes()
