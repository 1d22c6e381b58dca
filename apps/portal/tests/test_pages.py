"""Every page for every role: who sees it, what it says, and how many queries it costs."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from apps.marketdata.selectors import StreamState, market_now
from apps.portal.tests import market as made_market

EVERYBODY = {"trader", "risk", "operator", "admin"}
PAGES = {
    "/": EVERYBODY,
    "/board/": EVERYBODY,
    "/symbols/?q=bank": EVERYBODY,
    "/symbols/SSI/": EVERYBODY,
    "/symbols/SSI/bars/": EVERYBODY,
    "/orders/": EVERYBODY,
    "/positions/": EVERYBODY,
    "/strategies/": EVERYBODY,
    "/backtests/": EVERYBODY,
    "/backtests/new/": {"trader", "admin"},
    "/patterns/": EVERYBODY,
    "/symbols/SSI/patterns/": EVERYBODY,
    "/risk/": EVERYBODY,
    "/risk/monitor/": EVERYBODY,
    "/risk/monitor/history/": EVERYBODY,
    "/risk/monitor/value-at-risk/": EVERYBODY,
    "/risk/scenario/": EVERYBODY,
    "/design/": EVERYBODY,
    "/banners/": EVERYBODY,
    "/ticket/?symbol=SSI": {"trader", "admin"},
    "/risk/kill-switch/?scope=firm": {"risk", "admin"},
    "/risk/kill/": {"risk", "admin"},
    "/risk/approvals/": {"risk", "admin"},
    "/system/": {"operator", "admin"},
    "/broker-log-in/": {"trader", "operator", "admin"},
}
# session, user, second factor and roles take five of each
QUERY_BUDGETS = {
    "/": 32,
    "/board/": 14,
    "/symbols/SSI/": 20,
    "/orders/": 14,
    "/positions/": 22,
    "/strategies/": 16,
    "/backtests/": 12,
    "/patterns/": 14,
}


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_each_role_sees_its_pages_and_no_other(desk, role):
    client = desk.client(role)
    answers = {address: client.get(address).status_code for address in PAGES}
    assert answers == {address: 200 if role in roles else 403 for address, roles in PAGES.items()}


def test_strangers_are_sent_to_the_log_in(market):
    for address in PAGES:
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("address", "budget"), sorted(QUERY_BUDGETS.items()))
def test_a_page_stays_in_its_query_budget(desk, address, budget):
    client = desk.client("trader")
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert len(queries) <= budget, [query["sql"][:120] for query in queries]


def test_the_board_shows_prices_in_thousand_vnd_with_their_colours(desk):
    page = desk.client("trader").get("/board/").content.decode()
    row = page.split('data-symbol="SSI"')[1].split("</tr>")[0]
    quote = made_market.quote_of("SSI", market_now(), ticks=list(made_market.NAMES).index("SSI") % 5 - 2)
    assert f'data-f="last">{quote.last_vnd / 1000:.2f}<' in row
    assert 'data-f="ref" data-fixed="1">25.00<' in row
    assert 'data-f="ceil" data-fixed="1">26.75<' in row
    assert page.count("data-symbol=") == 30
    assert "1,280.50" in page  # VNINDEX


def test_a_symbol_is_found_by_its_code_and_by_a_part_of_its_name(desk):
    client = desk.client("trader")
    assert client.get("/symbols/?q=ssi").headers["Location"] == "/symbols/SSI/"
    found = client.get("/symbols/?q=vietcom").content.decode()
    assert "/symbols/VCB/" in found
    assert "/symbols/FPT/" not in found


def test_an_unknown_symbol_is_not_found(desk):
    assert desk.client("trader").get("/symbols/XYZ/").status_code == 404


def test_script_in_a_search_is_shown_as_text(desk):
    page = desk.client("trader").get("/symbols/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_another_users_account_does_not_exist(desk):
    client = desk.client("trader")
    for address in ("/positions/", "/risk/", "/"):
        assert client.get(address, {"account": str(desk.other)}).status_code == 404
    listed = client.get("/orders/", {"show": "all", "account": str(desk.other)})
    assert listed.status_code == 200
    assert "1184411" not in listed.content.decode()


def test_the_page_says_in_which_language_it_is(desk):
    client = desk.client("trader")
    assert 'lang="en"' in client.get("/positions/").content.decode()
    client.cookies["django_language"] = "vi"
    page = client.get("/positions/").content.decode()
    assert 'lang="vi"' in page
    assert "Danh mục và lãi/lỗ" in page


def test_the_chosen_theme_is_drawn_at_once(desk):
    client = desk.client("trader")
    assert 'data-theme="dark"' in client.get("/orders/").content.decode()
    client.cookies["qts_theme"] = "light"
    assert 'data-theme="light"' in client.get("/orders/").content.decode()
    client.cookies["qts_theme"] = '"><script>'
    assert 'data-theme="dark"' in client.get("/orders/").content.decode()


def test_the_policy_forbids_inline_code(desk):
    policy = desk.client("trader").get("/board/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/", "/board/", "/symbols/SSI/", "/positions/", "/risk/"])
def test_without_redis_a_page_says_so_instead_of_breaking(desk, address):
    client = desk.client("trader")
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        answer = client.get(address)
    assert answer.status_code in {200, 503}
    page = answer.content.decode()
    if answer.status_code == 503:
        assert "tries again by itself" in page
        assert 'data-page="unavailable"' in page
    else:
        assert 'id="connection"' in page


def test_an_operator_sees_a_stopped_stream(desk):
    made_market.report_stream(StreamState.DOWN, age_s=60, detail="connection refused")
    page = desk.client("operator").get("/system/").content.decode()
    assert "connection refused" in page
    assert "No data" in page


def test_htmx_gets_the_live_part_alone(desk):
    client = desk.client("trader")
    for address in ("/orders/", "/positions/", "/strategies/", "/risk/"):
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert part.strip()
