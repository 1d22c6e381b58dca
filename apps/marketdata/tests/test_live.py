"""What the board and the gate see, and what they do not see."""

import time
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from apps.marketdata import selectors
from apps.marketdata.models import DailyBar, DailyReference, ForeignLimit, Security, TradingRule
from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint, LiveState, StateLost
from apps.marketdata.services.references import capture_references, derive_references
from apps.marketdata.tests.conftest import at, frame, quote_record, session_record, trade_record
from apps.marketdata.tests.test_pipeline import Reader
from qts.adapters.tests.fastconnect_frames import INDEX, ODD_LOT
from qts.domain.values import Exchange, Session

pytestmark = pytest.mark.django_db(transaction=True)


def clock_at(text, day="2026-11-23"):
    """A market clock that stands still at that moment: its wall start is far away."""
    return f"affine:{day},{text},{(at(text, day) + timedelta(hours=7, seconds=1)).time().isoformat()},9999999999,1"


def index_record(code, value, *, day="23/11/2026"):
    return "MI", {**INDEX, "IndexId": code, "IndexValue": value, "TradingDate": day, "Time": "10:15:00"}


def gate_state(symbol: str, now: datetime) -> selectors.MarketState:
    found = selectors.market_state(symbol, now)
    assert found is not None
    return found


@pytest.fixture
def market(valkey, wal_dir, settings):
    settings.MARKET_CLOCK = clock_at("10:15:00")
    for symbol in ("SSI", "VNM"):
        Security.objects.create(symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=at("08:00:00"))
    return Reader(wal_dir).start()


def test_a_quote_is_put_together_from_its_parts(market):
    market.take(frame(session_record(), trade_record(), quote_record()))
    market.take(frame(trade_record(last=24_950.0, time="10:15:02")))
    quote = selectors.live_quotes(["SSI"])["SSI"]
    assert (quote.reference_vnd, quote.ceiling_vnd, quote.floor_vnd) == (25_000, 26_750, 23_250)
    assert (quote.last_vnd, quote.change_vnd, quote.total_quantity) == (24_950, -50, 34_016_200)
    assert quote.bids == ((24_950, 300), (24_900, 100))
    assert quote.asks == ((25_000, 500),)
    assert (quote.session, quote.status) == ("CONTINUOUS", "N")


def test_indices_are_told_in_order_with_what_was_said_last(market):
    market.take(frame(index_record("VN30", 1876.81), index_record("HNXINDEX", 260.5), index_record("VN30", 1877.02)))
    market.take(frame(index_record("UPCOM", 90.0, day="20/11/2026")))
    told = [(index.index_code, index.value_centipoints) for index in selectors.live_indices()]
    assert told == [("HNXINDEX", 26_050), ("VN30", 187_702)]


def test_a_reader_that_finds_its_checkpoint_moved_writes_no_other(valkey):
    live = LiveState(settings.REDIS_URL)
    live.write([], Checkpoint("1:8", 5))
    LiveState(settings.REDIS_URL).write([], Checkpoint("1:900", 7))
    with pytest.raises(StateLost):
        live.write([], Checkpoint("1:100", 5))
    assert LiveState(settings.REDIS_URL).checkpoint() == Checkpoint("1:900", 7)


def test_odd_lots_have_a_board_of_their_own_and_change_nothing_else(market):
    market.take(frame(trade_record()))
    before = selectors.live_quotes(["SSI"])["SSI"]
    odd = {**ODD_LOT, "Symbol": "SSI", "TradingDate": "23/11/2026", "TradingSession": "CLOSE", "LastPrice": 99_000}
    market.take(frame(("OL", odd)))
    told = selectors.odd_lot_book("SSI")
    assert (told.last_vnd, told.last_quantity, told.bids[0], told.session) == (99_000, 93, (22_700, 48), "CLOSED")
    assert selectors.live_quotes(["SSI"])["SSI"] == before
    assert selectors.odd_lot_book("VNM") is None


