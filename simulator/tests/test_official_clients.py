"""SSI's own Python clients against the simulator: what they can do against the live service, they can do here."""

import json
import queue
import time
from types import SimpleNamespace

import pytest
from ssi_fc_data.fc_md_client import MarketDataClient
from ssi_fc_data.fc_md_stream import MarketDataStream
from ssi_fc_data.model import model as data_models
from ssi_fctrading import FCTradingClient, FCTradingStream
from ssi_fctrading.models import fcmodel_requests as models

ACCOUNT = "0901351"
DEVICE_ID = "8C-EC-4B-D3-0B-96"


def data_config(simulator):
    pair = simulator.control("credentials")["data"]
    return SimpleNamespace(
        auth_type="Bearer",
        consumerID=pair["consumer_id"],
        consumerSecret=pair["consumer_secret"],
        url=simulator.url,
        stream_url=simulator.url,
    )


def trading_client(simulator, name="090135"):
    customer = simulator.customer(name)
    client = FCTradingClient(
        simulator.url, customer["consumer_id"], customer["consumer_secret"], customer["private_key"], 0
    )
    client.verifyCode(customer["pin"])
    return client


def new_order(client, request_id, *, side="B", order_type="LO", price=0.0, quantity=100, symbol="SSI", **changes):
    return client.new_order(
        models.NewOrder(
            account=changes.get("account", ACCOUNT),
            requestID=request_id,
            instrumentID=symbol,
            market="VN",
            buySell=side,
            orderType=order_type,
            price=price,
            quantity=quantity,
            deviceId=changes.get("device_id", DEVICE_ID),
        )
    )


class Inbox:
    """Collects what a stream delivers; both clients call back from a thread of their own."""

    def __init__(self):
        self.received = queue.Queue()
        self.errors = []

    def __call__(self, message):
        self.received.put(json.loads(message) if isinstance(message, str) else message)

    def until(self, is_it, timeout_s=15.0):
        """Everything received up to and including the message looked for."""
        seen, deadline = [], time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                seen.append(self.received.get(timeout=0.2))
            except queue.Empty:
                continue
            if is_it(seen[-1]):
                return seen
        raise AssertionError(f"not among {len(seen)} messages: {seen[-5:]}")


def test_market_data_queries(shared_simulator):
    config = data_config(shared_simulator)
    client = MarketDataClient(config)

    listed = client.securities(config, data_models.securities("HOSE", 1, 100))
    assert (listed["status"], listed["totalRecord"]) == ("Success", 3)
    assert {row["Symbol"] for row in listed["data"]} == {"SSI", "FPT", "VNM"}

    details = client.securities_details(config, data_models.securities_details("HOSE", "SSI", 1, 10))
    (record,) = details["data"]
    assert record["RepeatedInfo"][0]["ListedShare"] == "2076000000"
    assert record["RepeatedInfo"][0]["LotSize"] == "100"

    bars = client.daily_ohlc(config, data_models.daily_ohlc("SSI", "01/11/2026", "22/11/2026", 1, 100, True))
    assert [row["TradingDate"] for row in bars["data"][:2]] == ["02/11/2026", "03/11/2026"]
    assert bars["data"][-1]["Close"] == "35800"
    assert all(isinstance(value, str) for value in (bars["data"][0][name] for name in ("Open", "Volume", "Value")))

    too_long = client.daily_ohlc(config, data_models.daily_ohlc("SSI", "01/09/2026", "22/11/2026", 1, 100, True))
    assert too_long["status"] == "Error"
    assert "max range 30 days" in too_long["message"]

    wrong_page = client.securities(config, data_models.securities("HOSE", 1, 7))
    assert wrong_page["message"] == "Size of a page must 10, 20, 50, 100 or 1000"

    nothing = client.daily_ohlc(config, data_models.daily_ohlc("XXX", "20/11/2026", "22/11/2026", 1, 100, True))
    assert nothing["status"] == "NoDataFound"


def test_a_wrong_key_cannot_log_in(shared_simulator):
    config = data_config(shared_simulator)
    config.consumerSecret = "0" * 32
    with pytest.raises(NameError, match="Key does not exist"):
        MarketDataClient(config)


def test_market_stream(launch):
    simulator = launch("09:29:50", speed=10)
    config = data_config(simulator)
    inbox = Inbox()
    stream = MarketDataStream(config, MarketDataClient(config))
    stream.start(inbox, inbox.errors.append, "F:ALL,X-QUOTE:ALL,X-TRADE:SSI-FPT,X:SSI,B:ALL,R:ALL,MI:ALL")

    first = inbox.until(lambda message: message["DataType"] == "MI")
    kinds = [message["DataType"] for message in first]
    assert kinds.count("F") == 3
    assert kinds.count("X-QUOTE") >= 3
    assert "R" in kinds

    seen = inbox.until(lambda message: message["DataType"] == "B" and "VN" not in message["Content"][60:75])
    tick = json.loads(seen[-1]["Content"])
    assert tick["Open"] == tick["High"] == tick["Low"] == tick["Close"] > 0
    assert tick["TradingDate"] == "23/11/2026"

    stream.swith_channel("B:VNM")
    time.sleep(0.5)
    while not inbox.received.empty():
        inbox.received.get()
    only = inbox.until(lambda message: message["DataType"] == "B", timeout_s=30)
    assert {message["DataType"] for message in only} == {"B"}
    assert {json.loads(message["Content"])["Symbol"] for message in only} == {"VNM"}
    assert inbox.errors == []


