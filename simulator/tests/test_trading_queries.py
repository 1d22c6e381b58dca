"""Every query and every transfer of FC Trading over HTTP: the fields of the specification, and figures that agree."""

import json
from collections.abc import AsyncIterator

import pytest

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import Exchange, InstrumentKind
from simulator.listings import vn30_listings
from simulator.tests.brokerage import CASH, DERIVATIVES, FOREIGN, FUTURE, MARGIN, OTHER_CASH, listing
from simulator.tests.wire_client import SetClock, WireClient
from simulator.tests.worlds import DEVICE_ID, at
from simulator.trading_days import vietnam_calendar
from simulator.world import Plan, World

UNKNOWN = "Account is not exist."
ORDER_FIELDS = (
    "uniqueID orderID buySell price quantity filledQty orderStatus marketID inputTime modifiedTime instrumentID"
    " orderType cancelQty avgPrice isForcesell isShortsell rejectReason lastErrorEvent"
)
CASH_FIELDS = (
    "account cashBal cashOnHold secureAmount withdrawable receivingCashT1 receivingCashT2 matchedBuyVolume"
    " matchedSellVolume debt unMatchedBuyVolume unMatchedSellVolume paidCashT1 paidCashT2 cia purchasingPower"
    " totalAssets"
)
SHARE_FIELDS = (
    "marketID instrumentID onHand block bonus buyT0 buyT1 buyT2 sellT0 sellT1 sellT2 avgPrice mortgage sellableQty"
    " holdForTrade marketPrice"
)
CONTRACT_FIELDS = (
    "marketID instrumentID longQty shortQty net bidAvgPrice askAvgPrice tradePrice marketPrice floatingPL tradingPL"
)
DEPOSIT_FIELDS = (
    "account accountBalance fee commission interest loan deliveryAmount floatingPL totalPL marginable depositable"
    " rcCall withdrawable nonCashDrawableRCCall internalAssets exchangeAssets internalMargin exchangeMargin"
)
ASSET_FIELDS = "cash validNonCash totalValue maxValidNonCash cashWithdrawable ee"
MARGIN_PART_FIELDS = (
    "marginReq accountRatio usedLimitWarningLevel1 usedLimitWarningLevel2 usedLimitWarningLevel3 marginCall"
)
MARGIN_FIELDS = (
    "collateralAsset callLMW liability eeOrigin forceLMV equity ee callMargin cashBalance purchasingPower"
    " callForcesell lmv marginCall withdrawal collateralA action marginRatio debt accruedInterest holdRight preLoan"
    " fees buyUnmatch ap apT1 sellUnmatch cia ar arT1 ppCredit creditLimit totalAssets marginCallLMVSold"
    " lmvNonMarginable eeCredit totalEquity eE90 eE80 eE70 eE60 eE50"
)


@pytest.fixture
async def wire(tmp_path, monkeypatch) -> AsyncIterator[WireClient]:
    monkeypatch.setattr("simulator.server.application.TRADING_LIMITS", ())
    future = listing(FUTURE, Exchange.VNFE, 1_900 * FUTURE_MULTIPLIER_VND, InstrumentKind.FUTURE)
    plan = Plan(7, 10.0, None, (*vn30_listings(["SSI", "FPT"]), future))
    world = World(plan, vietnam_calendar(), tmp_path)
    async with WireClient(world, SetClock(at("11-23 09:30")), world.secrets.customers[0]) as client:
        yield client


async def ask(wire, name, account, group="Trading", **parameters):
    answered = await wire.get(f"api/v2/{group}/{name}", account=account, **parameters)
    assert (answered["status"], answered["message"]) == (200, "Success"), answered
    return answered["data"]