def test_yesterdays_last_price_is_not_todays(market):
    market.take(frame(trade_record(day="20/11/2026", last=24_000.0), session_record(day="20/11/2026", session="C")))
    DailyReference.objects.create(
        symbol="SSI",
        trading_day="2026-11-23",
        reference_vnd=24_000,
        ceiling_vnd=25_650,
        floor_vnd=22_350,
        source="derived",
    )
    quote = selectors.live_quotes(["SSI", "VNM"])
    assert (quote["SSI"].last_vnd, quote["SSI"].reference_vnd, quote["SSI"].session) == (0, 24_000, "")
    assert quote["VNM"].reference_vnd == 0
    assert selectors.marks_vnd(["SSI", "VNM"]) == {"SSI": 24_000}


def rule_the_year(closed: list[str]) -> None:
    TradingRule.objects.create(
        subject="CALENDAR", effective_from="2026-01-01", value={"closed": closed, "open": []},
        source="a notice", reason="a storm", proposed_by="one", approved_by="another",
    )  # fmt: skip
    selectors.forget_rules()


@pytest.fixture(autouse=True)
def _fresh_rules():
    selectors.forget_rules()
    yield
    selectors.forget_rules()


def test_the_board_of_a_closed_day_shows_the_last_trading_day(market, settings):
    market.take(frame(trade_record()))
    settings.MARKET_CLOCK = clock_at("10:15:00", "2026-11-25")
    assert selectors.live_quotes(["SSI"])["SSI"].last_vnd == 0
    rule_the_year(closed=["2026-11-24", "2026-11-25"])  # the 24th is a public holiday, the 25th a storm
    assert selectors.live_quotes(["SSI"])["SSI"].last_vnd == 25_000


def test_the_years_row_of_the_rule_book_goes_before_the_built_in_one(db):
    calendar = selectors.trading_calendar()
    assert not calendar.is_trading_day(at("10:00:00", "2026-09-02").date())
    rule_the_year(closed=["2026-11-25"])
    changed = selectors.trading_calendar()
    assert changed.is_trading_day(at("10:00:00", "2026-09-02").date())
    assert not changed.is_trading_day(at("10:00:00", "2026-11-25").date())


def test_quotes_of_many_symbols_cost_one_pipeline(market, rules_known, django_assert_num_queries):
    market.take(frame(*(trade_record(f"S{number:02d}") for number in range(30))))
    with django_assert_num_queries(0):
        quotes = selectors.live_quotes([f"S{number:02d}" for number in range(30)])
    assert all(quote.last_vnd == 25_000 for quote in quotes.values())
    with django_assert_num_queries(1):  # the reference of what has no quote
        selectors.live_quotes(["S01", "NEW"])


def test_the_gate_sees_band_session_and_ages(market):
    market.take(frame(session_record(), trade_record(), quote_record()))
    state = gate_state("SSI", at("10:15:00"))
    assert state.instrument.exchange is Exchange.HOSE
    assert (state.band.ceiling_vnd, state.band.floor_vnd, state.mark_vnd) == (26_750, 23_250, 25_000)
    assert (state.best_bid_vnd, state.best_ask_vnd) == (24_950, 25_000)
    assert (state.session, state.is_tradable) == (Session.CONTINUOUS, True)
    assert state.quote_age_ms is not None
    assert state.quote_age_ms > 0
    assert state.stream_age_ms is None  # nobody has reported on the stream
    assert selectors.market_state("XYZ", at("10:15:00")) is None


@pytest.mark.parametrize(
    ("session", "status", "expected_session", "is_tradable"),
    [
        ("LO", "N", Session.CONTINUOUS, True),
        ("ATC", "N", Session.ATC, True),
        ("HALT", "N", Session.HALT, False),
        ("LO", "H", Session.CONTINUOUS, False),
        ("LO", "S", Session.CONTINUOUS, False),
        ("LO", "NT", Session.CONTINUOUS, False),
        ("XX", "N", Session.HALT, False),
    ],
)
def test_unknown_codes_mean_do_not_trade(market, session, status, expected_session, is_tradable):
    market.take(frame(trade_record(), session_record(session=session, status=status, time="10:15:01")))
    state = gate_state("SSI", at("10:15:00"))
    assert (state.session, state.is_tradable) == (expected_session, is_tradable)


