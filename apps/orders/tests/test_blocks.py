"""Blocks: shared out before they are sent, through the gate of each account, and never evened out afterwards."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps

from apps.accounts import services as ledger
from apps.eventlog import selectors as eventlog
from apps.orders import selectors, services
from apps.orders.models import Block, Order
from apps.orders.services import Basis, BlockRequest, blocks
from apps.orders.tests.conftest import MORNING, STRATEGY, request
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.values import Actor, ActorKind


@pytest.fixture
def accounts(desk):
    """100 million and 1,000 SSI as the desk has them; 50 million; 5 million."""
    found = [desk.account_id]
    for number, cash_vnd in (("1184411", 50_000_000), ("1184412", 5_000_000)):
        made = ledger.open_account(number=number, name="Other", connection_id=desk.connection_id)
        ledger.adopt_balances(account_id=made, cash_vnd=cash_vnd, positions=[], now=MORNING)
        found.append(made)
    return found


def preview(accounts, text="BUY 3000 SSI @ 25000", basis=Basis.WORTH, asked=(None, None, None)):
    wanted = BlockRequest(request(text, ""), basis, tuple(zip(accounts, asked, strict=True)))
    return services.preview_block(wanted, actor=STRATEGY, now=MORNING)


def submit(rows, text="BUY 100 SSI @ 25000", name="block", actor=STRATEGY):
    return services.submit_block(request(text, name), rows, actor=actor, now=MORNING)


def test_by_worth_in_whole_lots_and_no_more_than_the_cash_allows(accounts):
    # worth 125, 50 and 5 million; the third can pay 199 shares of 25,037.5: one lot
    # 30 lots by 125 : 50 : 5 = 20.83, 8.33, 0.83
    found = preview(accounts)
    assert [row.quantity for row in found.rows] == [2_100, 800, 100]
    assert [row.most for row in found.rows] == [3_900, 1_900, 100]
    assert [row.needed_vnd for row in found.rows] == [52_578_750, 20_030_000, 2_503_750]
    assert (found.allotted_quantity, found.passing_count) == (3_000, 3)
    assert (Order.objects.count(), Block.objects.count()) == (0, 0)


def test_what_an_account_cannot_take_goes_to_the_others(accounts):
    found = preview(accounts, basis=Basis.ASKED, asked=(1_000, 1_000, 1_000))
    assert [row.quantity for row in found.rows] == [1_000, 1_000, 100]
    assert (found.wanted_quantity, found.allotted_quantity) == (3_000, 2_100)


def test_a_sale_by_what_each_holds(accounts):
    found = preview(accounts, "SELL 3000 SSI @ 25000", Basis.HELD)
    assert [(row.quantity, row.needed_vnd) for row in found.rows] == [(1_000, 0), (0, 0), (0, 0)]


def test_the_gate_is_asked_for_each_part(accounts):
    found = preview(accounts, "BUY 3000 SSI @ 25020")
    assert [[str(breach.code) for breach in row.breaches] for row in found.rows] == [["PRICE_OFF_TICK"]] * 3
    assert found.passing_count == 0


@pytest.mark.parametrize("mistake", ["none", "twice", "unknown"])
def test_a_block_is_for_known_accounts_once_each(accounts, mistake):
    wrong = {"none": [], "twice": [accounts[0]] * 2, "unknown": [uuid4()]}[mistake]
    with pytest.raises(ValueError, match="account"):
        preview(wrong, asked=[None] * len(wrong))


def test_each_account_sends_an_order_of_its_own_through_the_gate(accounts):
    answer = submit([(accounts[0], 2_100), (accounts[1], 800), (accounts[2], 300)])
    view = selectors.block(answer.plan_id)
    assert [(part.account_id, part.order.quantity, part.order.status) for part in view.parts] == [
        (accounts[0], 2_100, "PENDING"),
        (accounts[1], 800, "PENDING"),
        (accounts[2], 300, "DENIED"),  # 7.5 million wanted, 5 there: refused, and the others go out
    ]
    assert Block.objects.get().status == Block.Status.SENT
    told = eventlog.history(topic="order.block.submitted")
    assert sorted(event.key for event in told) == sorted(map(str, accounts))


def test_sent_twice_it_is_one_block(accounts):
    rows = [(accounts[0], 100), (accounts[1], 100)]
    first, again = submit(rows), submit(rows)
    assert first == again
    assert Order.objects.count() == 2
    changed = submit([(accounts[0], 200), (accounts[1], 100)])
    assert [breach.code for breach in changed.breaches] == ["IDEMPOTENCY_KEY_REUSED"]
    assert Order.objects.count() == 2


def test_nobody_sends_for_an_account_that_is_not_theirs(desk, accounts):
    trader = make_user("trader", Role.TRADER)
    ledger.grant_membership(account_id=accounts[0], username="trader", role="trade")
    ledger.grant_membership(account_id=accounts[1], username="trader", role="view")
    actor = Actor(ActorKind.USER, str(trader.pk))
    answer = submit([(accounts[0], 100), (accounts[1], 100)], actor=actor)
    assert [breach.code for breach in answer.breaches] == ["ACCOUNT_NOT_FOUND"]
    assert (Order.objects.count(), Block.objects.count()) == (0, 0)


def test_what_a_crash_left_is_sent_once_by_the_watcher(accounts, monkeypatch):
    rows = [(accounts[0], 100), (accounts[1], 100)]
    with monkeypatch.context() as broken:
        broken.setattr(blocks, "send_rows", lambda *_: None)
        submit(rows)
    assert Order.objects.count() == 0
    assert services.finish_blocks(MORNING) == 0  # whoever sends it may still be alive
    Block.objects.update(recorded_at=Block.objects.get().recorded_at - timedelta(seconds=30))
    assert [services.finish_blocks(MORNING), services.finish_blocks(MORNING)] == [1, 0]
    assert Order.objects.count() == 2


def test_no_account_is_always_the_first(accounts):
    firsts = set()
    for number in range(12):
        submit([(account_id, 100) for account_id in accounts[:2]], name=f"block-{number}")
        firsts.add(Order.objects.order_by("-recorded_at")[:2][1].account_id)
    assert firsts == set(accounts[:2])


def test_differences_to_the_average_are_told_to_the_dong_and_add_up_to_zero(accounts):
    answer = submit([(accounts[0], 300), (accounts[1], 100)])
    fills = {accounts[0]: (300, 300 * 25_000), accounts[1]: (100, 100 * 24_950)}
    for account_id, (quantity, value) in fills.items():
        Order.objects.filter(account_id=account_id).update(filled_quantity=quantity, filled_value_vnd=value)
    before = apps.get_model("accounts", "LedgerEntry").objects.count()
    view = selectors.block(answer.plan_id)
    # 9,995,000 for 400: 7,496,250 and 2,498,750 at the average of 24,987.5
    assert [part.difference_vnd for part in view.parts] == [3_750, -3_750]
    assert (view.filled_quantity, view.filled_value_vnd, view.average_vnd) == (400, 9_995_000, 24_988)
    assert apps.get_model("accounts", "LedgerEntry").objects.count() == before


def test_over_rest_preview_send_and_look(desk, accounts):
    trader = make_user("trader", Role.TRADER)
    for account_id in accounts[:2]:
        ledger.grant_membership(account_id=account_id, username="trader", role="trade")
    client = verified_client(trader)
    body = {"symbol": "SSI", "side": "BUY", "price_vnd": 25_000, "quantity": 1_000}
    asked = [{"account_id": str(account_id)} for account_id in accounts[:2]]
    told = client.post("/api/v1/blocks/preview/", {**body, "accounts": asked}, content_type="application/json").json()
    assert [row["quantity"] for row in told["rows"]] == [700, 300]  # 125 to 50 million: 7.14 and 2.86 lots
    parts = [{"account_id": row["account_id"], "quantity": row["quantity"]} for row in told["rows"]]
    send = {**{name: body[name] for name in ("symbol", "side", "price_vnd")}, "parts": parts}
    headers = {"Idempotency-Key": "b1"}
    done = client.post("/api/v1/blocks/", send, content_type="application/json", headers=headers)
    assert done.status_code == 201, done.content
    assert [part["order"]["quantity"] for part in done.json()["parts"]] == [700, 300]
    again = client.post("/api/v1/blocks/", send, content_type="application/json", headers=headers)
    assert again.json()["id"] == done.json()["id"]
    assert [one["id"] for one in client.get("/api/v1/blocks/").json()] == [done.json()["id"]]
    parts[0]["account_id"] = str(accounts[2])
    refused = client.post("/api/v1/blocks/", send, content_type="application/json", headers={"Idempotency-Key": "b2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "ACCOUNT_NOT_FOUND")
    stranger = verified_client(make_user("stranger", Role.TRADER))
    assert stranger.get(f"/api/v1/blocks/{done.json()['id']}/").status_code == 404
