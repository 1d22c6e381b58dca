import json
from typing import Any

import pytest

from qts.adapters.ssi.trading_codec import (
    BrokerError,
    BrokerMatch,
    BrokerOrder,
    BrokerOrderEvent,
    broker_order,
    cancel_order_body,
    decode_order_frame,
    modify_order_body,
    new_order_body,
)
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fastconnect_frames import frame, order_frame
from qts.domain.values import OrderType, Side

EVENT = {
    "orderID": "12663204",
    "notifyID": 10,
    "instrumentID": "SSI",
    "uniqueID": "30304046",
    "buySell": "S",
    "orderType": "LO",
    "ipAddress": "192.0.2.10",
    "price": 21050,
    "prefix": "2mw",
    "quantity": 300,
    "marketID": "VN",
    "origOrderId": "",
    "account": "0901351",
    "cancelQty": 100,
    "osQty": 100,
    "filledQty": 100,
    "avgPrice": 21050.4,
    "channel": "TA",
    "inputTime": "1606277281849",
    "modifiedTime": "1606277281850",
    "isForceSell": "F",
    "isShortSell": "F",
    "orderStatus": "PF",
    "rejectReason": "",
    "origRequestID": "30304045",
    "stopOrder": False,
}
MATCH = {
    "orderID": "16201867",
    "notifyID": 101180,
    "instrumentID": "BVS",
    "uniqueID": "24194396",
    "buySell": "B",
    "matchPrice": 1000,
    "matchQty": 100,
    "prefix": "t4c",
    "account": "1184411",
    "matchTime": "1656665019000",
}
ROW = {
    "uniqueID": "71298546",
    "orderID": "19450163",
    "buySell": "B",
    "price": 15400,
    "quantity": 100,
    "filledQty": 0,
    "orderStatus": "QU",
    "marketID": "VN",
    "inputTime": "1689653132000",
    "modifiedTime": "1689653133000",
    "instrumentID": "BSR",
    "orderType": "LO",
    "cancelQty": 0,
    "avgPrice": 0,
    "isForcesell": "F",
    "isShortsell": None,
    "rejectReason": "0",
    "lastErrorEvent": None,
}


def only(raw):
    decoded = decode_order_frame(raw)
    assert decoded.failures == []
    (message,) = decoded.messages
    return message


def test_an_order_event():
    assert only(order_frame("orderEvent", EVENT)) == BrokerOrderEvent(
        notify_id=10,
        orig_request_id="30304045",
        open_quantity=100,
        order=BrokerOrder(
            order_id="12663204",
            unique_id="30304046",
            account="0901351",
            symbol="SSI",
            market="VN",
            side=Side.SELL,
            order_type="LO",
            price_vnd=21_050,
            quantity=300,
            filled_quantity=100,
            cancelled_quantity=100,
            average_price_vnd=21_050,
            status="PF",
            reject_reason="",
            input_ms=1_606_277_281_849,
            modified_ms=1_606_277_281_850,
        ),
    )


def test_a_match():
    assert only(order_frame("orderMatchEvent", MATCH)) == BrokerMatch(
        notify_id=101_180,
        order_id="16201867",
        unique_id="24194396",
        account="1184411",
        symbol="BVS",
        side=Side.BUY,
        price_vnd=1_000,
        quantity=100,
        matched_ms=1_656_665_019_000,
    )


def test_the_match_of_a_future_names_no_market_so_its_symbol_tells():
    match = only(order_frame("orderMatchEvent", MATCH | {"instrumentID": "41I1F7000", "matchPrice": 1280.5}))
    assert match.price_vnd == 128_050_000


def test_an_error_in_its_long_form():
    message = "This channel has been block; disallow to place order "
    long = EVENT | {"message": message, "errorCode": "ORD015", "notifyID": 0, "note": "", "modifiable": False}
    assert only(order_frame("orderError", long)) == BrokerError(
        notify_id=0,
        unique_id="30304046",
        orig_request_id="30304045",
        order_id="12663204",
        account="0901351",
        symbol="SSI",
        code="ORD015",
        message=message,
    )


@pytest.mark.parametrize("connection", [{"connectionID": ""}, {}])
def test_an_error_in_its_short_form(connection):
    short = {"message": "Invalid Order Transition Error!", "notifyID": 15468, "data": None, "errorCode": "ERR500"}
    got = only(order_frame("orderError", short | {"uniqueID": "25162310", "prefix": "23o"} | connection))
    assert got == BrokerError(
        notify_id=15_468,
        unique_id="25162310",
        orig_request_id="",
        order_id="",
        account="",
        symbol="",
        code="ERR500",
        message="Invalid Order Transition Error!",
    )


def test_numbers_and_ids_may_be_text_or_numbers():
    text = EVENT | {
        "notifyID": "10",
        "price": "21050",
        "quantity": "300",
        "uniqueID": 30304046,
        "inputTime": 1606277281849,
    }
    assert only(order_frame("orderEvent", text)) == only(order_frame("orderEvent", EVENT))


def test_a_row_of_the_order_book_takes_the_account_from_beside_it():
    order = broker_order(ROW, "0901351")
    assert (order.account, order.unique_id, order.status, order.reject_reason) == ("0901351", "71298546", "QU", "")
    assert broker_order(ROW | {"uniqueID": None, "orderStatus": "ff"}, "0901351").status == "FF"