def test_an_order_is_filled_and_moves_cash_and_shares(launch):
    simulator = launch()
    client = trading_client(simulator)
    inbox = Inbox()
    FCTradingStream(client, simulator.url, inbox, inbox.errors.append, "-1").start()
    simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)

    before = client.get_stock_account_balance(models.StockAccountBalance(ACCOUNT))["data"]
    answered = new_order(client, "1001", order_type="MTL", quantity=100)
    assert answered["status"] == 200
    assert "orderID" not in answered["data"]

    events = inbox.until(lambda event: event["data"].get("orderStatus") == "FF")
    statuses = [event["data"]["orderStatus"] for event in events if event["type"] == "orderEvent"]
    assert statuses == ["RS", "SD", "QU", "FF"]
    (match,) = [event["data"] for event in events if event["type"] == "orderMatchEvent"]
    assert match["matchQty"] == 100
    assert [event["data"]["notifyID"] for event in events] == [1, 2, 3, 4, 5]
    assert all(event["data"]["uniqueID"] == "1001" for event in events)

    value = 100 * match["matchPrice"]
    after = client.get_stock_account_balance(models.StockAccountBalance(ACCOUNT))["data"]
    assert before["cashBal"] - after["cashBal"] == value + value * 15 // 10_000
    assert after["matchedBuyVolume"] == value
    shares = client.get_stock_position(models.StockPosition(ACCOUNT))["data"]["stockPositions"]
    ssi = next(row for row in shares if row["instrumentID"] == "SSI")
    assert (ssi["onHand"], ssi["buyT0"], ssi["sellableQty"]) == (10_100, 100, 10_000)
    (row,) = client.get_order_book(models.OrderBook(ACCOUNT))["data"]["orders"]
    assert (row["uniqueID"], row["orderStatus"], row["filledQty"]) == ("1001", "FF", 100)


def test_an_order_is_cancelled(launch):
    simulator = launch()
    client = trading_client(simulator)
    inbox = Inbox()
    FCTradingStream(client, simulator.url, inbox, inbox.errors.append, "-1").start()
    simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
    assert new_order(client, "2001", price=33_350.0, quantity=300)["status"] == 200
    queued = inbox.until(lambda event: event["data"].get("orderStatus") == "QU")[-1]["data"]
    held = client.get_stock_account_balance(models.StockAccountBalance(ACCOUNT))["data"]
    assert held["cashOnHold"] == 300 * 33_350 + 300 * 33_350 * 15 // 10_000

    cancel = models.CancelOrder(ACCOUNT, "2002", queued["orderID"], "VN", "SSI", "B", deviceId=DEVICE_ID)
    assert client.cancle_order(cancel)["status"] == 200
    ended = inbox.until(lambda event: event["data"].get("orderStatus") == "CL")[-1]["data"]
    assert (ended["uniqueID"], ended["origRequestID"], ended["cancelQty"]) == ("2002", "2001", 300)
    freed = client.get_stock_account_balance(models.StockAccountBalance(ACCOUNT))["data"]
    assert (freed["cashOnHold"], freed["purchasingPower"]) == (0, 5_000_000_000)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"price": 33_360.0}, "ORD004"),
        ({"price": 38_350.0}, "ORD003"),
        ({"price": 33_250.0}, "ORD002"),
        ({"price": 35_800.0, "quantity": 150}, "ORD005"),
        ({"order_type": "MTL", "quantity": 50}, "ORD018"),
        ({"price": 35_800.0, "quantity": 10_100, "side": "S"}, "ORD007"),
        ({"price": 35_800.0, "quantity": 200_000}, "ORD008"),
        ({"order_type": "ATO"}, "ORD016"),
        ({"price": 35_800.0, "symbol": "XXX"}, "ORD001"),
    ],
)
def test_what_the_exchange_refuses_comes_on_the_stream(shared_simulator, order, code):
    client = trading_client(shared_simulator)
    inbox = Inbox()
    FCTradingStream(client, shared_simulator.url, inbox, inbox.errors.append, "0").start()
    request_id = str(3000 + len(shared_simulator.control("state")["orders"]))
    assert new_order(client, request_id, **order)["status"] == 200
    errors = inbox.until(lambda event: event["type"] == "orderError" and event["data"]["uniqueID"] == request_id)
    assert errors[-1]["data"]["errorCode"] == code
    rows = client.get_order_book(models.OrderBook(ACCOUNT))["data"]["orders"]
    row = next(row for row in rows if row["uniqueID"] == request_id)
    assert (row["orderStatus"], row["rejectReason"], row["filledQty"]) == ("RJ", code, 0)
    assert client.get_stock_account_balance(models.StockAccountBalance(ACCOUNT))["data"]["cashOnHold"] == 0


