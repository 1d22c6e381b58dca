"""The palette's list: what it finds, for whom, and that what people typed stays text."""

import re

import pytest
from django.apps import apps

from apps.portal.views.symbol_search import plain

Strategy = apps.get_model("strategies", "Strategy")
SCRIPT = "<script>alert(1)</script> cross"


def found(desk, typed: str, name: str = "trader") -> list[str]:
    page = desk.client(name).get("/go/", {"q": typed})
    assert page.status_code == 200
    return re.findall(r'<a href="([^"]+)" role="option"', page.content.decode())


def test_nothing_typed_shows_the_places_of_the_navigation(desk):
    places = found(desk, "")
    assert places[:4] == ["/", "/board/", "/orders/", "/positions/"]
    assert "/system/" not in places
    assert "/system/" in found(desk, "", "operator")


def test_a_symbol_that_begins_so_comes_first(desk):
    assert found(desk, "ss")[0].startswith("/symbols/SS")
    assert found(desk, "  SSI ")[0] == "/symbols/SSI/"


def test_pages_are_found_by_their_words_and_by_role(desk):
    assert found(desk, "completen") == ["/data/completeness/"]
    assert "/risk/kill/" in found(desk, "kill", "risk")
    assert "/risk/kill/" not in found(desk, "kill", "trader")


def test_only_ones_own_strategies_are_found(desk):
    mine = Strategy.objects.filter(account_id=desk.mine).first()
    assert f"/strategies/{mine.pk}/" in found(desk, mine.name)
    assert f"/strategies/{mine.pk}/" not in found(desk, mine.name, "trader2")


@pytest.mark.parametrize("typed", ["<b>x</b>", '"><img src=x onerror=alert(1)>'])
def test_what_was_typed_is_shown_as_text(desk, typed):
    page = desk.client("trader").get("/go/", {"q": typed}).content.decode()
    assert typed not in page
    assert 'role="option" aria-selected="false" aria-disabled' in page


def test_a_script_in_a_strategys_name_is_shown_as_text(desk):
    first = Strategy.objects.filter(account_id=desk.mine).first()
    Strategy.objects.filter(pk=first.pk).update(name=SCRIPT)
    page = desk.client("trader").get("/go/", {"q": "cross"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; cross" in page
    assert SCRIPT not in page


def test_the_list_of_symbols_begins_with_those_that_begin_so_and_needs_no_accents(desk):
    page = desk.client("trader").get("/symbols/", {"q": "b"}).content.decode()
    listed = re.findall(r'<a class="strong" href="/symbols/(\w+)/"', page)
    first = [symbol.startswith("B") for symbol in listed].index(False)
    assert listed[:first] == sorted(listed[:first])
    assert "BID" in listed[:first]
    assert set(listed[first:]) >= {"ACB", "VCB"}, "with a B inside, or in the name"
    assert "FPT" not in listed
    assert plain("Đầu tư và Phát triển") == plain("dau tu va phat trien") == "dau tu va phat trien"