def test_a_row_of_a_future_is_in_vnd_per_contract():
    order = broker_order(ROW | {"marketID": "VNFE", "price": 1280.5, "avgPrice": 1280.46}, "0901358")
    assert (order.price_vnd, order.average_price_vnd) == (128_050_000, 128_046_000)


@pytest.mark.parametrize(
    "change",
    [{"orderID": None}, {"buySell": "X"}, {"price": 1.5}, {"orderStatus": ""}, {"quantity": "ten"}, {"account": None}],
)
def test_a_row_that_cannot_be_read_is_an_error_not_a_gap(change):
    with pytest.raises(ValueError, match=r"."):
        broker_order(ROW | change)


@pytest.mark.parametrize("row", [None, [], "x", 3])
def test_what_is_no_row_is_an_error(row):
    with pytest.raises(ValueError, match="order row"):
        broker_order(row)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("orderMatchEvent", MATCH | {"matchQty": 0}),
        ("orderMatchEvent", MATCH | {"matchPrice": -5}),
        ("orderMatchEvent", MATCH | {"orderID": ""}),
        ("orderEvent", {name: value for name, value in EVENT.items() if name != "buySell"}),
        ("orderEvent", None),
        ("orderEvent", []),
        ("orderError", {"message": "whose?"}),
    ],
)
def test_messages_that_cannot_be_read_are_failures(kind, data):
    decoded = decode_order_frame(order_frame(kind, data))
    assert decoded.messages == []
    assert len(decoded.failures) == 1
    assert kind in decoded.failures[0].raw


def test_other_messages_count_for_the_last_number_only():
    portfolio = {"account": "0901358", "notifyID": 27, "clientPortfoliosOpen": []}
    decoded = decode_order_frame(order_frame("clientPortfolioEvent", portfolio))
    assert (decoded.messages, decoded.failures, decoded.ignored, decoded.notify_id_last) == ([], [], 1, 27)


def test_a_frame_of_several_keeps_their_order():
    first, second = order_frame("orderMatchEvent", MATCH), order_frame("orderEvent", EVENT | {"notifyID": 101181})
    arguments = [json.loads(raw)["M"][0]["A"][0] for raw in (first, second)]
    decoded = decode_order_frame(frame(*arguments, hub="BroadcastHubV2"))
    assert [message.notify_id for message in decoded.messages] == [101_180, 101_181]
    assert decoded.notify_id_last == 101_181


def test_errors_of_the_server_are_notices():
    assert decode_order_frame(frame("blocked", method="Error")).notices == ["blocked"]


# --- bodies -------------------------------------------------------------------------------------------------------

NEW: dict[str, Any] = {
    "account": "0901351",
    "request_id": "12345678",
    "symbol": "SSI",
    "market": "VN",
    "side": Side.BUY,
    "order_type": OrderType.LO,
    "price_vnd": 21_000,
    "quantity": 300,
    "device_id": "8C-EC-4B-D3-0B-96",
}


def test_a_new_order_has_the_documented_fields_in_their_order():
    published = json.loads(vectors.V4_COMPACT[0])
    body = new_order_body(**NEW)
    assert list(json.loads(body)) == list(published)
    assert json.loads(body) == published | {"userAgent": "QTS"}
    assert body.replace(b'"QTS"', b'"FCTrading"') == vectors.V4_COMPACT[0]


@pytest.mark.parametrize(
    ("market", "price_vnd", "text"),
    [
        ("VN", 21_050, b'"price":21050,'),
        ("VN", None, b'"price":0,'),
        ("VNFE", 128_050_000, b'"price":1280.5,'),
        ("VNFE", 128_000_000, b'"price":1280,'),
        ("VNFE", 119_970_000, b'"price":1199.7,'),
        ("VNFE", None, b'"price":0,'),
    ],
)
def test_prices_go_out_in_the_unit_of_the_market(market, price_vnd, text):
    assert text in new_order_body(**NEW | {"market": market, "price_vnd": price_vnd})


def test_every_tenth_of_a_point_goes_out_and_comes_back():
    for tenths in range(1, 30_000, 7):
        body = new_order_body(**NEW | {"market": "VNFE", "price_vnd": tenths * 10_000})
        price = json.loads(body)["price"]
        assert broker_order(ROW | {"marketID": "VNFE", "price": price}, "0901358").price_vnd == tenths * 10_000


def test_a_cancel_and_an_amendment_name_the_market_differently():
    cancel = json.loads(
        cancel_order_body(
            account="0901351",
            request_id="12345681",
            order_id="12658867",
            symbol="SSI",
            market="VN",
            side=Side.BUY,
            device_id="8C-EC-4B-D3-0B-96",
        )
    )
    assert cancel == json.loads(vectors.V3_CANCEL_ORDER[0]) | {"userAgent": "QTS"}
    assert list(cancel) == list(json.loads(vectors.V3_CANCEL_ORDER[0]))
    amendment = json.loads(modify_order_body(**NEW, order_id="12658867"))
    assert list(amendment) == [
        "account",
        "requestID",
        "orderID",
        "marketID",
        "instrumentID",
        "price",
        "quantity",
        "buySell",
        "orderType",
        "code",
        "deviceId",
        "userAgent",
    ]