def test_without_a_word_of_the_exchange_its_schedule_counts(market):
    assert gate_state("SSI", at("09:05:00")).session is Session.ATO
    assert gate_state("SSI", at("10:15:00", "2026-11-22")).session is Session.CLOSED


def test_a_reader_that_stopped_reporting_is_down(valkey):
    live, now_ns = LiveState(settings.REDIS_URL), time.time_ns()
    assert selectors.stream_status().state is StreamState.DOWN
    live.report(StreamState.CONNECTED, since_ns=now_ns, reported_ns=now_ns, last_frame_ns=now_ns)
    assert selectors.stream_status().is_live
    assert (selectors.stream_status().age_ms or 0) < 1_000
    live.report(
        StreamState.CONNECTED, since_ns=now_ns, reported_ns=now_ns - 6 * 10**9, last_frame_ns=now_ns - 6 * 10**9
    )
    status = selectors.stream_status()
    assert (status.state, status.is_live) == (StreamState.DOWN, False)
    assert (status.age_ms or 0) >= 6_000


def room_record(total, time="10:15:00"):
    return "R", {
        "RType": "R", "TradingDate": "23/11/2026", "Time": time, "Isin": "SSI", "Symbol": "SSI", "TotalRoom": total,
        "CurrentRoom": 1_000.0, "BuyVol": 0.0, "SellVol": 0.0, "BuyVal": 0.0, "SellVal": 0.0, "MarketId": "HOSE",
        "Exchange": "HOSE",
    }  # fmt: skip


def test_the_limit_of_foreigners_is_a_row_from_the_day_on_which_it_differs(market):
    day = at("10:00:00").date()
    ForeignLimit.objects.create(symbol="SSI", effective_from="2026-11-02", limit_quantity=490, source="before")
    market.take(frame(room_record(490.0)))
    capture_references()
    assert ForeignLimit.objects.count() == 1, "it says what held before"
    market.take(frame(room_record(1_000.0, "10:16:00")))
    capture_references()
    capture_references()
    rows = ForeignLimit.objects.order_by("effective_from").values_list("effective_from", "limit_quantity")
    assert list(rows) == [(day.replace(day=2), 490), (day, 1_000)]
    assert selectors.foreign_limits(["SSI", "VNM"], day) == {"SSI": 1_000}
    assert selectors.foreign_limits(["SSI"], day.replace(day=22)) == {"SSI": 490}
    assert selectors.foreign_limits(["SSI"], day.replace(day=1)) == {}
    [change] = selectors.master_changes(subject="SSI", limit=10)
    assert (change.field, change.before, change.after) == ("foreign_limit", "490", "1000")


def test_what_the_exchange_says_replaces_a_derived_reference(market):
    day = at("10:00:00").date()
    DailyBar.objects.create(
        symbol="SSI", trading_day="2026-11-20", open_vnd=9_800, high_vnd=9_800, low_vnd=9_800, close_vnd=9_800,
        volume=1, value_vnd=9_800,
    )  # fmt: skip
    assert derive_references(selectors.securities(), day) == 1
    assert derive_references(selectors.securities(), day) == 0
    # 9,800 x 1.07 = 10,486 down to the tick of 50; x 0.93 = 9,114 up to the tick of 10 (market rules, section 5)
    assert dict(selectors.references(["SSI"], day)) == {"SSI": (9_800, 10_450, 9_120)}
    market.take(frame(trade_record()))
    assert capture_references() == 1
    assert capture_references() == 0
    assert dict(selectors.references(["SSI"], day)) == {"SSI": (25_000, 26_750, 23_250)}
    assert DailyReference.objects.get().source == "stream"
