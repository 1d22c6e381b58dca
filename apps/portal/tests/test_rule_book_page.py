"""The rule book in the portal: any day's rows, a row that is looked at before it is proposed, and who may."""

from datetime import date

import pytest
from django.utils import translation

from apps.marketdata import selectors as marketdata
from apps.portal.views.rule_book_words import value_lines
from apps.risk.selectors import open_proposals
from qts.domain.market import built_in_history, rule_book_on

ASKED = {
    "subject": "LOT", "exchange": "HOSE", "kind": "", "effective_from": "2026-12-01", "value": "10",
    "source": "HOSE's notice 1", "reason": "read on the exchange's page",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_rules():
    marketdata.forget_rules()
    yield
    marketdata.forget_rules()


def shown(desk, name="risk", **asked) -> str:
    return str(desk.client(name).get("/risk/rule-book/", asked).content.decode())


def posted(desk, act, **changes):
    return desk.client("risk").post("/risk/rule-book/", ASKED | {"act": act} | changes)


def test_a_day_of_the_past_shows_its_own_rows(desk):
    today, before = shown(desk), shown(desk, day="2020-12-31")
    assert f'data-version="{rule_book_on(marketdata.market_today()).version}"' in today
    assert "from 10,000 ₫: steps of 50 ₫" in today
    assert "± 7% on every day" in today
    assert "09:00–09:15 Opening auction" in today
    assert "HOSE&#x27;s lot of 100 since 2021-01-04" in today
    assert "HOSE&#x27;s lot before 2021-01-04" in before
    assert "04/01/2021" in before  # until when
    assert "Known to change later" in before
    assert "Known to change later" not in today


@pytest.mark.parametrize("day", ["1999-01-01", "2026-02-31", "yesterday"])
def test_a_day_without_rules_is_said_and_todays_are_shown(desk, day):
    page = shown(desk, day=day)
    assert "There are no rules of that day" in page
    assert "In force on 23/11/2026" in page


def test_a_row_is_looked_at_and_nothing_is_asked_for(desk):
    page = posted(desk, "preview").content.decode()
    assert "− 100<" in page
    assert "+ 10<" in page
    assert "HOSE&#x27;s notice 1" in page
    assert open_proposals() == []


def test_a_row_waits_for_a_second_officer(desk):
    answer = posted(desk, "propose")
    assert (answer.status_code, answer["Location"]) == (302, "/risk/approvals/")
    [waiting] = open_proposals()
    assert waiting.lines == ("LOT HOSE / 2026-12-01: 100 → 10",)
    dialog = desk.client("risk2").get(f"/risk/approvals/{waiting.id}/").content.decode()
    assert "− 100<" in dialog
    assert "+ 10<" in dialog
    assert "HOSE&#x27;s notice 1" in dialog
    assert "01/12/2026" in dialog
    assert "LOT HOSE" not in dialog
    listed = desk.client("risk2").get("/risk/approvals/").content.decode()
    assert "Round lot · HOSE · from 01/12/2026" in listed
    given = {"act": "approve", "content_hash": waiting.content_hash, "reason": "read the notice"}
    assert desk.client("risk2").post(f"/risk/approvals/{waiting.id}/", given).status_code == 200
    assert "HOSE&#x27;s notice 1" in shown(desk, day="2026-12-01")
    assert "HOSE&#x27;s notice 1" in shown(desk)  # known to change later
    security = marketdata.security("SSI")
    assert security is not None
    assert security.lot_size == 100  # today is as it was


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "ten"}, "no JSON"),
        ({"value": "0"}, "no whole number"),
        ({"value": "100"}, "Nothing would change"),
        ({"source": ""}, "names its source"),
        ({"reason": "no"}, "Say why"),
        ({"effective_from": "2026-13-01"}, "no row of a rule"),
        ({"subject": "LUNCH"}, "no row of a rule"),
        ({"value": "1" * 5_000}, "too long"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(desk, changes, said):
    answer = posted(desk, "propose", **changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert open_proposals() == []


def test_the_book_and_what_is_wrong_are_said_in_vietnamese(desk):
    client = desk.client("risk")
    client.cookies["django_language"] = "vi"
    page = client.get("/risk/rule-book/").content.decode()
    for said in (
        "từ 10,000 ₫: bước giá 50 ₫",
        "T+2, được bán từ 13:00",
        "Liên tục: LO, MTL",
        "Biên độ giá",
        "cổ phiếu",
    ):
        assert said in page
    wrong = client.post("/risk/rule-book/", ASKED | {"act": "propose", "value": "0"}).content.decode()
    assert "LOT HOSE from 2026-12-01: 0 không phải số nguyên từ 1 trở lên." in wrong


def test_every_row_that_comes_with_qts_has_lines(settings):
    rows = built_in_history().rows
    for language in ("en", "vi"):
        with translation.override(language):
            assert [row for row in rows if not value_lines(row.subject, row.value) and "CALENDAR" not in row.name] == []


def test_traders_do_not_see_it(desk):
    assert desk.client("trader").get("/risk/rule-book/").status_code == 403


def proposed_day(desk, act, **changes):
    asked = {"day": "2026-11-25", "is_open": "0", "exchange": "", "source": "a notice", "reason": "a storm comes"}
    return desk.client("risk").post("/risk/rule-book/days/", asked | {"act": act} | changes)


def test_the_trading_days_of_a_year_stand_on_a_page(desk):
    page = desk.client("risk").get("/risk/rule-book/days/").content.decode()
    assert 'data-day="2026-11-24"' in page
    assert 'data-day="2025-' not in page
    assert 'data-day="2014-01-28"' in desk.client("risk").get("/risk/rule-book/days/?year=2014").content.decode()
    assert desk.client("trader").get("/risk/rule-book/days/").status_code == 403


def test_a_day_that_closes_takes_two_people_and_then_every_page_knows(desk):
    assert "+ closed: 25/11/2026" in proposed_day(desk, "preview").content.decode()
    assert open_proposals() == []
    assert proposed_day(desk, "propose").status_code == 302
    [waiting] = open_proposals()
    assert waiting.lines == ('CALENDAR / 2026-01-01: – → {"closed":["2026-11-25"],"open":[]}',)
    storm = date(2026, 11, 25)
    assert marketdata.trading_calendar().is_trading_day(storm)
    seen = {"act": "approve", "reason": "I read it too", "content_hash": waiting.content_hash}
    assert desk.client("risk2").post(f"/risk/approvals/{waiting.id}/", seen).status_code == 200
    assert not marketdata.trading_calendar().is_trading_day(storm)
    assert 'data-day="2026-11-25"' in desk.client("risk").get("/risk/rule-book/days/").content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": "soon"}, "The day is needed"),
        ({"source": ""}, "A row names its source"),
        ({"day": "2026-11-24"}, "the rules say so already"),
        ({"reason": "x"}, "Say why"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_its_reason(desk, changes, said):
    answer = proposed_day(desk, "propose", **changes)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert open_proposals() == []
