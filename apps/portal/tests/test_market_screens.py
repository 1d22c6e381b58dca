"""Symbol page, ticket, blotter and home: what a trader sees there and does from there."""

import re
from datetime import timedelta

import pytest
from django.apps import apps

from apps.marketdata.selectors import market_now
from apps.orders import selectors as orders
from apps.portal.tests.conftest import ticket_of
from apps.risk.services import change_limit
from qts.domain.errors import RuleCode
from qts.domain.market import to_vietnam
from qts.domain.orders import Status
from qts.domain.values import Actor, ActorKind

OFFICER = Actor(ActorKind.SYSTEM, "test")


def placed(desk, *, number=1, **changes):
    name = f"11111111-2222-4333-8444-{number:012d}"
    answer = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, client_order_id=name, **changes))
    return answer.status_code, orders.orders([desk.mine])[0]


def test_own_working_orders_are_marks_with_what_is_not_filled(desk):
    placed(desk)
    placed(desk, number=2, side="SELL", quantity="300", price="26.00")
    told = desk.client("trader").get("/symbols/SSI/marks/").json()
    assert sorted((one["side"], one["price"], one["quantity"]) for one in told["orders"]) == [
        ("BUY", 25_000, 1_000), ("SELL", 26_000, 300),
    ]  # fmt: skip
    assert (told["trades"], told["gaps"]) == ([], [])
    assert desk.client("trader2").get("/symbols/SSI/marks/").json()["orders"] == []  # nobody else's


def test_history_comes_in_the_asked_length(desk, market):
    bar = apps.get_model("marketdata", "Bar1m")
    opened = to_vietnam(market.day).replace(minute=0, second=0, microsecond=0, hour=9)
    bar.objects.bulk_create(
        bar(
            symbol="SSI", trading_day=opened.date(), starts_at=opened + timedelta(minutes=15 + number),
            wal_position="1:0", received_at_ns=1, open_vnd=25_000 + number, high_vnd=25_100 + number,
            low_vnd=24_900, close_vnd=25_000 + 10 * number, volume=100, value_vnd=1, trade_count=1,
        )
        for number in range(10)
    )  # fmt: skip
    client = desk.client("trader")
    told = client.get("/symbols/SSI/history/?timeframe=5m").json()["bars"]
    start = round((opened + timedelta(minutes=15)).timestamp())
    assert told == [
        {"time": start, "open": 25_000, "high": 25_104, "low": 24_900, "close": 25_040, "volume": 500},
        {"time": start + 300, "open": 25_005, "high": 25_109, "low": 24_900, "close": 25_090, "volume": 500},
    ]
    (day,) = client.get("/symbols/SSI/history/?timeframe=1d").json()["bars"]
    assert (day["open"], day["close"], day["volume"]) == (25_000, 25_090, 1_000)
    assert len(client.get("/symbols/SSI/bars/").json()["bars"]) == 10
    assert client.get("/symbols/SSI/history/?timeframe=2m").status_code == 404


def test_scores_of_the_news_are_shown_and_their_absence_is_said(desk):
    client = desk.client("trader")
    assert "No news source is connected." in client.get("/symbols/SSI/").content.decode()
    signal, now = apps.get_model("analytics", "SourceSignal"), market_now()
    for number, (source, reason) in enumerate([("sentiment", "Profit <b>doubled</b>"), ("prediction", "three trees")]):
        signal.objects.create(
            signal_id=f"n{number}", source=source, symbol="SSI", name="headline", direction=1, strength_percent=80,
            value=1, made_at=now, known_at=now, valid_s=60, reason=reason, publisher="newsbot",
        )  # fmt: skip
    news = client.get("/symbols/SSI/").content.decode().split('id="news"')[1].split("</section>")[0]
    assert "Profit &lt;b&gt;doubled&lt;/b&gt;" in news
    assert ("newsbot" in news, "strength 80%" in news, "three trees" in news) == (True, True, False)


