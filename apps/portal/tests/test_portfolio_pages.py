"""Overview, settlement calendar, trades, tear sheet, statement, corporate actions: what they say, to the dong."""

import csv
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts import selectors, services
from apps.accounts.selectors import PositionView
from apps.marketdata.selectors import market_now
from apps.marketdata.tests.conftest import rules_known
from apps.portal.views.position_rows import position_rows, spark_line
from qts.domain.market import to_vietnam
from qts.domain.values import Side

__all__ = ["rules_known"]

_WORTH = """
    INSERT INTO accounts_valuesnapshot
        (account_id, trading_day, taken_at, is_day_end, cash_vnd, market_value_vnd, equity_vnd, flows_vnd)
    VALUES (%s, %s, %s, true, %s, 0, %s, 0)
"""


def fill(account_id, side, quantity, fill_id, *, order_id=None, symbol="SSI", price_vnd=25_000):
    with transaction.atomic():
        services.book_fill(
            account_id=account_id,
            order_id=order_id or uuid4(),
            fill_id=fill_id,
            symbol=symbol,
            side=side,
            quantity=quantity,
            price_vnd=price_vnd,
            now=market_now(),
        )


pytestmark = pytest.mark.django_db


@pytest.fixture
def traded(desk):
    # 200 x 25,000 + 7,500 = 5,007,500 owed; 300 x 25,000 - 11,250 - 7,500 = 7,481,250 to come, on Thursday: 26 November
    desk.order_id = uuid4()
    fill(desk.mine, Side.BUY, 200, "f1")
    fill(desk.mine, Side.SELL, 300, "f2", order_id=desk.order_id)
    return desk


def page(desk, address, who="trader", **query):
    answer = desk.client(who).get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_overview_shows_how_the_net_worth_is_spread(traded):
    shown = page(traded, "/positions/overview/")
    assert 'data-part="SSI"' in shown
    assert 'data-part="CASH"' in shown
    assert 'data-money="day_pnl"' in shown