async def test_orders_and_shares(wire):
    bought = await wire.order(CASH, instrumentID="SSI", orderType="MTL", quantity=200)
    assert bought["orderStatus"] == "FF"
    sold = await wire.order(CASH, instrumentID="FPT", buySell="S", orderType="MTL", quantity=100)
    assert sold["orderStatus"] == "FF"
    resting = await wire.order(CASH, instrumentID="SSI", price=33_350, quantity=300)
    book = await ask(wire, "orderBook", CASH)
    assert [" ".join(row) for row in book["orders"]] == [ORDER_FIELDS] * 3
    assert [row["orderStatus"] for row in book["orders"]] == ["FF", "FF", "QU"]
    history = await ask(wire, "orderHistory", CASH, startDate="23/11/2026", endDate="23/11/2026")
    assert history == {"orderHistories": book["orders"], "account": CASH}
    assert (await ask(wire, "orderHistory", CASH, startDate="20/11/2026", endDate="20/11/2026"))["orderHistories"] == []
    assert (await ask(wire, "auditOrderBook", CASH))["orders"] == book["orders"]

    cash = await ask(wire, "cashAcctBal", CASH)
    assert " ".join(cash) == CASH_FIELDS
    value, held = round(200 * bought["avgPrice"]), 300 * 33_350
    assert cash["cashBal"] == 5_000_000_000 - value - value * 15 // 10_000
    assert cash["cashOnHold"] == held + held * 15 // 10_000
    assert cash["purchasingPower"] == cash["cashBal"] - cash["cashOnHold"]
    proceeds = round(100 * sold["avgPrice"])
    assert cash["receivingCashT2"] == proceeds - proceeds * 15 // 10_000 - proceeds // 1_000

    shares = await ask(wire, "stockPosition", CASH)
    assert {" ".join(row) for row in shares["stockPositions"]} == {SHARE_FIELDS}
    ssi = next(row for row in shares["stockPositions"] if row["instrumentID"] == "SSI")
    assert (ssi["onHand"], ssi["buyT0"], ssi["sellableQty"]) == (10_200, 200, 10_000)

    unsettled = await ask(wire, "unsettleSoldTransaction", CASH, "cash", settleDate="")
    assert unsettled["orders"] == [
        {
            "TradeDate": "23/11/2026",
            "InstrumentID": "FPT",
            "Quantity": 100,
            "Price": sold["avgPrice"],
            "NetSellValue": cash["receivingCashT2"],
        }
    ]
    assert (await ask(wire, "unsettleSoldTransaction", CASH, "cash", settleDate="25/11/2026"))["orders"] == []
    assert len((await ask(wire, "unsettleSoldTransaction", CASH, "cash", settleDate="26/11/2026"))["orders"]) == 1
    (due,) = (await ask(wire, "cashInAdvanceAmount", CASH, "cash"))["CIAAmounts"]
    assert (due["DueDate"], due["SellValue"], due["NetSellValue"]) == ("26/11/2026", proceeds, cash["receivingCashT2"])
    transferable = await ask(wire, "transferable", CASH, "stock")
    assert transferable == {
        "transferableStocks": [
            {"instrumentID": "FPT", "quantity": 9_900, "instrumentType": "S"},
            {"instrumentID": "SSI", "quantity": 10_000, "instrumentType": "S"},
        ],
        "account": CASH,
    }
    assert resting["rejectReason"] == "0"


async def test_margin_and_derivatives(wire):
    await wire.order(MARGIN, instrumentID="SSI", price=33_350, quantity=1_000)
    margin = await ask(wire, "ppmmraccount", MARGIN)
    assert " ".join(margin) == MARGIN_FIELDS
    assert margin["ee"] == 2_000_000_000 - 500 * 33_350 - 1_000 * 33_350 * 15 // 10_000
    order = {"instrumentID": FUTURE, "market": "VNFE", "price": 1_800.5, "quantity": 2}
    told = await wire.order(DERIVATIVES, **order)
    assert (told["orderStatus"], told["price"], told["marketID"]) == ("QU", 1_800.5, "VNFE")
    deposit = await ask(wire, "derivAcctBal", DERIVATIVES)
    assert " ".join(deposit) == DEPOSIT_FIELDS
    assert " ".join(deposit["internalAssets"]) == " ".join(deposit["exchangeAssets"]) == ASSET_FIELDS
    assert " ".join(deposit["exchangeMargin"]) == MARGIN_PART_FIELDS
    assert " ".join(deposit["internalMargin"]) == f"initialMargin deliveryMargin {MARGIN_PART_FIELDS}"
    assert deposit["internalMargin"]["initialMargin"] > 0
    assert await ask(wire, "derivPosition", DERIVATIVES, querySummary="True") == {
        "account": DERIVATIVES,
        "openPosition": [],
        "closePosition": [],
    }
    filled = await wire.order(DERIVATIVES, **order | {"price": 0, "orderType": "MTL"})
    if filled["orderStatus"] == "FF":  # where somebody trades this contract
        (row,) = (await ask(wire, "derivPosition", DERIVATIVES))["openPosition"]
        assert " ".join(row) == CONTRACT_FIELDS
        assert (row["net"], row["bidAvgPrice"]) == (2, filled["avgPrice"])


