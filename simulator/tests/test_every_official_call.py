"""Every call that SSI's own Python clients have, against the simulator; they are counted, so that none is missed."""

import inspect
import json
import re
from pathlib import Path

import pytest
from ssi_fc_data.fc_md_client import MarketDataClient
from ssi_fc_data.model import model as data_models
from ssi_fctrading import FCTradingClient, FCTradingStream
from ssi_fctrading.models import fcmodel_requests as models

from simulator.tests.test_official_clients import ACCOUNT, DEVICE_ID, Inbox, data_config, trading_client

MARGIN, DERIVATIVES = "0901356", "0901358"
FIRST, LAST = "02/11/2026", "23/11/2026"


def public_methods(kind):
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def all_text(record, but=()):
    return all(value is None or isinstance(value, str) for name, value in record.items() if name not in but)


@pytest.fixture(scope="module")
def data(shared_simulator):
    """The client, and how to call it: the first argument of each of its methods is not used."""
    config = data_config(shared_simulator)
    client = MarketDataClient(config)

    def call(name, *arguments, **named):
        return getattr(client, name)(config, getattr(data_models, name)(*arguments, **named))

    call.client, call.config = client, config
    return call


def test_securities_by_market_and_page(data):
    page = data("securities", "HOSE", 1, 10)
    assert (page["message"], page["status"], page["totalRecord"]) == ("Success", "Success", 3)
    assert [list(row) for row in page["data"]] == [["Market", "Symbol", "StockName", "StockEnName"]] * 3
    assert data("securities", "HNX", 1, 10) == {
        "data": [],
        "message": "No data found",
        "status": "NoDataFound",
        "totalRecord": 0,
    }
    assert data("securities", "HOSE", 2, 10)["data"] == []
    for page_size in (7, 0, -10, 10_000):
        assert data("securities", "HOSE", 1, page_size) == {
            "data": None,
            "status": "Error",
            "message": "Size of a page must 10, 20, 50, 100 or 1000",
        }
    assert data("securities", "HOSE", 11, 10)["status"] == "Error"


def test_securities_details(data):
    (record,) = data("securities_details", symbol="SSI")["data"]
    assert (record["RType"], record["ReportDate"], record["TotalNoSym"]) == ("y", "23/11/2026", "1")
    (details,) = record["RepeatedInfo"]
    assert (details["SecType"], details["LotSize"], details["ExcerciseRatio"]) == ("S", "100", "0")
    assert all_text(details)


def test_indices(data):
    codes = {row["IndexCode"] for row in data("index_list", "HOSE", 1, 100)["data"]}
    assert {"VNINDEX", "VN30"} <= codes
    (index,) = data("index_components", "vn30", 1, 100)["data"]
    assert (index["IndexCode"], index["TotalSymbolNo"]) == ("VN30", str(len(index["IndexComponent"])))
    assert {"Isin": "SSI", "StockSymbol": "SSI"} in index["IndexComponent"]


def test_daily_and_intraday_bars(data):
    bars = data("daily_ohlc", "SSI", FIRST, LAST, 1, 10, True)
    assert len(bars["data"]) == 10
    assert bars["totalRecord"] == 15 + len(data("daily_ohlc", "SSI", LAST, LAST, 1, 10, True)["data"])
    newest = data("daily_ohlc", "SSI", FIRST, LAST, 1, 10, False)["data"]
    assert data("daily_ohlc", "SSI", FIRST, LAST, 1, 100, True)["data"][::-1][:10] == newest
    assert all_text(newest[0])
    for first, last in (
        (LAST, FIRST),
        ("23/10/2026", LAST),
        (LAST, "24/11/2026"),
        ("2026-11-20", LAST),
        ("30/02/2026", LAST),
    ):
        assert data("daily_ohlc", "SSI", first, last, 1, 10, True) == {
            "data": None,
            "status": "Error",
            "message": "Date time format dd/MM/yyyy and ('from date' <= 'to date') < now , max range 30 days",
        }
    minutes = data("intraday_ohlc", "SSI", LAST, LAST, 1, 1000, True, 1)
    assert minutes["status"] in ("Success", "NoDataFound")
    assert data("intraday_ohlc", "SSI", LAST, LAST, 1, 10, True, 0)["status"] == "Error"


