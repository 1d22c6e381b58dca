"""What a change of a limit would do, in the portal: real orders, the officer's form and the second officer's dialog."""

import pytest

from apps.orders import services as orders
from apps.risk.selectors import open_proposals
from apps.risk.services import LimitChange, propose_limits
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode
from qts.domain.orders import OrderRequest
from qts.domain.values import OrderType, Side

VALUE = RuleCode.ORDER_VALUE_EXCEEDS_MAX
ASKED = {"code": VALUE, "scope": "firm", "scope_id": "", "limit": "5000000", "is_active": "1"}


def submitted(desk, market, quantity: int):
    done = orders.submit_order(
        account_id=desk.mine,
        request=OrderRequest("SSI", Side.BUY, OrderType.LO, quantity, 25_000, f"wish-{quantity}"),
        actor=actor_of(desk.users.trader),
        now=market.now(),
    )
    assert done.order_id is not None
    return done


def test_the_page_names_the_orders_that_would_have_been_refused_and_no_other(desk, market):
    small, large = submitted(desk, market, 100), submitted(desk, market, 300)
    denied = submitted(desk, market, 100_000)
    assert [breach.code for breach in denied.breaches][:1] == [VALUE]
    page = desk.client("risk").get("/risk/what-if/", ASKED).content.decode()
    assert f'data-order="{large.order_id}"' in page
    assert f'data-order="{small.order_id}"' not in page
    assert f'data-order="{denied.order_id}"' not in page
    assert "1 working order would have been refused" in page
    assert "0 other orders of the last 30 days would have been refused" in page
    assert "2,000,000,000 → 5,000,000" in page
    assert "7,500,000" in page


def test_the_same_in_vietnamese(desk, market):
    submitted(desk, market, 300)
    client = desk.client("risk")
    client.cookies["django_language"] = "vi"
    page = client.get("/risk/what-if/", ASKED).content.decode()
    assert "Thay đổi này sẽ dẫn đến điều gì?" in page
    assert "1 lệnh đang chờ khớp lẽ ra bị từ chối" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "NO_SUCH_RULE"}, {"code": "PRICE_OFF_TICK"}, {"limit": "-1"}, {"limit": "1.5"}, {"limit": ""},
        {"limit": "9" * 19}, {"scope": "symbol"}, {"scope": "planet", "scope_id": "x"}, {"scope_id": "SSI"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_change_is_not_found(desk, wrong):
    assert desk.client("risk").get("/risk/what-if/", ASKED | wrong).status_code == 404


def test_a_trader_does_not_see_it(desk):
    assert desk.client("trader").get("/risk/what-if/", ASKED).status_code == 403


def test_the_second_officer_sees_what_he_agrees_to(desk, market):
    denied = submitted(desk, market, 100_000)
    propose_limits(
        [LimitChange(code=VALUE, limit=2_600_000_000, seen_version=1)],
        reason="large client", actor=actor_of(desk.users.risk), now=market.now(),
    )  # fmt: skip
    [asked] = open_proposals()
    page = desk.client("risk2").get(f"/risk/approvals/{asked.id}/").content.decode()
    assert f'data-what-if="{VALUE}"' in page
    assert [breach.code for breach in denied.breaches] == [VALUE, RuleCode.BUYING_POWER_EXCEEDED]
    assert f'data-order="{denied.order_id}"' not in page  # it would be refused all the same
    slip = desk.client("risk2").post(f"/risk/approvals/{asked.id}/", {"act": "approve", "reason": ""})
    assert f'data-what-if="{VALUE}"' in slip.content.decode()


def test_the_page_takes_few_statements_however_many_orders(desk, market, django_assert_max_num_queries):
    for quantity in range(100, 1_100, 100):
        submitted(desk, market, quantity)
    officer = desk.client("risk")
    with django_assert_max_num_queries(30):
        page = officer.get("/risk/what-if/", ASKED).content.decode()
    assert page.count("data-order=") == 8
