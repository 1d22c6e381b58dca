"""Sliced and basket orders in the portal: typed or pasted, looked at, confirmed, followed."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.orders.selectors import orders, sliced_orders
from apps.portal.views.basket_table import read_table
from qts.domain.values import OrderType, Side

NEW, BASKET = "/orders/sliced/new/", "/orders/basket/"
NAME = "11111111-2222-4333-8444-555555555555"


def typed(desk, **changes):
    fields = {
        "symbol": "SSI", "account": str(desk.mine), "kind": "ICEBERG", "side": "BUY", "quantity": "10,000",
        "price": "25.00", "show_quantity": "1,000", "client_order_id": NAME,
    }  # fmt: skip
    return fields | changes


def test_an_iceberg_is_confirmed_taken_once_shown_and_taken_back(desk):
    client = desk.client("trader")
    form = client.get(f"{NEW}?symbol=SSI&kind=TWAP&quantity=5000").content.decode()
    assert ('name="slices"' in form, 'name="show_quantity"' in form, 'value="5000"' in form) == (True, False, True)
    assert "Send it in parts?" in client.post(NEW, typed(desk, act="check")).content.decode()
    assert sliced_orders([desk.mine]) == []
    for _ in "12":
        assert client.post(NEW, typed(desk, act="place")).status_code == 200
    (plan,) = sliced_orders([desk.mine])
    page = client.get("/orders/sliced/").content.decode()
    assert "Iceberg, shows 1,000" in page
    assert client.post(f"/orders/sliced/{plan.id}/cancel/").status_code == 200
    assert "No sliced orders" in client.get("/orders/sliced/").content.decode()
    assert "taken back" in client.get("/orders/sliced/?show=all").content.decode()
    assert orders([desk.mine]) == []


def test_what_cannot_begin_is_told_and_a_stranger_touches_nothing(desk):
    client = desk.client("trader")
    refused = client.post(NEW, typed(desk, act="place", show_quantity="10"))
    assert (refused.status_code, NAME in refused.content.decode()) == (422, False)
    assert 'data-code="QUANTITY_OFF_LOT"' in refused.content.decode()
    assert client.post(NEW, typed(desk, act="place", quantity="much")).status_code == 422
    assert sliced_orders([desk.mine]) == []
    client.post(NEW, typed(desk, act="place"))
    (plan,) = sliced_orders([desk.mine])
    assert desk.client("trader2").post(f"/orders/sliced/{plan.id}/cancel/").status_code == 404
    assert sliced_orders([desk.mine])[0].status == "ACTIVE"


TABLE = "symbol,side,quantity,price\nSSI,BUY,1000,25.00\nssi,bán,500,MTL\nSSI,BUY,150,25.00\n"


def test_a_basket_is_looked_at_and_sent_once(desk):
    client = desk.client("trader")
    asked = {"account": str(desk.mine), "table": TABLE}
    seen = client.post(BASKET, asked | {"act": "preview"}).content.decode()
    assert ('data-row="3" data-passes="no"' in seen, "QUANTITY_OFF_LOT" in seen, "25,037,500" in seen) == (
        True, True, True,
    )  # fmt: skip
    assert orders([desk.mine]) == []
    sent = [client.post(BASKET, asked | {"act": "send", "client_order_id": NAME}) for _ in "12"]
    assert sent[0].status_code == 302
    assert sent[0]["Location"] == sent[1]["Location"]
    assert sorted(order.status for order in orders([desk.mine])) == ["DENIED", "DENIED", "PENDING"]
    page = client.get(sent[0]["Location"]).content.decode()
    assert "3 / 3" in page
    assert page.count('<span class="badge">basket</span>') == 3
    assert desk.client("trader2").get(sent[0]["Location"]).status_code == 404
    other = client.post(
        BASKET, {"account": str(desk.mine), "table": "SSI,BUY,100,25", "act": "send", "client_order_id": NAME}
    )
    assert "IDEMPOTENCY_KEY_REUSED" in other.content.decode()


def test_a_file_is_read_like_a_pasted_table(desk):
    client = desk.client("trader")
    file = SimpleUploadedFile("basket.csv", ("\ufeff" + TABLE).encode())
    seen = client.post(BASKET, {"account": str(desk.mine), "file": file, "act": "preview"}).content.decode()
    assert 'data-row="2"' in seen
    for content, said in ((b"\xff\xfe\x00", "not a CSV file"), (b"x" * 100_001, "too large")):
        answer = client.post(BASKET, {"account": str(desk.mine), "file": SimpleUploadedFile("b.csv", content)})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)


def test_a_mistake_is_told_by_its_line_and_nothing_is_sent(desk):
    client = desk.client("trader")
    asked = {"account": str(desk.mine), "table": "SSI,BUY,100,25.00\nSSI,HOLD,100,25.00", "act": "send"}
    answer = client.post(BASKET, asked | {"client_order_id": NAME})
    page = answer.content.decode()
    assert (answer.status_code, "Line 2" in page, "The side is BUY or SELL." in page) == (422, True, True)
    stranger = client.post(BASKET, asked | {"account": str(desk.other), "table": "SSI,BUY,100,25.00"})
    assert "You have no such account to trade." in stranger.content.decode()
    assert orders([desk.mine, desk.other]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SSI\tMUA\t1.200\t25,30", [("SSI", Side.BUY, OrderType.LO, 1_200, 25_300)]),
        ("SSI;S;100;atc", [("SSI", Side.SELL, OrderType.ATC, 100, None)]),
        ('SSI,BUY,"1,200",25.30', [("SSI", Side.BUY, OrderType.LO, 1_200, 25_300)]),
        ("mã;bên;kl;giá\n\nfpt;BÁN;300;97.5", [("FPT", Side.SELL, OrderType.LO, 300, 97_500)]),
        ("SSI,BUY,-100,25", [("SSI", Side.BUY, OrderType.LO, -100, 25_000)]),  # the gate refuses it, on record
    ],
)
def test_tables_as_people_have_them(text, expected):
    requests, mistakes = read_table(text, lambda _symbol: 1_000)
    assert mistakes == []
    found = [(one.symbol, one.side, one.order_type, one.quantity, one.price_vnd) for one in requests]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [0]),
        ("nothing here", [0]),
        ("SSI,BUY,100", [1]),
        ("SSI,BUY,1.5,25.00", [1]),
        ("SSI,BUY,100,dear\nFPT,BUY,100,97.00\nX,Y,Z,1", [1, 3]),
        ("SSI,BUY,100,LO", [1]),
        ("\n".join(["SSI,BUY,100,25"] * 101), [0]),
    ],
)
def test_lines_that_are_no_orders(text, lines):
    assert [mistake.line for mistake in read_table(text, lambda _symbol: 1_000)[1]] == lines
