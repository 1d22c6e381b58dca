"""Before the open, auctions and futures as a reader gets them."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.utils import timezone

from apps.marketdata.selectors import LiveQuote
from apps.portal.templatetags.watch import clock_left, points, signed_bps
from apps.portal.views import futures
from apps.portal.views.futures import Roll, roll_orders
from qts.domain.market import to_vietnam

FRAGMENT = {"HX-Request": "true"}


def page(client, address, **named):
    answer = client.get(address, **named)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def guarded(desk, settings):
    """Accounts have to be armed; the demo of these tests has no broker connection, so something is red."""
    settings.ARMING_IS_NEEDED = True
    return desk


def test_the_checklist_says_what_is_missing_and_what_to_do(guarded):
    shown = page(guarded.client("trader"), "/pre-open/")
    assert 'data-armed="no"' in shown
    assert 'data-check="LOG_IN" data-state="BAD"' in shown
    assert 'data-check="BOOKS" data-state="WAITS"' in shown
    assert 'data-check="LIMITS" data-state="OK"' in shown
    assert 'href="/broker-log-in/"' in shown
    assert 'data-unarmed="0901351"' in shown, "the banner of every page"
    assert 'data-unarmed="1184411"' not in shown


def test_who_may_not_trade_the_account_sees_its_state_and_no_button(guarded):
    shown = page(guarded.client("operator"), f"/pre-open/?account={guarded.mine}")
    assert "act=" not in shown
    assert guarded.client("trader2").get(f"/pre-open/?account={guarded.mine}").status_code == 404
    refused = guarded.client("operator").post(
        f"/pre-open/{guarded.mine}/arming/", {"act": "disarm", "reason": "because"}
    )
    assert refused.status_code == 422
    assert "Only a trader of the account or a risk officer may do this." in refused.content.decode()


def test_a_trader_disarms_with_a_reason_and_arms_only_when_all_is_green(guarded, market):
    client, address = guarded.client("trader"), f"/pre-open/{guarded.mine}/arming/"
    assert client.post(address, {"act": "disarm", "reason": " x "}).status_code == 422
    assert client.post(address, {"act": "disarm", "reason": "waiting for a colleague"}).status_code == 200
    row = apps.get_model("risk", "TradingArming").objects.get()
    day = to_vietnam(market.now()).date()
    assert (row.account_id, row.trading_day, row.is_armed, row.needs_officer) == (guarded.mine, day, False, False)
    refused = client.post(address, {"act": "arm", "reason": "he is here"})
    assert "Not every check is green" in refused.content.decode()
    assert not apps.get_model("risk", "TradingArming").objects.filter(is_armed=True).exists()


def test_an_officer_proposes_and_the_page_of_approvals_shows_what_was_not_green(guarded):
    asked = guarded.client("risk").get(f"/pre-open/{guarded.mine}/arming/?act=override").content.decode()
    assert "Log-in at the broker" in asked
    sent = {"act": "override", "reason": "the desk asked for it"}
    assert guarded.client("risk").post(f"/pre-open/{guarded.mine}/arming/", sent).status_code == 200
    shown = page(guarded.client("risk2"), "/risk/approvals/")
    assert "Trading against the checks before the open" in shown
    assert "Log-in at the broker" in shown


def test_the_api_tells_the_checks_and_refuses_with_a_code(guarded):
    client, address = guarded.client("trader"), f"/api/v1/accounts/{guarded.mine}/"
    told = client.get(f"{address}pre-open/").json()
    assert (told["may_trade"], told["arming"], len(told["checks"])) == (False, None, 10)
    refused = client.post(f"{address}arming/", {"act": "arm", "reason": "now"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "CHECKS_NOT_GREEN")
    assert client.get(f"/api/v1/accounts/{guarded.other}/pre-open/").status_code == 404


def test_outside_of_auctions_the_cockpit_says_what_may_be_done_now(desk):
    shown = page(desk.client("trader"), "/auction/")
    assert 'data-venue="HOSE"' in shown
    assert "No security is in an auction now" in shown
    assert "<html" not in page(desk.client("trader"), "/auction/", headers=FRAGMENT)


def test_an_auction_is_shown_with_its_source_and_its_picture(desk, monkeypatch):
    levels = {"bids": ((25_200, 200), (25_100, 400)), "asks": ((25_000, 300), (25_100, 100))}
    gathered = LiveQuote("SSI", 25_000, 26_750, 23_250, **levels, session="ATC")
    monkeypatch.setattr("apps.portal.views.auction.quotes_of", lambda _symbols: {"SSI": gathered})
    shown = page(desk.client("trader"), "/auction/?symbol=SSI")
    assert 'data-auction="SSI"' in shown
    assert 'data-source="book"' in shown
    assert 'aria-label="Buyers 60 %, sellers 40 %"' in shown
    assert '<rect class="bid" width="60"' in shown
    assert "yours" in shown


@pytest.fixture
def listed(desk, monkeypatch):
    """Two months of the future at 1,300.0 and 1,304.5, the index at 1,298.70."""
    made = apps.get_model("marketdata", "Security").objects
    for symbol in ("41I1GC000", "41I1H1000"):
        made.create(symbol=symbol, exchange="VNFE", kind="FUTURE", lot_size=1, updated_at=timezone.now())
    near = {"last_vnd": 130_000_000, "bids": ((129_990_000, 5),), "asks": ((130_020_000, 7),)}
    far = {"last_vnd": 130_450_000, "bids": ((130_400_000, 2),), "asks": ((130_500_000, 3),)}
    quotes = {
        symbol: LiveQuote(symbol, 129_000_000, 138_000_000, 120_000_000, **told)
        for symbol, told in (("41I1GC000", near), ("41I1H1000", far))
    }
    index = SimpleNamespace(index_code="VN30", value_centipoints=129_870)
    monkeypatch.setattr(futures, "quotes_of", lambda symbols: {symbol: quotes[symbol] for symbol in symbols})
    monkeypatch.setattr(futures, "indexes", lambda: [index])
    return desk


def test_basis_expiry_margin_and_spread(listed, market):
    rows, index = futures.contract_rows()
    assert (index, [row.contract.alias for row in rows]) == (129_870, ["VN30F2612", "VN30F2701"])
    near = rows[0]
    assert (near.rolling, near.expires_on) == ("VN30F1M", date(2026, 12, 17))
    assert near.days_left == (near.expires_on - to_vietnam(market.now()).date()).days == 24
    assert near.sessions_left == 18  # 23 November to 17 December without weekends and 24 November
    assert near.basis_centipoints == 130
    assert near.basis_bps_a_year == 152  # 1.30 of 1,298.70 over 24 days
    assert near.margin_vnd == 22_100_000
    roll = Roll(*rows)
    assert (roll.spread_centipoints, roll.long_centipoints, roll.short_centipoints) == (450, 510, 380)


def test_a_roll_is_two_orders_that_meet_the_other_side(listed):
    rows, _index = futures.contract_rows()
    told = [
        [(order.symbol, str(order.side), order.quantity, order.price_vnd) for order in orders]
        for orders in (roll_orders(Roll(*rows), 3, is_long=True), roll_orders(Roll(*rows), 3, is_long=False))
    ]
    assert told == [
        [("41I1GC000", "SELL", 3, 129_990_000), ("41I1H1000", "BUY", 3, 130_500_000)],
        [("41I1GC000", "BUY", 3, 130_020_000), ("41I1H1000", "SELL", 3, 130_400_000)],
    ]


def test_the_prepared_roll_is_only_shown_and_nothing_is_sent(listed):
    client = listed.client("trader")
    assert 'data-contract="41I1GC000"' in page(client, "/futures/")
    shown = client.post("/futures/roll/", {"account": str(listed.mine), "quantity": "2", "held": "long"})
    assert shown.status_code == 200
    assert "41I1GC000, SELL, 2, 1299.90" in shown.content.decode()
    assert apps.get_model("orders", "Order").objects.count() == 0
    assert client.post("/futures/roll/", {"account": str(listed.other), "quantity": "2"}).status_code == 422
    assert client.post("/futures/roll/", {"account": str(listed.mine), "quantity": "0"}).status_code == 422
    assert listed.client("operator").post("/futures/roll/", {"quantity": "1"}).status_code == 403


def test_without_futures_the_page_says_how_to_get_them(desk):
    assert "UNIVERSE=vn30" in page(desk.client("trader"), "/futures/")


def test_figures():
    assert (clock_left(65), clock_left(4_000), clock_left(0)) == ("1:05", "1:06:40", "0:00")
    assert (points(-1_250), points(0), points(None), signed_bps(152)) == ("−12.50", "0.00", "–", "+1.52%")
