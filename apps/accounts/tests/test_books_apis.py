"""Cash, trades, values and statement over REST."""

from uuid import uuid4

import pytest

from apps.accounts import services
from apps.accounts.tests.conftest import MONDAY
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.values import Side


@pytest.fixture
def client(account_id, market):
    user = make_user("owner", Role.TRADER)
    services.grant_membership(account_id=account_id, username="owner", role="trade")
    return verified_client(user)


def test_cash_and_what_is_on_its_way(client, account_id, desk):
    # 300 x 25,000 - 11,250 - 7,500 come on T+2; 200 x 25,000 + 7,500 are owed then
    desk.fill(Side.SELL, 300, 25_000)
    desk.fill(Side.BUY, 200, 25_000)
    told = client.get(f"/api/v1/accounts/{account_id}/cash/").json()
    assert (told["settled_vnd"], told["free_vnd"]) == (100_000_000, 94_992_500)
    assert told["coming"] == {"TODAY": 0, "T1": 0, "T2": 7_481_250, "LATER": 0}
    assert told["payable"]["T2"] == -5_007_500
    assert [one["amount"] for one in told["shares_arriving"]] == [200]


def test_trades_values_and_statement(client, account_id, desk, market):
    market.quote("SSI", last_vnd=25_000, reference_vnd=25_000)
    desk.fill(Side.SELL, 300, 25_000)
    services.take_value_snapshots(MONDAY)
    (trade,) = client.get(f"/api/v1/accounts/{account_id}/trades/").json()
    assert (trade["average_pnl_vnd"], trade["fifo_pnl_vnd"], trade["tax_vnd"]) == (281_250, 281_250, 7_500)
    assert client.get(f"/api/v1/accounts/{account_id}/trades/?symbol=HPG").json() == []
    (value,) = client.get(f"/api/v1/accounts/{account_id}/values/").json()
    assert value["equity_vnd"] == 100_000_000 + 7_481_250 + 700 * 25_000
    (line,) = client.get(f"/api/v1/accounts/{account_id}/statement/").json()
    assert (line["kind"], line["amount_vnd"], line["balance_vnd"]) == ("OPENING", 100_000_000, 100_000_000)


@pytest.mark.parametrize("what", ["cash", "trades", "values", "statement"])
def test_somebody_elses_account_does_not_exist(client, what):
    answer = client.get(f"/api/v1/accounts/{uuid4()}/{what}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")


def test_a_day_that_is_none_is_refused(client, account_id):
    assert client.get(f"/api/v1/accounts/{account_id}/trades/?since=soon").status_code == 400


def test_the_most_that_can_be_bought_or_sold(client, account_id, desk):
    # 100,000,000 / (25,000 x 1.0015) = 3,994.0: 39 round lots, or 3,994 shares; 1,000 SSI less 300 on offer
    desk.reserve(Side.SELL, 300)
    address = f"/api/v1/accounts/{account_id}/max-quantity/"
    asked = {"symbol": "SSI", "side": "BUY", "price_vnd": 25_000}
    assert client.get(address, asked).json() == {
        "quantity": 3_900,
        "buying_power_vnd": 100_000_000,
        "loan_percent": 0,
    }
    assert client.get(address, asked | {"lot": 1}).json()["quantity"] == 3_994
    assert client.get(address, asked | {"side": "SELL"}).json()["quantity"] == 700
    assert client.get(address, asked | {"price_vnd": 0}).status_code == 400
