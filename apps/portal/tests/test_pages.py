"""Every page for every role: who sees it, what it says, and how many queries it costs."""

import gzip
import json
import re

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from apps.accounts import services as accounts
from apps.marketdata.selectors import StreamState
from apps.portal.tests import market as made_market
from apps.portal.views.latencies import latencies
from qts.observability.metrics import ORDER_ROUND_TRIP_MS

EVERYBODY = {"trader", "risk", "operator", "admin"}
PAGES = {
    "/": EVERYBODY,
    "/board/": EVERYBODY,
    "/board/securities/": EVERYBODY,
    "/symbols/?q=bank": EVERYBODY,
    "/symbols/SSI/": EVERYBODY,
    "/symbols/SSI/bars/": EVERYBODY,
    "/symbols/SSI/marks/": EVERYBODY,
    "/symbols/SSI/history/?timeframe=1d": EVERYBODY,
    "/attention/": EVERYBODY,
    "/orders/": EVERYBODY,
    "/positions/": EVERYBODY,
    "/positions/overview/": EVERYBODY,
    "/positions/cash/": EVERYBODY,
    "/positions/statement/": EVERYBODY,
    "/positions/trades/": EVERYBODY,
    "/positions/trades/export.csv": EVERYBODY,
    "/positions/performance/": EVERYBODY,
    "/positions/actions/": {"operator", "admin"},
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
    "/data/": EVERYBODY,
    "/data/completeness/": EVERYBODY,
    "/data/quality/": EVERYBODY,
    "/data/unreadable/": EVERYBODY,
    "/data/securities/": EVERYBODY,
    "/data/indices/?code=VNFIN": EVERYBODY,
    "/data/changes/": EVERYBODY,
    "/data/books/SSI/": EVERYBODY,
    "/broker-log-in/": {"trader", "operator", "admin"},
    "/pre-open/": EVERYBODY,
    "/auction/": EVERYBODY,
    "/futures/": EVERYBODY,
    "/alerts/": EVERYBODY,
}
# session, user, second factor and roles take five of each
QUERY_BUDGETS = {
    "/": 32,
    "/board/": 16,
    "/symbols/SSI/": 24,
    "/orders/": 14,
    "/positions/": 22,
    "/strategies/": 17,
    "/backtests/": 14,
    "/positions/overview/": 24,
    "/positions/cash/": 24,
    "/positions/trades/": 18,
    "/positions/performance/": 18,
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


def test_the_board_brings_what_is_listed_once_and_small(desk):
    """Prices come over the socket, for the rows in sight alone."""
    client = desk.client("trader")
    page = client.get("/board/").content.decode()
    assert "1,280.50" in page  # VNINDEX
    assert "data-symbol=" not in page
    answer = client.get("/board/securities/", headers={"Accept-Encoding": "gzip"})
    assert (answer["Content-Encoding"], answer["Cache-Control"]) == ("gzip", "private, max-age=300")
    listed = json.loads(gzip.decompress(answer.content))["securities"]
    assert len(listed) == 30
    assert ["SSI", "Chứng khoán SSI", "HOSE", "STOCK", "Finance", ["VNFIN"]] in listed


def test_the_board_knows_sectors_and_the_lists_and_layout_of_its_reader(desk):
    apps.get_model("risk", "SecuritySector").objects.create(symbol="SSI", sector="Chứng khoán")
    mine = accounts.create_watchlist(desk.users.trader, name="Mine", symbols=["SSI"])
    accounts.save_layout(desk.users.trader, "board", {"hidden": ["foreign"]})
    client = desk.client("trader")
    listed = {row[0]: row[4] for row in client.get("/board/securities/").json()["securities"]}
    assert (listed["SSI"], listed["VCB"], listed["FPT"]) == ("Chứng khoán", "Finance", "")
    told = page_data(client)
    assert told["watchlists"] == [{"id": str(mine.id), "name": "Mine", "symbols": ["SSI"]}]
    assert told["layout"] == {"hidden": ["foreign"]}
    assert told["ticket_url"] == "/ticket/"
    others = page_data(desk.client("risk"))
    assert (others["watchlists"], others["layout"], others["ticket_url"]) == ([], {}, "")


def page_data(client):
    page = client.get("/board/").content.decode()
    return json.loads(page.split('id="board-page" type="application/json">')[1].split("</script>")[0])


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


def test_an_operator_sees_how_long_things_take(desk):
    before = latencies()[1]
    ORDER_ROUND_TRIP_MS.observe(12)
    after = latencies()[1]
    assert after.count - before.count == 1
    assert [bar.said for bar in after.bars if bar.said.startswith("≤ 20 ms")] != [bar.said for bar in before.bars]
    assert (after.shortest, after.longest) == ("≤ 1 ms", "> 10,000 ms")
    page = desk.client("operator").get("/system/").content.decode()
    assert page.count('class="latency"') == 4
    assert after.bars[4].said in page


def test_htmx_gets_the_live_part_alone(desk):
    client = desk.client("trader")
    for address in ("/orders/", "/positions/", "/strategies/", "/risk/"):
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert part.strip()


def test_a_page_leaves_compressed_and_names_its_scripts_at_once(desk):
    client = desk.client("trader")
    answer = client.get("/board/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    head = gzip.decompress(answer.content).decode().partition("</head>")[0]
    asked = re.findall(r'rel="modulepreload" href="/static/js/([\w-]+)\.js"', head)
    assert {"main", "shell", "dom", "live", "board", "board-rows", "board-window", "quotes"} <= set(asked)
    assert len(asked) == len(set(asked))
    assert "symbol" not in asked  # that of another page
