"""The desk's page: asked for, shown with the gate's answers, sent as shown, and what became of it."""

from django.apps import apps

from apps.accounts import services as accounts

TYPED = {"symbol": "SSI", "side": "BUY", "quantity": "1,000", "price": "25.00", "basis": "WORTH"}


def both(desk):
    accounts.grant_membership(account_id=desk.other, username="trader", role="trade")
    return desk.client("trader"), TYPED | {desk.mine.hex: "on", desk.other.hex: "on"}


def orders():
    return apps.get_model("orders", "Order").objects.order_by("quantity")


def test_a_block_from_the_form_to_the_result(desk):
    client, typed = both(desk)
    shown = client.post("/orders/block/", typed | {"act": "preview"})
    # 1,250 million (1,000 and 10,000 SSI at 25.00) against 1,000: 5.56 and 4.44 lots
    parts = {row.account_id: row.quantity for _account, row, _refusals in shown.context["rows"]}
    assert parts == {desk.mine: 600, desk.other: 400}
    assert not orders().exists()
    send = typed | {"act": "send", "client_order_id": str(shown.context["client_order_id"])}
    send |= {f"part-{account_id.hex}": str(quantity) for account_id, quantity in parts.items()}
    done = client.post("/orders/block/", send)
    assert client.post("/orders/block/", send).url == done.url  # a second click
    assert [(order.account_id, order.quantity) for order in orders()] == [(desk.other, 400), (desk.mine, 600)]
    page = client.get(done.url)
    assert [part.order.quantity for _account, part, _refusals in page.context["rows"]] == [600, 400]
    assert client.get("/orders/block/").context["recent"][0].quantity == 1_000


def test_mistakes_are_told_and_nothing_is_sent(desk):
    client, typed = both(desk)
    for changes, sentence in (
        ({"quantity": "ten"}, "Type whole shares, for example 1,200."),
        ({"price": "dear"}, "Type a price as on the board, for example 25.30."),
        ({"basis": "LUCK"}, "Choose what the parts shall be like."),
        ({f"most-{desk.mine.hex}": "many"}, "Type whole shares, for example 1,200."),
        ({f"most-{desk.mine.hex}": "x" * 9_000}, "Type whole shares, for example 1,200."),
    ):
        answer = client.post("/orders/block/", typed | changes | {"act": "preview"})
        assert (answer.status_code, answer.context["problem"]) == (422, sentence)
    answer = client.post("/orders/block/", TYPED | {"act": "preview"})
    assert answer.context["problem"] == "Choose at least one account."
    assert not orders().exists()


def test_who_does_not_see_every_account_does_not_see_the_block(desk):
    client, typed = both(desk)
    parts = {f"part-{desk.mine.hex}": "600", f"part-{desk.other.hex}": "400"}
    done = client.post("/orders/block/", typed | parts | {"act": "send", "client_order_id": "one"})
    assert desk.client("trader2").get(done.url).status_code == 404
    assert desk.client("operator").get(done.url).status_code == 200
    assert desk.client("risk").post("/orders/block/", typed).status_code == 403
    strange = desk.client("trader2").post("/orders/block/", typed | parts | {"act": "send", "client_order_id": "two"})
    assert strange.status_code == 302  # of the two accounts only the own one was asked for
    assert [order.account_id for order in orders()] == [desk.other, desk.other, desk.mine]
