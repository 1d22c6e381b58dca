"""Cash events by two operators, and the broker's statement beside our bookings."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from apps.accounts import selectors, services
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.values import Side

ONLY_MANAGERS = "Only who manages an account changes its members."
HEADING = "Ngày GD,Mã CK,Mua/Bán,Khối lượng,Giá,Phí,Thuế\n"


def entered(desk, **changes):
    return {"account": str(desk.mine), "kind": "DEPOSIT", "amount_vnd": "5,000,000,000", "reference": "D1"} | changes


def test_one_operator_enters_and_another_confirms(desk, market):
    client = desk.client("operator")
    assert client.post("/positions/cash-events/", entered(desk)).status_code == 302
    (made,) = selectors.cash_requests()
    where = f"/positions/cash-events/{made.id}/"
    refused = client.post(where, {"act": "confirm"})
    assert (refused.status_code, refused.context["problem"]) == (422, "Nobody confirms what they entered.")
    second = verified_client(make_user("operator2", Role.OPERATOR))
    assert second.post(where, {"act": "confirm"}).status_code == 302
    assert selectors.account_state(desk.mine, market.now()).cash_settled_vnd == 6_000_000_000
    assert b"5,000,000,000" in client.get("/positions/cash-events/").content


@pytest.mark.parametrize("changes", [{"amount_vnd": "much"}, {"amount_vnd": "0"}, {"reference": ""}, {"kind": "GIFT"}])
def test_mistakes_are_told_and_nothing_is_kept(desk, changes):
    answer = desk.client("operator").post("/positions/cash-events/", entered(desk, **changes))
    assert (answer.status_code, bool(answer.context["problem"])) == (422, True)
    assert selectors.cash_requests() == []


@pytest.mark.parametrize("who", ["trader", "risk"])
def test_only_operators_move_cash(desk, who):
    client = desk.client(who)
    assert client.get("/positions/cash-events/").status_code == 403
    assert client.post("/positions/cash-events/", entered(desk)).status_code == 403
    assert client.post(f"/positions/cash-events/{uuid4()}/", {"act": "confirm"}).status_code == 403
    assert selectors.cash_requests() == []


def upload(client, account_id, text, *, encoding="utf-8"):
    file = SimpleUploadedFile("statement.csv", text.encode(encoding), "text/csv")
    return client.post("/positions/statement/check/", {"account": str(account_id), "file": file})


def sell(desk, market):
    with transaction.atomic():
        services.book_fill(
            account_id=desk.mine, order_id=uuid4(), fill_id="f1", symbol="SSI", side=Side.SELL, quantity=100,
            price_vnd=25_000, now=market.now(),
        )  # fmt: skip


def test_a_statement_line_by_line(desk, market):
    sell(desk, market)  # 2,500,000: fee 3,750, tax 2,500
    client = desk.client("trader")
    equal = upload(client, desk.mine, HEADING + '23/11/2026,SSI,Bán,100,"25,000","3,750","2,500"\n')
    assert (equal.status_code, equal.context["differing"]) == (200, [])
    other = upload(
        client, desk.mine, HEADING + "23/11/2026,SSI,Bán,100,25000,3751,2500\n23/11/2026,HPG,Mua,200,20000,6000,0\n"
    )
    assert [[str(cause) for cause in line.causes] for line in other.context["lines"]] == [["NOT_HERE"], ["FEE"]]
    assert apps.get_model("accounts", "TradeBooking").objects.count() == 1


def test_what_is_no_statement_is_told(desk):
    client = desk.client("trader")
    for text, encoding in (
        ("nonsense", "utf-8"),
        (HEADING, "utf-16"),
        (HEADING + "23/11/2026,SSI,Bán,x,1,1,1", "utf-8"),
    ):
        answer = upload(client, desk.mine, text, encoding=encoding)
        assert (answer.status_code, bool(answer.context["problem"])) == (422, True)
    empty = client.post("/positions/statement/check/", {"account": str(desk.mine)})
    assert empty.context["problem"] == "Choose the statement's CSV file."


def test_nobody_compares_an_account_that_is_not_theirs(desk):
    assert upload(desk.client("trader"), desk.other, HEADING).status_code == 404


def test_members_are_changed_by_who_manages_the_account(desk):
    client = desk.client("trader")
    where = "/positions/members/"
    typed = {"account": str(desk.mine), "username": "trader2", "role": "view"}
    assert client.post(where, typed).status_code == 302
    assert b'data-member="trader2"' in client.get(where).content
    guest = desk.client("trader2")
    assert guest.get(where, {"account": str(desk.mine)}).context["manages"] is False
    for role in ("manage", ""):
        answer = guest.post(where, typed | {"role": role})
        assert (answer.status_code, answer.context["problem"]) == (
            422,
            "Only who manages an account changes its members.",
        )
    own = client.post(where, typed | {"username": "trader", "role": ""})
    assert own.context["problem"].startswith("Nobody else manages the account")
    assert client.post(where, typed | {"account": str(desk.other)}).status_code == 404
    assert client.post(where, typed | {"role": ""}).status_code == 302
    assert guest.get(where, {"account": str(desk.mine)}).status_code == 404


def test_a_portfolio_adds_up_what_the_person_may_see(desk, market):
    client = desk.client("trader")
    services.grant_membership(account_id=desk.other, username="trader", role="view")
    both = {"name": "Family", "act": "save", desk.mine.hex: "on", desk.other.hex: "on"}
    assert client.post("/positions/portfolios/", both).status_code == 302
    (row,) = client.get("/positions/portfolios/").context["rows"]
    views = [selectors.portfolio(account_id, market.now()) for account_id in (desk.mine, desk.other)]
    assert row["totals"].equity_vnd == sum(view.equity_vnd for view in views)
    assert row["cash_vnd"] == 2_000_000_000
    assert client.post("/positions/portfolios/", both).status_code == 422  # the name is taken
    assert desk.client("trader2").get("/positions/portfolios/").context["rows"] == []
    drop = {"group": str(row["group"].id), "act": "drop"}
    assert desk.client("trader2").post("/positions/portfolios/", drop).status_code == 422
    assert client.post("/positions/portfolios/", drop).status_code == 302
    assert client.get("/positions/portfolios/").context["rows"] == []


def test_strategies_of_an_account_with_the_whole_below(desk, market):
    sell(desk, market)
    shown = desk.client("trader").get("/positions/strategies/")
    ((name, book),) = shown.context["books"]
    assert (name, book.positions[0].quantity) == ("By hand", 9_900)
    assert shown.context["whole_pnl_vnd"] == book.pnl_vnd
    assert shown.context["missing"] == {}
    told = desk.client("trader").get(f"/api/v1/accounts/{desk.mine}/sub-books/").json()
    assert told[0]["positions"][0]["realised_pnl_vnd"] == book.positions[0].realised_pnl_vnd
    assert desk.client("trader2").get(f"/api/v1/accounts/{desk.mine}/sub-books/").status_code == 404


def test_the_tear_sheet_as_pdf(desk):
    client = desk.client("trader")
    early = client.get("/positions/performance/pdf/")
    assert (early.headers["Content-Type"], early.content[:5]) == ("application/pdf", b"%PDF-")
    assert client.get("/positions/performance/pdf/", {"account": str(desk.other)}).status_code == 404
