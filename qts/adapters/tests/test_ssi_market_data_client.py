import json
from datetime import date

import pytest
import stamina

from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.market_data import DailyBar, DailyPrice, IndexDay, IntradayBar, ListedSecurity, MarketDataClient
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, reply, reset, text
from qts.adapters.tests.fastconnect_frames import SHARED_DATA
from qts.adapters.tests.test_ssi_codec import ms
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Exchange, InstrumentKind

DETAIL = {
    "Symbol": "SSI",
    "SymbolName": "CTCP CHUNG KHOAN SSI",
    "SymbolEngName": "SSI Securities Corporation",
    "SecType": "S",
    "MarketId": "HOSE",
    "Exchange": "HOSE",
    "LotSize": "100",
    "ListedShare": "1501130137",
    "TickPrice1": None,
}
DAILY = {
    "Symbol": "SSI",
    "Market": "HOSE",
    "TradingDate": "10/08/2023",
    "Time": None,
    "Open": "28600",
    "High": "28850",
    "Low": "28100",
    "Close": "28100",
    "Volume": "23382100",
    "Value": "663817000000",
}
MINUTE = {
    "Symbol": "SSI",
    "Value": "29100",
    "TradingDate": "14/08/2023",
    "Time": "14:29:59",
    "Open": "29050",
    "High": "29150",
    "Low": "29050",
    "Close": "29100",
    "Volume": "166400",
}


@pytest.fixture(autouse=True)
def no_waiting():
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def client(fastconnect: FakeFastConnect):
    client = MarketDataClient(fastconnect.url.rstrip("/"), DataCredentials("CID-1", "SEC-1"))
    yield client
    client.close()


def page(rows, total=None, status="Success"):
    return reply(
        {"data": rows, "message": status, "status": status, "totalRecord": len(rows) if total is None else total}
    )


def details(*changes, total=None):
    rows = [DETAIL | change for change in changes]
    return page([{"RType": "y", "TotalNoSym": str(len(rows)), "RepeatedInfo": rows}], total=total or len(rows))


def test_log_in_and_query_are_as_documented(client, fastconnect):
    fastconnect.answers["Securities"] = page([{"Market": "HOSE", "Symbol": "SSI", "StockName": None}])

    assert client.securities("HOSE") == [("SSI", "HOSE")]

    log_in, query = fastconnect.asked
    assert json.loads(log_in.body) == {"consumerID": "CID-1", "consumerSecret": "SEC-1"}
    assert (log_in.method, log_in.path) == ("POST", "/api/v2/Market/AccessToken")
    assert (query.method, query.path) == ("GET", "/api/v2/Market/Securities")
    assert query.query == {"market": "HOSE", "pageIndex": "1", "pageSize": "1000"}
    assert query.token == client.token()


def test_details_become_securities_of_our_kinds_and_the_rest_is_left_out(client, fastconnect):
    fastconnect.answers["SecuritiesDetails"] = details(
        {},
        {"Symbol": "E1VFVN30", "SecType": "EF"},
        {"Symbol": "CHPG2501", "SecType": "CW"},
        {"Symbol": "41I1F7000", "SecType": "FU", "Exchange": "DER", "LotSize": ""},
        {"Symbol": "TD2535", "SecType": "BO", "Exchange": "HNXBOND"},
        {"Symbol": "VNFUND", "SecType": "OF"},
    )

    found = client.securities_details()

    assert found[0] == ListedSecurity(
        symbol="SSI",
        exchange=Exchange.HOSE,
        kind=InstrumentKind.STOCK,
        name_vi="CTCP CHUNG KHOAN SSI",
        name_en="SSI Securities Corporation",
        lot_size=100,
        listed_shares=1_501_130_137,
    )
    assert [(one.symbol, one.kind) for one in found[1:]] == [
        ("E1VFVN30", InstrumentKind.ETF),
        ("CHPG2501", InstrumentKind.WARRANT),
        ("41I1F7000", InstrumentKind.FUTURE),
    ]
    assert (found[3].exchange, found[3].lot_size) == (Exchange.VNFE, 0)


def test_pages_are_read_until_the_total_is_reached(client, fastconnect):
    fastconnect.answers["SecuritiesDetails"] = [
        details({"Symbol": "AAA"}, total=2_500),
        details({"Symbol": "BBB"}, total=2_500),
        details({"Symbol": "CCC"}, total=2_500),
    ]
    assert [one.symbol for one in client.securities_details("HOSE")] == ["AAA", "BBB", "CCC"]
    assert [one.query["pageIndex"] for one in fastconnect.asked[1:]] == ["1", "2", "3"]