def test_daily_index_adds_up(data):
    page = data("daily_index", "1", "VN30", FIRST, "20/11/2026", 1, 100)
    assert page["totalRecord"] == 15
    assert [row["TradingDate"] for row in page["data"][:2]] == ["20/11/2026", "19/11/2026"]  # newest first
    upward = data("daily_index", "1", "VN30", FIRST, "20/11/2026", 1, 100, "Tradingdate", "asc")
    assert upward["data"] == page["data"][::-1]
    last, before = page["data"][:2]
    assert float(last["Change"]) == pytest.approx(float(last["IndexValue"]) - float(before["IndexValue"]), abs=0.011)
    assert int(last["Advances"]) + int(last["NoChanges"]) + int(last["Declines"]) == 3
    volumes = [
        int(data("daily_ohlc", symbol, "20/11/2026", "20/11/2026", 1, 10, True)["data"][0]["Volume"])
        for symbol in ("SSI", "FPT", "VNM")
    ]
    assert int(last["TotalMatchVol"]) == sum(volumes)
    assert (last["IndexValue"], last["TradingSession"], len(last)) == ("1889.10", "C", 21)
    assert all_text(last)


def test_daily_stock_prices(data):
    page = data("daily_stock_price", "SSI", FIRST, "20/11/2026", 1, 100, "HOSE")
    assert page["totalRecord"] == 15
    bars = data("daily_ohlc", "SSI", FIRST, "20/11/2026", 1, 100, True)["data"]
    assert [(row["TradingDate"], row["ClosePrice"]) for row in page["data"]] == [
        (bar["TradingDate"], bar["Close"]) for bar in bars
    ]
    before, last = page["data"][-2:]
    assert (last["RefPrice"], last["PriceChange"]) == (
        before["ClosePrice"],
        str(int(last["ClosePrice"]) - int(before["ClosePrice"])),
    )
    assert int(last["FloorPrice"]) <= int(last["LowestPrice"]) <= int(last["HighestPrice"]) <= int(last["CeilingPrice"])
    assert len(last) == 31
    assert all_text(last)
    market = data("daily_stock_price", "", "20/11/2026", "20/11/2026", 1, 10, "HOSE")
    assert [row["Symbol"] for row in market["data"]] == ["SSI", "FPT", "VNM"]
    assert data("daily_stock_price", "SSI", "20/11/2026", "20/11/2026", 1, 10, "HNX")["status"] == "NoDataFound"