def test_a_position_shows_the_way_of_its_price_by_one_query_for_all(traded, rules_known):
    bars = apps.get_model("marketdata", "DailyBar").objects
    today = to_vietnam(market_now()).date()
    for days_ago, close_vnd in ((40, 90_000), (3, 20_000), (2, 24_000), (1, 22_000)):
        bars.create(
            symbol="SSI", trading_day=today - timedelta(days=days_ago), open_vnd=1, high_vnd=1, low_vnd=1,
            close_vnd=close_vnd, volume=1, value_vnd=1,
        )  # fmt: skip
    shown = page(traded, "/positions/")
    (line,) = re.findall(
        r'<svg class="spark (\S+)" viewBox="0 0 60 16" aria-hidden="true"><polyline points="(.*?)"/>', shown
    )
    mark_vnd = accounts_mark(shown)
    highest = max(24_000, mark_vnd)
    ys = [1 + 14 * (highest - price) // (highest - 20_000) for price in (20_000, 24_000, 22_000, mark_vnd)]
    assert line == ("c-up", " ".join(f"{x},{y}" for x, y in zip((0, 20, 40, 60), ys, strict=True)))
    assert "style=" not in shown[shown.index("<tbody>") : shown.index("</tbody>")]
    with CaptureQueriesContext(connection) as one:
        page(traded, "/positions/")
    fill(traded.mine, Side.BUY, 100, "f3", symbol="HPG")
    with CaptureQueriesContext(connection) as two:
        page(traded, "/positions/")
    assert len(two) == len(one)


def accounts_mark(shown):
    return int(re.search(r'data-position="SSI".*?data-mark="(\d+)"', shown)[1])


def test_contracts_stand_below_the_shares(desk):
    future = "41I1GB000"
    numbers = apps.get_model("accounts", "BrokerageAccount").objects.filter(id=desk.mine)
    numbers.update(kind="DERIVATIVES")
    fill(desk.mine, Side.SELL, 2, "c1", symbol=future, price_vnd=128_050_000)
    shown = page(desk, "/positions/")
    (row,) = re.findall(r'<tr data-contract="41I1GB000" data-net="-2">(.*?)</tr>', shown, re.DOTALL)
    assert [re.sub("<.*?>", "", cell) for cell in re.findall("<td.*?>(.*?)</td>", row)] == [
        future, "\u22122", "1,280.50", "\u2013", "\u2013", "0", "\u221231,768",
    ]  # fmt: skip
    assert "No positions" not in shown


def test_a_line_needs_two_prices_and_a_flat_one_stands_still():
    assert (spark_line([]), spark_line([5])) == ("", "")
    assert 'points="0,1 60,1"' in spark_line([5, 5])
    assert "c-down" in spark_line([6, 5])


def test_what_a_symbol_is_called_cannot_break_out_of_its_row():
    position = PositionView('{"><b>', 1, 1, 0, 5, 1, 1, -1, None, None, None, None)
    row = position_rows([position], uuid4(), may_trade=True)
    assert "<b>" not in row
    assert "{&quot;&gt;&lt;b&gt;" in row
    assert "%7B%22%3E%3Cb%3E" in row
    assert "+5" in row


def test_the_settlement_calendar_says_what_becomes_available_when(traded):
    # free now 1,000,000,000 - 5,007,500 = 994,992,500; on T+2 7,481,250 more. Tuesday, 24 November is a holiday
    shown = page(traded, "/positions/cash/")
    row = shown.split('data-day="2026-11-26"')[1].split("</tr>")[0]
    assert 'data-f="coming">7,481,250<' in row
    assert 'data-f="going">5,007,500<' in row
    assert 'data-f="free">1,002,473,750<' in row
    assert "SSI 200" in row
    assert shown.count("data-day=") == 1
    assert 'data-bucket="free">994,992,500' in shown


def test_with_nothing_on_its_way_the_calendar_says_so(desk):
    assert "Nothing is on its way" in page(desk, "/positions/cash/")


def test_trades_are_added_up_and_narrowed(traded):
    # average: (240,000,000 + 5,007,500) x 300 / 10,200 = 7,206,102 out; 7,481,250 - 7,206,102 = 275,148
    # FIFO: 240,000,000 x 300 / 10,000 = 7,200,000 out: 281,250
    shown = page(traded, "/positions/trades/", by="symbol")
    row = shown.split('data-group="SSI"')[1].split("</tr>")[0]
    assert "+275,148" in row
    assert "+281,250" in row
    assert shown.count("data-trade=") == 2
    assert page(traded, "/positions/trades/", side="BUY").count("data-trade=") == 1
    assert "No trades" in page(traded, "/positions/trades/", symbol="HPG")


@pytest.mark.parametrize("by", ["day", "month", "symbol", "strategy", "account", "portfolio", "nonsense"])
def test_every_way_of_adding_up_is_there(traded, by):
    assert "data-trade=" in page(traded, "/positions/trades/", by=by)


def test_the_file_has_every_figure(traded):
    answer = traded.client("trader").get("/positions/trades/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    sale, purchase = sorted(rows, key=lambda row: row["side"], reverse=True)
    assert (sale["fee_vnd"], sale["tax_vnd"], sale["average_pnl_vnd"], sale["fifo_pnl_vnd"]) == (
        "11250", "7500", "275148", "281250",
    )  # fmt: skip
    assert (purchase["value_vnd"], purchase["account"], purchase["cost_vnd"]) == ("5000000", "0901351", "0")
    assert traded.client("trader").get("/positions/trades/export.xlsx").content[:2] == b"PK"
    assert traded.client("trader").get("/positions/trades/export.pdf").status_code == 404


def test_a_note_is_kept_and_only_by_who_trades_the_account(traded):
    address = f"/positions/trades/{traded.mine}/{traded.order_id}/note/"
    typed = {"reason": "breakout", "tags": "swing, news", "note": "<b>patience</b>"}
    assert traded.client("trader2").post(address, typed).status_code == 404
    assert traded.client("risk").post(address, typed).status_code == 403
    assert selectors.notes([traded.mine]) == {}
    assert traded.client("trader").post(address, typed).status_code == 302
    assert selectors.notes([traded.mine])[traded.order_id].tags == ("swing", "news")
    assert "breakout" in page(traded, "/positions/trades/")
    assert "&lt;b&gt;patience" in page(traded, address)


def test_the_journal_shows_the_market_at_the_entry_and_at_the_exit(traded):
    client = traded.client("trader")
    shown = client.get(f"/positions/trades/{traded.mine}/{traded.order_id}/note/").context["pictures"]
    assert [(one.is_entry, [mark.side for mark in one.marks]) for one in shown] == [
        (True, [Side.BUY]),
        (False, [Side.SELL]),
    ]
    assert (shown[0].low_vnd, shown[0].high_vnd) == (25_000, 25_000)
    assert client.get(f"/positions/trades/{traded.mine}/{uuid4()}/note/").context["pictures"] == []


def test_somebody_elses_account_does_not_exist(traded):
    client = traded.client("trader")
    names = ("overview", "cash", "trades", "performance", "statement", "performance/download", "strategies", "members")
    for name in names:
        assert client.get(f"/positions/{name}/", {"account": str(traded.other)}).status_code == 404


def test_the_statement_begins_with_the_opening(desk):
    shown = page(desk, "/positions/statement/")
    assert "Opening balance" in shown
    assert "+1,000,000,000" in shown


def test_the_tear_sheet_waits_for_days_and_then_tells(desk):
    assert "Too few days yet" in page(desk, "/positions/performance/")
    now = market_now()
    for number, equity in enumerate((100, 110, 99)):  # +10 %, then -10 %: -1 % in all, 10 % below its peak
        at = now - timedelta(days=3 - number)
        with connection.cursor() as cursor:
            cursor.execute(_WORTH, [desk.mine, to_vietnam(at).date(), at, equity, equity])
    shown = page(desk, "/positions/performance/")
    assert "\u22121.00%" in shown
    assert "\u221210.00%" in shown
    assert shown.count("<polyline") == 2
    file = desk.client("trader").get("/positions/performance/download/")
    assert file.headers["Content-Disposition"] == 'attachment; filename="performance-0901351.html"'
    assert file.content.decode().count("<polyline") == 2
    assert "http" not in file.content.decode()
    pdf = desk.client("trader").get("/positions/performance/pdf/")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="performance-0901351.pdf"'
    empty = desk.client("trader2").get("/positions/performance/pdf/")
    assert len(pdf.content) > len(empty.content) + 1_000  # figures, curves and months are in it


TYPED = {
    "symbol": "ssi", "kind": "CASH_DIVIDEND", "ex_date": "2026-12-01", "pays_on": "2026-12-20",
    "cash_per_share_vnd": "1,500", "source": "VSDC 12",
}  # fmt: skip


def test_an_action_takes_two_people(desk):
    operator, admin = desk.client("operator"), desk.client("admin")
    assert operator.post("/positions/actions/", TYPED).status_code == 302
    (action,) = selectors.corporate_actions()
    assert (action.symbol, action.cash_per_share_vnd, action.status) == ("SSI", 1_500, "PROPOSED")
    own = operator.post(f"/positions/actions/{action.id}/", {"act": "confirm"})
    assert own.status_code == 422
    assert "Nobody confirms what they entered." in own.content.decode()
    assert admin.post(f"/positions/actions/{action.id}/", {"act": "confirm"}).status_code == 302
    assert selectors.corporate_actions()[0].status == "CONFIRMED"


def test_an_action_tells_its_terms_who_decided_and_what_it_did_to_each_account(desk):
    operator = desk.client("operator")
    operator.post("/positions/actions/", TYPED)
    (action,) = selectors.corporate_actions()
    address = f"/positions/actions/{action.id}/"
    assert f'href="{address}"' in operator.get("/positions/actions/").content.decode()
    shown = operator.get(address).content.decode()
    assert "1,425,000 ₫" in shown.split("data-sample")[1].split("</dd>")[0], "1,000 shares, 5 % tax"
    assert "waits for a second person" in shown
    assert 'value="confirm"' not in shown, "nobody confirms what they entered"
    assert "No account is booked yet" in shown
    assert 'value="confirm"' in desk.client("admin").get(address).content.decode()

    apps.get_model("accounts", "CorporateActionBooking").objects.create(
        action_id=action.id, account_id=desk.mine, entitled_quantity=300, cash_vnd=450_000, tax_vnd=22_500,
        booked_at=market_now(),
    )  # fmt: skip
    row = operator.get(address).content.decode().split('data-booking="0901351"')[1].split("</tr>")[0]
    assert re.findall(r">([\d,]+)</td>", row) == ["0901351", "300", "450,000", "22,500", "427,500", "0", "0"]
    assert operator.get(f"/positions/actions/{uuid4()}/").status_code == 404
    assert desk.client("trader").get(address).status_code == 403


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cash_per_share_vnd": "many"}, "a cash dividend pays more than 0 VND a share"),
        ({"ex_date": "soon"}, "Both dates are needed"),
        ({"kind": "GIFT"}, "Both dates are needed"),
        ({"pays_on": "2026-11-30"}, "nothing is paid or listed before the ex-date"),
    ],
)
def test_what_makes_no_sense_is_said_and_not_kept(desk, changes, said):
    answer = desk.client("operator").post("/positions/actions/", TYPED | changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert selectors.corporate_actions() == []


def test_entered_twice_it_is_refused(desk):
    client = desk.client("operator")
    client.post("/positions/actions/", TYPED)
    answer = client.post("/positions/actions/", TYPED)
    assert answer.status_code == 422
    assert "entered already for that ex-date" in answer.content.decode()
    assert len(selectors.corporate_actions()) == 1


def test_broken_books_are_a_banner(desk):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_cashbalance SET settled_vnd = 1 WHERE account_id = %s", [desk.mine])
    services.check_all_books(market_now())
    assert 'data-broken-books="0901351"' in page(desk, "/banners/")
    assert "data-broken-books" not in page(desk, "/banners/", "trader2")