def test_more_than_can_be_paged_through_is_an_error_not_a_cut(client, fastconnect):
    fastconnect.answers["Securities"] = page([{"Market": "HOSE", "Symbol": "SSI"}], total=10_001)
    with pytest.raises(TerminalError, match="more rows than"):
        client.securities()
    assert fastconnect.names().count("Securities") == 10


def test_daily_bars_in_parts_of_thirty_days(client, fastconnect):
    fastconnect.answers["DailyOhlc"] = [page([DAILY]), page([], status="NoDataFound"), page([DAILY])]

    bars = client.daily_ohlc("SSI", date(2023, 6, 1), date(2023, 8, 10))

    assert bars == [DailyBar("SSI", date(2023, 8, 10), 28_600, 28_850, 28_100, 28_100, 23_382_100, 663_817_000_000)] * 2
    asked = [(one.query["fromDate"], one.query["toDate"]) for one in fastconnect.asked[1:]]
    assert asked == [("01/06/2023", "30/06/2023"), ("01/07/2023", "30/07/2023"), ("31/07/2023", "10/08/2023")]
    assert fastconnect.asked[1].query["symbol"] == "SSI"


def test_intraday_bars_carry_the_time_of_their_last_trade(client, fastconnect):
    fastconnect.answers["IntradayOhlc"] = page([MINUTE])
    day = date(2023, 8, 14)
    assert client.intraday_ohlc("SSI", day, day) == [
        IntradayBar("SSI", ms("2023-08-14T14:29:59"), 29_050, 29_150, 29_050, 29_100, 166_400)
    ]
    assert fastconnect.asked[1].query["resolution"] == "1"


INDEX = {
    "IndexId": "HNX30", "IndexValue": "510.56", "TradingDate": "14/08/2023", "Time": None, "Change": "19.09",
    "RatioChange": "3.89", "TotalTrade": "0", "TotalMatchVol": "84693600", "TotalMatchVal": "1836008470000",
    "TypeIndex": None, "IndexName": "HNX30", "Advances": "21", "NoChanges": "4", "Declines": "5", "Ceilings": "2",
    "Floors": "0", "TotalDealVol": "2504000", "TotalDealVal": "60256000000", "TotalVol": "87197600",
    "TotalVal": "1896264470000", "TradingSession": "C",
}  # fmt: skip
PRICE = {
    "TradingDate": "19/07/2023", "PriceChange": "-150", "PerPriceChange": "-0.74", "CeilingPrice": "21550",
    "FloorPrice": "18750", "RefPrice": "20150", "OpenPrice": "20950", "HighestPrice": "20950", "LowestPrice": "20000",
    "ClosePrice": "20000", "AveragePrice": "20118", "ClosePriceAdjusted": "17392", "TotalMatchVol": "18900",
    "TotalMatchVal": "380230000", "TotalDealVal": "7", "TotalDealVol": "6", "ForeignBuyVolTotal": "5",
    "ForeignCurrentRoom": "4", "ForeignSellVolTotal": "3", "ForeignBuyValTotal": "2", "ForeignSellValTotal": "1",
    "TotalTradedVol": "18900", "TotalTradedValue": "380230000", "Symbol": "HUB", "Time": None,
}  # fmt: skip


def test_days_of_an_index_come_oldest_first_and_one_not_computed_yet_does_not(client, fastconnect):
    newer = INDEX | {"TradingDate": "15/08/2023", "IndexValue": "511.00"}
    today = INDEX | {"TradingDate": "16/08/2023", "IndexValue": "0"}
    fastconnect.answers["DailyIndex"] = page([today, newer, INDEX])
    first, second = client.daily_index("HNX30", date(2023, 8, 14), date(2023, 8, 16))
    assert first == IndexDay(
        "HNX30", date(2023, 8, 14), 51_056, 84_693_600, 1_836_008_470_000, 2_504_000, 60_256_000_000, 21, 5, 4
    )
    assert (second.day, second.close_centipoints) == (date(2023, 8, 15), 51_100)
    assert fastconnect.asked[1].query["indexId"] == "HNX30"


def test_daily_prices_have_the_adjusted_close(client, fastconnect):
    fastconnect.answers["DailyStockPrice"] = page([PRICE])
    day = date(2023, 7, 19)
    prices = (20_150, 21_550, 18_750, 20_118, 20_000, 17_392)
    assert client.daily_stock_price("HUB", day, day) == [DailyPrice("HUB", day, *prices, 6, 7, 5, 3, 2, 1, 4)]