def test_no_call_of_the_data_client_is_left_out(data):
    refused = data("backtest", "15/10/2020", "SSI")
    assert (refused["status"], refused["message"]) == ("Error", "Not support")
    token = data.client.access_token(data_models.accessToken(data.config.consumerID, data.config.consumerSecret))
    assert (token["status"], set(token), set(token["data"])) == (200, {"message", "status", "data"}, {"accessToken"})
    wrong = data.client.access_token(data_models.accessToken("0" * 32, "0" * 32))
    assert wrong == {"message": "Key does not exist.", "status": 400, "data": None}
    # the tests of this file may run in several processes, so its text is asked what they call
    named = set(re.findall(r'\bdata\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert named | {"access_token"} == public_methods(MarketDataClient)


# --- FC Trading -------------------------------------------------------------------------------------------------------

QUERIES = {  # by method: its model, and what the data of the answer holds
    "get_stock_account_balance": (models.StockAccountBalance(ACCOUNT), {"account", "cashBal", "purchasingPower"}),
    "get_derivative_account_balance": (
        models.DerivativeAccountBalance(DERIVATIVES),
        {"account", "accountBalance", "internalAssets", "exchangeMargin"},
    ),
    "get_pp_mmr_account": (models.PPMMRAccount(MARGIN), {"equity", "marginRatio", "purchasingPower", "eE50"}),
    "get_stock_position": (models.StockPosition(ACCOUNT), {"account", "totalMarketValue", "stockPositions"}),
    "get_derivative_position": (
        models.DerivativePosition(DERIVATIVES, True),
        {"account", "openPosition", "closePosition"},
    ),
    "get_max_buy_qty": (
        models.MaxBuyQty(ACCOUNT, "SSI", 33_350.0),
        {"account", "maxBuyQty", "marginRatio", "purchasingPower"},
    ),
    "get_max_sell_qty": (models.MaxSellQty(ACCOUNT, "SSI", "0"), {"account", "maxSellQty"}),
    "get_order_history": (models.OrderHistory(ACCOUNT, LAST, LAST), {"account", "orderHistories"}),
    "get_order_book": (models.OrderBook(ACCOUNT), {"account", "orders"}),
    "get_audit_order_book": (models.AuditOrderBook(ACCOUNT), {"account", "orders"}),
    "get_cash_cia_amount": (models.CashInAdvanceAmount(ACCOUNT), {"account", "CIAAmounts"}),
    "get_cash_unsettle_sold_transaction": (models.UnsettleSoldTransaction(ACCOUNT, LAST), {"account", "orders"}),
    "get_cash_transfer_history": (models.CashTransferHistory(ACCOUNT, LAST, LAST), {"transferHistories"}),
    "get_cash_cia_history": (models.CashInAdvanceHistory(ACCOUNT, LAST, LAST), {"account", "CIAHistories"}),
    "get_cash_cia_est_fee": (
        models.CashInAdvanceEstFee(ACCOUNT, 1_000, 0),
        {"account", "cIAAmount", "receiveAmount", "fee"},
    ),
    "get_ors_dividend": (models.OrsDividend(ACCOUNT), {"account", "dividends"}),
    "get_ors_exercisable_quantity": (models.OrsExercisableQuantity(ACCOUNT), {"account", "exercisableQuantities"}),
    "get_ors_history": (models.OrsHistory(ACCOUNT, LAST, LAST), {"account", "onlineRightSubscriptionHistories"}),
    "get_stock_transferable": (models.StockTransferable(ACCOUNT), {"account", "transferableStocks"}),
    "get_stock_transfer_history": (
        models.StockTransferHistory(ACCOUNT, LAST, LAST),
        {"account", "stockTransferHistories"},
    ),
}
REFUSED = {
    "create_cash_transfer_vsd": models.CashTransferVSD(ACCOUNT, 1_000, "D", "x"),
    "create_cash_transfer": models.CashTransfer(ACCOUNT, MARGIN, 1_000, "x"),
    "create_cia": models.CashCIA(ACCOUNT, 1_000.0, 0.0),
    "create_ors": models.Ors(ACCOUNT, "SSI", "1", 100, 1_000.0),
    "create_stock_transfer": models.StockTransfer(ACCOUNT, MARGIN, "HOSE", "SSI", 100),
}
ELSEWHERE = {  # in the tests below, or by the constructor of the client
    *("verifyCode", "get_access_token", "get_writer_access_token", "get_deviceid", "get_user_agent"),
    *("get_otp", "get_ratelimit"),
    *("new_order", "modify_order", "cancle_order", "der_new_order", "der_modify_order", "der_cancle_order"),
}


def test_no_call_of_the_trading_client_is_left_out():
    assert set(QUERIES) | set(REFUSED) | ELSEWHERE == public_methods(FCTradingClient)


@pytest.mark.parametrize("name", QUERIES)
def test_a_trading_query(shared_simulator, name):
    model, keys = QUERIES[name]
    answered = getattr(trading_client(shared_simulator), name)(model)
    assert (answered["message"], answered["status"]) == ("Success", 200)
    assert keys <= set(answered["data"])
    stranger = getattr(trading_client(shared_simulator, "118441"), name)(model)
    assert (stranger["status"], stranger["data"]) == (400, None)
    assert stranger["message"].startswith("Account is not exist")


@pytest.mark.parametrize("name", REFUSED)
def test_a_transfer_is_answered_and_refused(shared_simulator, name):
    answered = getattr(trading_client(shared_simulator), name)(REFUSED[name])
    assert (answered["status"], answered["data"]) == (400, None)
    assert answered["message"]


def test_one_time_code_limits_and_what_the_client_says_of_itself(shared_simulator):
    client = trading_client(shared_simulator)
    keys = models.GetOTP(client.consumer_id, client.consumer_secret)
    assert client.get_otp(keys) == {"message": "Success", "status": 200}
    assert client.get_ratelimit()["data"][0] == {"endpoint": "*", "period": "1s", "limit": 50}
    assert client.get_writer_access_token() != client.get_access_token()
    assert isinstance(FCTradingClient.get_deviceid(), str)
    assert "ssi-fctrading" in FCTradingClient.get_user_agent()
    with pytest.raises(NameError, match="Wrong PIN"):
        client.verifyCode("not a pin")


@pytest.mark.parametrize("kind", ["shares", "contracts"])
def test_an_order_is_entered_changed_and_cancelled(launch, kind):
    simulator = launch("09:30:00", "--universe", "vn30")
    client = trading_client(simulator)
    inbox = Inbox()
    FCTradingStream(client, simulator.url, inbox, inbox.errors.append, "-1").start()
    simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
    if kind == "shares":
        symbol, market, account, low, higher = "SSI", "VN", ACCOUNT, 33_350.0, 33_400.0
        new, modify, cancel = client.new_order, client.modify_order, client.cancle_order
    else:
        symbol = next(one for one in simulator.control("state")["sessions"] if one.startswith(("VN30F", "41I1")))
        floor = simulator.control("state")["floor_vnd"][symbol] / 100_000
        market, account, low, higher = "VNFE", DERIVATIVES, floor, round(floor + 0.1, 1)
        new, modify, cancel = client.der_new_order, client.der_modify_order, client.der_cancle_order
    quantity = 100 if kind == "shares" else 2
    answered = new(models.NewOrder(account, "1", symbol, market, "B", "LO", low, quantity, deviceId=DEVICE_ID))
    assert (answered["message"], answered["status"]) == ("Success", 200)
    assert answered["data"]["requestData"]["instrumentID"] == symbol
    entered = inbox.until(lambda event: event["data"].get("orderStatus") == "QU")[-1]["data"]
    assert (entered["price"], entered["marketID"]) == (low, market)
    change = models.ModifyOrder(
        account, "2", entered["orderID"], market, symbol, higher, entered["quantity"], "B", "LO", deviceId=DEVICE_ID
    )
    assert modify(change)["data"]["requestData"]["price"] == higher
    changed = inbox.until(lambda event: event["data"].get("price") == higher and event["data"]["orderStatus"] == "QU")
    assert (changed[-1]["data"]["uniqueID"], changed[-1]["data"]["origRequestID"]) == ("2", "1")
    taken_back = models.CancelOrder(account, "3", entered["orderID"], market, symbol, "B", deviceId=DEVICE_ID)
    assert cancel(taken_back)["data"]["requestData"]["orderID"] == entered["orderID"]
    ended = inbox.until(lambda event: event["data"].get("orderStatus") == "CL")[-1]["data"]
    assert (ended["osQty"], ended["cancelQty"], ended["filledQty"]) == (0, entered["quantity"], 0)
    rows = client.get_order_book(models.OrderBook(account))["data"]["orders"]
    assert [(row["uniqueID"], row["orderStatus"]) for row in rows] == [("3", "CL")]
    assert inbox.errors == []
    assert json.dumps(rows[0]["price"]) == json.dumps(higher if kind == "contracts" else int(higher))