async def test_what_can_be_bought_and_sold(wire):
    power = 5_000_000_000
    cash = await ask(wire, "maxBuyQty", CASH, instrumentID="SSI", price="35000.0")
    assert list(cash) == ["account", "maxBuyQty", "marginRatio", "purchasingPower"]
    assert (cash["maxBuyQty"], cash["marginRatio"], cash["purchasingPower"]) == (142_600, "100%", power)
    assert (142_600 * 35_000) * 10_015 // 10_000 <= power < (142_700 * 35_000) * 10_015 // 10_000
    margin = await ask(wire, "maxBuyQty", MARGIN, instrumentID="SSI", price="35000.0")
    # half of 35,000 and the whole fee of 52.5 of own means for each share: 2,000,000,000 / 17,552.5 = 113,943
    assert (margin["maxBuyQty"], margin["marginRatio"]) == (113_900, "50%")
    contracts = await ask(wire, "maxBuyQty", DERIVATIVES, instrumentID=FUTURE, price="1900.0")
    assert (contracts["maxBuyQty"], contracts["marginRatio"]) == (61, "17%")
    assert await ask(wire, "maxSellQty", CASH, instrumentID="SSI", price="0.0") == {
        "account": CASH,
        "maxSellQty": 10_000,
    }
    assert (await ask(wire, "maxSellQty", CASH, instrumentID="XXX", price=""))["maxSellQty"] == 0
    assert (await ask(wire, "maxSellQty", DERIVATIVES, instrumentID=FUTURE, price="0.0"))["maxSellQty"] == 61


NEVER_HAPPENS = [
    ("cash", "cashInAdvanceHistories", "CIAHistories"),
    ("cash", "transferHistories", "transferHistories"),
    ("ors", "dividend", "dividends"),
    ("ors", "exercisableQuantity", "exercisableQuantities"),
    ("ors", "histories", "onlineRightSubscriptionHistories"),
    ("stock", "transferHistories", "stockTransferHistories"),
]


async def test_what_never_happens_here_is_an_empty_list(wire):
    for group, name, field in NEVER_HAPPENS:
        assert (await ask(wire, name, CASH, group))[field] == []


WRONG_QUERIES = [
    ("Trading/orderBook", {}, UNKNOWN),
    ("Trading/orderBook", {"account": "090135"}, UNKNOWN),
    ("Trading/orderBook", {"account": OTHER_CASH}, UNKNOWN),
    ("Trading/cashAcctBal", {"account": DERIVATIVES}, UNKNOWN),
    ("Trading/stockPosition", {"account": DERIVATIVES}, UNKNOWN),
    ("Trading/derivAcctBal", {"account": CASH}, UNKNOWN),
    ("Trading/derivPosition", {"account": CASH}, UNKNOWN),
    ("Trading/derivPosition", {}, "'Account' must not be empty"),
    ("Trading/ppmmraccount", {"account": CASH}, UNKNOWN),
    ("Trading/orderHistory", {"account": CASH}, "'Start Date' must not be empty; StartDate is required."),
    (
        "Trading/orderHistory",
        {"account": CASH, "startDate": "2026-11-23", "endDate": "23/11/2026"},
        "'Start Date' must not be empty; StartDate is required.",
    ),
    ("Trading/maxBuyQty", {"account": CASH, "instrumentID": "XXX"}, "Instrument is not exist."),
    ("Trading/maxBuyQty", {"account": CASH, "instrumentID": "SSI", "price": "abc"}, "Price is invalid"),
    ("Trading/maxBuyQty", {"account": CASH, "instrumentID": "SSI", "price": "nan"}, "Price is invalid"),
    ("Trading/maxBuyQty", {"account": CASH, "instrumentID": "SSI", "price": "-1"}, "Price is invalid"),
    ("Trading/maxBuyQty", {"account": CASH, "instrumentID": "SSI", "price": "1e300"}, "Price is invalid"),
    ("cash/estCashInAdvanceFee", {"account": CASH, "ciaAmount": "x"}, "Amount is invalid"),
    ("cash/unsettleSoldTransaction", {"account": CASH, "settleDate": "tomorrow"}, "Settle Date is invalid"),
]