def test_a_soft_refusal_is_answered_by_typing_the_price_once_more(desk):
    change_limit(code=RuleCode.PRICE_FAR_FROM_LAST, limit=10, reason="test", actor=OFFICER, now=market_now())
    client = desk.client("trader")
    refused = client.post("/ticket/submit/", ticket_of(desk.mine, price="23.50"))
    page = refused.content.decode()
    assert (refused.status_code, 'name="confirm_PRICE_FAR_FROM_LAST"' in page) == (422, True)
    fresh = re.search(r'name="client_order_id" value="([0-9a-f-]{36})"', page)[1]
    wrong = ticket_of(desk.mine, price="23.50", client_order_id=fresh, confirm_PRICE_FAR_FROM_LAST="23.60")
    again = client.post("/ticket/submit/", wrong)
    assert (again.status_code, 'name="confirm_PRICE_FAR_FROM_LAST"' in again.content.decode()) == (422, True)
    fresh = re.search(r'name="client_order_id" value="([0-9a-f-]{36})"', again.content.decode())[1]
    meant = ticket_of(desk.mine, price="23.50", client_order_id=fresh, confirm_PRICE_FAR_FROM_LAST="23.50")
    for _ in "12":  # a double click
        assert client.post("/ticket/submit/", meant).status_code == 200
    assert sorted(order.status for order in orders.orders([desk.mine])) == ["DENIED", "DENIED", "PENDING"]


def test_a_hard_refusal_beside_a_soft_one_offers_no_confirmation(desk):
    change_limit(code=RuleCode.PRICE_FAR_FROM_LAST, limit=10, reason="test", actor=OFFICER, now=market_now())
    page = desk.client("trader").post("/ticket/submit/", ticket_of(desk.mine, price="23.51")).content.decode()
    assert ("PRICE_OFF_TICK" in page, "confirm_" in page) == (True, False)


def test_the_ticket_leads_to_a_bracket_with_what_was_typed(desk):
    client = desk.client("trader")
    assert "/orders/conditional/new/?kind=BRACKET" in client.get("/ticket/?symbol=SSI").content.decode()
    query = {"kind": "BRACKET", "symbol": "SSI", "side": "BUY", "quantity": "1,200", "price": "25.10"}
    page = client.get("/orders/conditional/new/", query).content.decode()
    assert re.search(r'name="entry"[^>]*value="25.10"', page)
    assert re.search(r'name="quantity"[^>]*value="1,200"', page)
    assert 'value="BUY" checked' in page
    stop = client.get("/orders/conditional/new/", query | {"kind": "STOP"}).content.decode()
    assert "25.10" not in stop  # the price of an order at once is no stop


def test_chosen_orders_are_cancelled_and_no_others(desk):
    ids = [str(placed(desk, number=number, quantity="100")[1].id) for number in (1, 2, 3)]
    client = desk.client("trader")
    asked = client.get("/orders/cancel-all/", {"order": ids[:2]}).content.decode()
    assert [order_id in asked for order_id in ids] == [True, True, False]
    client.post("/orders/cancel-all/", {"order": ids[:2]})
    wanted = {
        str(order.id): order.cancel_wanted or order.status is Status.CANCELLED for order in orders.orders([desk.mine])
    }
    assert wanted == {ids[0]: True, ids[1]: True, ids[2]: False}


def test_somebody_elses_chosen_order_stays(desk):
    order_id = str(placed(desk)[1].id)
    stranger = desk.client("trader2")
    assert "No working orders here" in stranger.get("/orders/cancel-all/", {"order": [order_id]}).content.decode()
    stranger.post("/orders/cancel-all/", {"order": [order_id]})
    (order,) = orders.orders([desk.mine])
    assert (order.cancel_wanted, order.status) == (False, Status.PENDING)


@pytest.mark.parametrize(("address", "is_there"), [("/orders/?show=all", True), ("/orders/?show=all&limit=8", False)])
def test_only_the_blotter_has_boxes_to_choose_with(desk, address, is_there):
    placed(desk)
    assert ("data-pick-all" in desk.client("trader").get(address).content.decode()) is is_there
    assert "data-pick-all" not in desk.client("risk").get(address).content.decode()


def test_home_says_what_needs_attention_and_when_nothing_does(desk):
    client = desk.client("trader")
    assert "Nothing needs you now." in client.get("/").content.decode()
    placed(desk, quantity="900,000")  # more than the cash pays
    page = client.get("/attention/").content.decode()
    assert "1 order refused by the risk gate today" in page
    assert "/orders/?show=today&amp;status=DENIED" in page
    assert "Nothing needs you now." in desk.client("trader2").get("/attention/").content.decode()


def test_home_shows_a_failed_strategy_to_its_people_alone(desk):
    apps.get_model("strategies", "Strategy").objects.filter(name="MA cross").update(status="FAILED")
    assert "Strategy failed: MA cross" in desk.client("trader").get("/").content.decode()
    assert "Strategy failed" not in desk.client("trader2").get("/").content.decode()