def test_what_the_gateway_refuses_is_answered_at_once_and_leaves_nothing(launch):
    simulator = launch()
    client = trading_client(simulator)
    refusals = {
        "4001": {"price": 35_800.0, "account": "1184411"},
        "4002": {"price": 35_800.0, "device_id": ""},
        "123456789": {"price": 35_800.0},
        "4003": {"order_type": "MTL", "price": 35_800.0},
        "4004": {"price": 0.0},
        "4005": {"price": 35_800.0, "quantity": -100},
        "4006": {"price": 35_800.5},
        "4007": {"price": 35_800.0, "order_type": "XYZ"},
    }
    for request_id, order in refusals.items():
        answered = new_order(client, request_id, **order)
        assert (answered["status"], answered["data"]) == (400, None), (request_id, answered)
    assert new_order(client, "4010", price=33_350.0)["status"] == 200
    assert new_order(client, "4010", price=33_350.0)["message"] == "Duplicate requestID 4010"
    orders = simulator.control("state")["orders"]
    assert [order["requestID"] for order in orders] == ["4010"]


def test_notices_are_replayed_from_the_number_asked_for(launch):
    simulator = launch()
    client = trading_client(simulator)
    new_order(client, "5001", price=33_350.0)
    new_order(client, "5002", price=33_350.0)
    simulator.wait_for_state(lambda state: [order["status"] for order in state["orders"]] == ["QU", "QU"])
    for asked, expected in (("0", [1, 2, 3, 4, 5, 6]), ("4", [4, 5, 6])):
        inbox = Inbox()
        FCTradingStream(client, simulator.url, inbox, inbox.errors.append, asked).start()
        events = inbox.until(lambda event: event["data"]["notifyID"] == 6)
        assert [event["data"]["notifyID"] for event in events] == expected
    only_new = Inbox()
    FCTradingStream(client, simulator.url, only_new, only_new.errors.append, "-1").start()
    simulator.wait_for_state(lambda state: state["streams"]["orders"] == 3)
    new_order(client, "5003", price=33_350.0)
    events = only_new.until(lambda event: event["data"]["notifyID"] == 9)
    assert [event["data"]["notifyID"] for event in events] == [7, 8, 9]


def test_customers_see_only_their_own(launch):
    simulator = launch()
    first, second = trading_client(simulator, "090135"), trading_client(simulator, "118441")
    inbox = Inbox()
    FCTradingStream(second, simulator.url, inbox, inbox.errors.append, "0").start()
    simulator.wait_for_state(lambda state: state["streams"]["orders"] == 1)
    new_order(first, "6001", price=33_350.0)
    new_order(second, "6001", price=33_350.0, account="1184411")  # a requestID is unique per customer
    events = inbox.until(lambda event: event["data"]["orderStatus"] == "QU")
    assert {event["data"]["account"] for event in events} == {"1184411"}
    assert second.get_order_book(models.OrderBook(ACCOUNT))["message"] == "Account is not exist."


def test_an_order_is_modified(launch):
    simulator = launch()
    client = trading_client(simulator)
    new_order(client, "7001", price=33_350.0, quantity=300)
    state = simulator.wait_for_state(lambda state: [order["status"] for order in state["orders"]] == ["QU"])
    order_id = state["orders"][0]["orderID"]
    change = models.ModifyOrder(ACCOUNT, "7002", order_id, "VN", "SSI", 33_400.0, 300, "B", "LO", deviceId=DEVICE_ID)
    assert client.modify_order(change)["status"] == 200
    simulator.wait_for_state(lambda state: state["orders"][0]["price_vnd"] == 33_400)
    both = models.ModifyOrder(ACCOUNT, "7003", order_id, "VN", "SSI", 33_450.0, 200, "B", "LO", deviceId=DEVICE_ID)
    assert client.modify_order(both)["status"] == 200  # refused later, on the stream
    inbox = Inbox()
    FCTradingStream(client, simulator.url, inbox, inbox.errors.append, "0").start()
    error = inbox.until(lambda event: event["type"] == "orderError")[-1]["data"]
    assert (error["errorCode"], error["uniqueID"]) == ("ORD012", "7003")
    (row,) = client.get_order_book(models.OrderBook(ACCOUNT))["data"]["orders"]
    assert (row["price"], row["quantity"], row["orderStatus"]) == (33_400, 300, "QU")