def test_bars_of_a_future_are_in_vnd_per_contract(client, fastconnect):
    points = {"Symbol": "41I1F7000", "Open": "1280.5", "High": "1281", "Low": "1280", "Close": "1280.1"}
    fastconnect.answers["DailyOhlc"] = page([DAILY | points])
    (bar,) = client.daily_ohlc("41I1F7000", date(2023, 8, 10), date(2023, 8, 10))
    assert (bar.open_vnd, bar.close_vnd) == (128_050_000, 128_010_000)


@pytest.mark.parametrize("change", [{"Open": "28600.5"}, {"TradingDate": "2023-08-10"}, {"Volume": "x"}])
def test_a_bar_that_cannot_be_true_is_an_error(client, fastconnect, change):
    fastconnect.answers["DailyOhlc"] = page([DAILY | change])
    with pytest.raises(TerminalError):
        client.daily_ohlc("SSI", date(2023, 8, 10), date(2023, 8, 10))


@pytest.mark.parametrize("hiccup", [reset, text("<html>", 503), text("API calls quota exceeded! maximum", 429)])
def test_what_may_pass_is_tried_again(client, fastconnect, hiccup):
    fastconnect.answers["Securities"] = [hiccup, page([{"Market": "HOSE", "Symbol": "SSI"}])]
    assert client.securities() == [("SSI", "HOSE")]


def test_what_does_not_pass_is_transient_after_three_tries(client, fastconnect):
    fastconnect.answers["Securities"] = text("<html>", 503)
    with pytest.raises(TransientError):
        client.securities()
    assert fastconnect.names().count("Securities") == 3


def test_a_refusal_is_not_tried_again(client, fastconnect):
    message = "Date time format dd/MM/yyyy and ('from date' <= 'to date') < now , max range 30 days"
    fastconnect.answers["DailyOhlc"] = reply({"data": None, "status": "Error", "message": message})
    with pytest.raises(TerminalError, match="max range 30 days"):
        client.daily_ohlc("SSI", date(2023, 8, 10), date(2023, 8, 10))
    assert fastconnect.names().count("DailyOhlc") == 1


def test_a_refused_token_is_replaced(client, fastconnect):
    missing = reply({"message": "Missing Authorization header", "status": 401})
    fastconnect.answers["Securities"] = [missing, page([{"Market": "HOSE", "Symbol": "SSI"}])]
    assert client.securities() == [("SSI", "HOSE")]
    assert fastconnect.tokens_issued == 2


@pytest.mark.parametrize(
    "answer",
    [
        reply({"message": "The connection is invalid", "status": 400, "data": None}),
        reply({"message": "Success", "status": 200, "data": None}),
        reply({"message": "Success", "status": 200, "data": {"accessToken": ""}}),
    ],
)
def test_a_refused_log_in_is_terminal(client, fastconnect, answer):
    fastconnect.answers["AccessToken"] = answer
    with pytest.raises(TerminalError, match="refused the log-in"):
        client.securities()
    assert fastconnect.names() == ["AccessToken"]


@pytest.mark.shared_data
def test_real_answers(client, fastconnect):
    folder = SHARED_DATA / "ssi"
    if not folder.is_dir():
        pytest.skip("recorded broker answers are not here (QTS_SHARED_DATA)")
    samples = json.loads((folder / "rest_v2_doc_samples.json").read_text())
    fastconnect.answers["SecuritiesDetails"] = reply(samples["SecuritiesDetails"])
    fastconnect.answers["DailyOhlc"] = reply(json.loads((folder / "rest_v2_daily_ohlc_vcb.json").read_text()))
    minutes = json.loads((folder / "rest_v2_intraday_ohlc_vcb.json").read_text())
    fastconnect.answers["IntradayOhlc"] = reply(minutes | {"totalRecord": len(minutes["data"])})

    assert [one.symbol for one in client.securities_details(symbol="SSI")] == ["SSI"]
    bars = client.daily_ohlc("VCB", date(2026, 6, 22), date(2026, 7, 20))
    assert bars[0] == DailyBar("VCB", date(2026, 6, 22), 61_700, 61_800, 61_200, 61_300, 2_686_300, 165_054_570_000)
    assert [bar.day for bar in bars] == sorted(bar.day for bar in bars)
    intraday = client.intraday_ohlc("VCB", date(2026, 7, 17), date(2026, 7, 17))
    assert len(intraday) == 30
    assert intraday[0].ts_last_trade_ms == ms("2026-07-17T09:15:54")
