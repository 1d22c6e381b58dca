"""What operators see of the market data: figures of the stream, gaps with their cause and fill, quality, books."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.contrib.messages import get_messages

from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.marketdata.services.stream_health import StreamHealth
from apps.portal.tests.market import book_of, quote_of, report_stream
from qts.adapters.bus import encode
from qts.domain.events import OddLotUpdated
from qts.domain.values import Session


def letter(position="1:8", outcome=""):
    return apps.get_model("marketdata", "DeadLetter").objects.create(
        wal_position=position, raw='{"M":[<b>', reason="frame: cut off", received_at=datetime.now(UTC), outcome=outcome
    )


def gap(market, symbols="SSI", **named):
    at = market.now() - timedelta(minutes=3)
    values = {"cause": "VOLUME", "reason": "matches of 200 are missing", "fill": "PARTIAL"}
    return apps.get_model("marketdata", "MarketGap").objects.create(
        **{
            "symbols": symbols,
            "from_at": datetime.now(UTC) - timedelta(seconds=90),
            "to_at": datetime.now(UTC) - timedelta(seconds=77.5),
            "market_from_at": at,
            "market_to_at": at + timedelta(seconds=12.5),
            "filled_quantity": 1_500,
            "missing_quantity": 300,
        }
        | values
        | named
    )


@pytest.fixture
def heard(market):
    """A second of the stream: 3 quotes and 2 order books, one of which is crossed."""
    health = StreamHealth()
    quotes = [quote_of(symbol, market.now(), ticks=0) for symbol in ("SSI", "VNM", "FPT")]
    sound, crossed = book_of(quotes[0]), book_of(quotes[1])
    crossed = type(crossed)(**{name: getattr(crossed, name) for name in crossed.__slots__} | {"asks": crossed.bids})
    now_ns = quotes[0].ts_received_ns + 4_000_000
    health.take([*quotes, sound, crossed], published_ns=now_ns, is_replay=False)
    health.write(market.now().date(), Session.CONTINUOUS, is_behind=False)
    return health


def shown(desk, address, role="trader", **query):
    answer = desk.client(role).get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_streams_figures(desk, market, heard):
    gap(market)
    client = desk.client("trader")
    report_stream(StreamState.CONNECTED)
    page = client.get("/data/").content.decode()
    assert 'data-health="state"' in page
    assert "p50 4.0" in page or "p50 3.9" in page
    assert 'href="/data/books/VNM/" class="badge bad"' in page
    assert 'href="/data/books/SSI/" class="badge bad"' not in page
    assert "volume and matches differ" in page
    fragment = desk.client("trader").get("/data/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment


def test_completeness_counts_by_channel_session_and_symbol_and_lists_every_gap(desk, market, heard):
    gap(market)
    gap(market, symbols="*", cause="RECONNECT", fill="COMPLETE", from_at=datetime.now(UTC) - timedelta(hours=1))
    answer = desk.client("trader").get("/data/completeness/")
    rows = {row.label: row.counts for row in answer.context["rows"]}
    assert answer.context["sessions"] == ["CONTINUOUS"]
    assert rows == {"Quotes (X-TRADE, X)": (3,), "Order books (X-QUOTE, X)": (2,)}
    assert {row.label: row.total for row in answer.context["symbol_rows"]} == {"SSI": 2, "VNM": 2, "FPT": 1}
    page = answer.content.decode()
    assert "filled in part" in page
    assert "12.5" in page
    assert "1,500" in page
    assert page.count("data-gap=") == 2
    of_another = shown(desk, "/data/completeness/", symbol="vnm")
    assert of_another.count("data-gap=") == 1  # the one of all symbols
    assert "No message of that day was counted" in shown(desk, "/data/completeness/", day="2026-11-20")


def test_quality_of_each_symbol(desk, market):
    now = market.now()
    bars = apps.get_model("marketdata", "Bar1m").objects
    for minutes_ago, is_filled in ((5, False), (4, True)):
        bars.create(
            symbol="SSI",
            starts_at=(now - timedelta(minutes=minutes_ago)).replace(second=0, microsecond=0),
            trading_day="2026-11-23",
            volume=100,
            trade_count=1,
            received_at_ns=1,
            is_filled=is_filled,
            **dict.fromkeys(("open_vnd", "high_vnd", "low_vnd", "close_vnd", "value_vnd"), 25_000),
        )
    gap(market)
    gap(market, symbols="*", from_at=datetime.now(UTC) - timedelta(hours=1))
    answer = desk.client("risk").get("/data/quality/")
    [row] = answer.context["rows"]
    assert (row.symbol, row.minutes, row.filled_minutes, row.gap_count) == ("SSI", 2, 1, 2)
    assert row.missing == row.told_volume  # no match is stored: the bars alone are
    assert row.share_permille == 0
    assert "0.0%" in answer.content.decode()


def test_the_order_book_of_a_symbol_and_what_was_wrong_with_it(desk, heard):
    wrong, right = shown(desk, "/data/books/VNM/"), shown(desk, "/data/books/SSI/")
    assert 'class="badge bad" data-book="state"' in wrong
    assert "crossed" in wrong
    assert 'class="badge ok" data-book="state"' in right
    assert "18,000" in right  # 3,000 + 6,000 + 9,000 bid
    assert desk.client("trader").get("/data/books/XYZ/").status_code == 404


def test_an_operator_reads_unreadable_messages_again_and_a_trader_does_not(desk, tmp_path, settings):
    settings.WAL_DIR = tmp_path
    one = letter()
    page = shown(desk, "/data/unreadable/", role="operator")
    assert "{&quot;M&quot;:[&lt;b&gt;" in page
    assert 'name="letter"' in page
    assert 'name="letter"' not in shown(desk, "/data/unreadable/")
    assert desk.client("trader").post("/data/unreadable/replay/", {"letter": [one.pk]}).status_code == 403
    operator = desk.client("operator")
    assert operator.post("/data/unreadable/replay/", {"letter": [one.pk]}).status_code == 302
    one.refresh_from_db()
    assert (one.outcome, one.replay_count) == ("GONE", 1)
    assert "the log does not keep it any more" in operator.get("/data/unreadable/").content.decode()
    assert operator.post("/data/unreadable/replay/", {"letter": ["x"]}).status_code == 302
    one.refresh_from_db()
    assert one.replay_count == 1


def test_the_admin_reads_them_again_too_and_tells_the_outcome(desk, tmp_path, settings):
    settings.WAL_DIR = tmp_path
    one = letter()
    body = {"action": "read_again", "_selected_action": [one.pk]}
    for name in ("trader", "risk"):
        desk.client(name).post("/admin/marketdata/deadletter/", body)
    one.refresh_from_db()
    assert one.replay_count == 0
    answer = desk.client("operator").post("/admin/marketdata/deadletter/", body)
    [said] = get_messages(answer.wsgi_request)
    assert str(said).endswith(": 1")
    one.refresh_from_db()
    assert one.outcome == "GONE"


def test_the_chart_is_given_the_days_gaps(desk, market):
    one = gap(market)
    gap(market, symbols="VNM", from_at=datetime.now(UTC) - timedelta(hours=1))
    page = desk.client("trader").get("/symbols/SSI/marks/").json()
    began = int(one.market_from_at.timestamp())
    assert page["gaps"] == [{"from": began, "to": int(one.market_to_at.timestamp()), "is_filled": False}]


def test_the_board_of_odd_lots_stands_beside_the_order_book(desk, market, settings):
    assert "Odd lots" not in shown(desk, "/data/books/SSI/")
    quote = quote_of("SSI", market.now(), ticks=0)
    odd = OddLotUpdated(
        symbol="SSI", last_vnd=25_050, last_quantity=37, bids=((25_000, 48), (24_950, 12)), asks=((25_050, 7),),
        session="CONTINUOUS", status="N", ts_exchange_ms=quote.ts_exchange_ms, ts_received_ns=1, wal_position="1:9",
    )  # fmt: skip
    LiveState(settings.REDIS_URL).write([encode(odd)], Checkpoint("1:9", 0))
    page = shown(desk, "/data/books/SSI/")
    odd_panel = page[page.index('data-book="odd"') :].split("</section>")[0]
    assert "37 @ 25.05" in odd_panel
    assert [figure in odd_panel for figure in ("48", "24.95", ">7<", "18,000")] == [True, True, True, False]
