"""Master data for people: today's load, securities that take no order, indices, differences."""

from datetime import timedelta

import pytest
from django.apps import apps

from qts.domain.market import to_vietnam


def table(name):
    return apps.get_model("marketdata", name).objects


@pytest.fixture
def stale(desk, market, settings):
    """SSI was last told on Friday."""
    settings.ARMING_IS_NEEDED = True
    friday = to_vietnam(market.now()).date() - timedelta(days=3)
    table("Security").filter(symbol="SSI").update(told_on=friday)
    return desk


def shown(desk, address, role="trader"):
    answer = desk.client(role).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_load_of_today_and_what_each_question_brought(desk):
    page = shown(desk, "/data/securities/")
    assert 'data-load="finished"' in page
    steps = desk.client("trader").get("/data/securities/").context["progress"].steps
    told = [(step.kind, step.answered, step.total, step.found, step.refused) for step in steps]
    assert told == [
        ("SECURITIES", 1, 1, 30, 0),
        ("INDICES", 1, 1, 1, 0),
        ("MEMBERS", 1, 1, 2, 0),
        ("DAYS", 30, 30, 0, 0),
    ]


def test_a_load_under_way_says_how_much_is_left(desk):
    table("MasterDataLoad").all().delete()
    table("MasterDataPart").filter(kind="DAYS", subject__gt="B").delete()  # ACB is done
    progress = desk.client("trader").get("/data/securities/").context["progress"]
    assert (progress.answered, progress.total, progress.finished_at) == (4, 33, None)
    assert 'data-load="running"' in shown(desk, "/data/securities/")


def test_securities_are_searched_and_those_that_take_no_order_stand_alone(stale):
    page = shown(stale, "/data/securities/?q=viet")
    assert 'data-security="VCB"' in page
    assert 'data-security="SSI"' not in page
    page = shown(stale, "/data/securities/?unarmed=1")
    assert 'data-security="SSI"' in page
    assert 'data-security="VCB"' not in page
    assert "20/11/2026" in page


@pytest.mark.parametrize(
    ("address", "sign"),
    [
        ("/symbols/SSI/", 'data-symbol-unarmed="SSI"'),
        ("/ticket/?symbol=SSI", 'data-symbol-unarmed="SSI"'),
        ("/board/", 'data-unarmed-symbols="1"'),
        ("/board/", '"unarmed": ["SSI"]'),
        ("/pre-open/", 'data-unarmed-symbols="1"'),
    ],
)
def test_every_page_of_the_symbol_says_that_it_takes_no_order(stale, address, sign):
    assert sign in shown(stale, address)
    table("Security").filter(symbol="SSI").update(told_on=table("Security").get(symbol="VCB").told_on)
    assert sign not in shown(stale, address)


def test_the_api_says_it_too(stale):
    listed = stale.client("trader").get("/api/v1/securities/SSI/").json()
    assert (listed["told_on"], listed["is_armed"]) == ("2026-11-20", False)
    assert stale.client("trader").get("/api/v1/securities/VCB/").json()["is_armed"] is True


def test_an_index_shows_its_members_and_the_changes_say_who_came(desk):
    page = shown(desk, "/data/indices/?code=VNFIN")
    assert 'data-member="SSI"' in page
    assert 'data-member="FPT"' not in page
    assert "VN Financials" in page
    page = shown(desk, "/data/changes/?symbol=SSI")
    assert "member of" in page
    assert "HOSE STOCK" in page
    assert 'data-change="VCB"' not in page
    assert 'data-change="SSI"' not in shown(desk, "/data/changes/?day=2020-01-02")
    assert shown(desk, "/data/changes/?day=2026-13-45")