async def test_wrong_queries_have_a_text(wire):
    for path, parameters, message in WRONG_QUERIES:
        answered = await wire.get(f"api/v2/{path}", **parameters)
        assert answered == {"message": message, "status": 400, "data": None}, (path, parameters)


TRANSFERS = {
    "cash/vsdCashDW": {"amount": 1_000_000, "type": "D", "remark": ""},
    "cash/transferInternal": {"beneficiaryAccount": MARGIN, "amount": 1_000_000, "remark": ""},
    "cash/createCashInAdvance": {"ciaAmount": 1000.0, "receiveAmount": 0.0},
    "ors/create": {"instrumentID": "SSI", "entitlementID": "1", "quantity": 10, "amount": 100_000.0},
    "stock/transfer": {"beneficiaryAccount": MARGIN, "exchangeID": "HOSE", "instrumentID": "SSI", "quantity": 10},
}


async def test_transfers_are_refused_and_kept(wire, monkeypatch):
    for path, fields in TRANSFERS.items():
        answered = await wire.post(f"api/v2/{path}", {"account": CASH, **fields, "code": "123456"})
        assert (answered["status"], answered["data"]) == (400, None)
        assert answered["message"] not in ("Success", UNKNOWN)
        assert (await wire.post(f"api/v2/{path}", {"account": FOREIGN, **fields}))["message"] == UNKNOWN
        assert "Bad request" in (await wire.post(f"api/v2/{path}", {"account": CASH, "code": {}}))["message"]
    kept = wire.world.journal.everything()
    assert [one["name"] for one in kept["requests"]] == [path.split("/")[1] for path in TRANSFERS for _ in range(2)]
    assert all(one["refusal"] for one in kept["requests"])
    assert "123456" not in json.dumps(kept)
    assert [one["kind"] for one in kept["cash_movements"]] == ["OPENING"] * 8
    assert (await ask(wire, "cashAcctBal", CASH))["cashBal"] == 5_000_000_000


async def test_the_controls_lock_an_account(wire):
    assert await wire.post("sim/account", {"account": CASH, "is_locked": True}) == {"locked": [CASH]}
    told = await wire.order(CASH, instrumentID="SSI", price=33_350, quantity=100)
    assert (told["orderStatus"], told["rejectReason"]) == ("RJ", "ORD026")
    assert await wire.post("sim/account", {"account": CASH, "is_locked": False}) == {"locked": []}
    assert (await wire.post("sim/account", {"account": "1", "is_locked": True}))["status"] == 400
    assert (await wire.order(CASH, instrumentID="SSI", price=33_350, quantity=100))["orderStatus"] == "QU"


NO_ORDERS = ["", "null", "[]", "{", '{"account": 1}', "[" * 10_000, '{"account": "0901351", "price": "1"}', '"\\ud800"']


async def test_bodies_that_are_no_order_have_a_text(wire):
    for body in NO_ORDERS:
        for name in ("NewOrder", "CancelOrder", "ModifyOrder"):
            answered = await wire.post(f"api/v2/Trading/{name}", body)
            assert (answered["status"], answered["data"]) == (400, None), body
            assert answered["message"].startswith("Bad request"), body
    assert wire.world.broker.orders == {}


async def test_a_body_that_is_too_large_is_refused(wire):
    body = json.dumps({"account": CASH, "deviceId": DEVICE_ID, "userAgent": "x" * 70_000})
    answered = await wire.post("api/v2/Trading/NewOrder", body)
    assert (answered["status"], answered["data"]) == (413, None)
