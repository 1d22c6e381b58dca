"""FC Data frames to events: what each record becomes, what is tolerated, what is a failure."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from qts.adapters.ssi.codec import RAW_CHARACTERS_MAX, decode_frame
from qts.adapters.tests.fastconnect_frames import (
    INDEX,
    ROOM,
    STATUS,
    TICK,
    TRADE,
    envelope,
    frame,
    market_frame,
    quote,
)
from qts.domain.events import (
    ForeignRoomUpdated,
    IndexUpdated,
    OrderBookUpdated,
    QuoteUpdated,
    SessionChanged,
    TickReceived,
)
from qts.domain.values import InstrumentKind

VIETNAM = timezone(timedelta(hours=7))
RECEIVED_NS = 1_786_693_500_123_456_789
POSITION = "3:4096"
KINDS = {"SSI": InstrumentKind.STOCK, "41I1F7000": InstrumentKind.FUTURE, "E1VFVN30": InstrumentKind.ETF}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp() * 1000)


def decode(raw, instruments=KINDS):
    return decode_frame(raw, ts_received_ns=RECEIVED_NS, wal_position=POSITION, instruments=instruments)


def only_event(raw, instruments=KINDS):
    decoded = decode(raw, instruments)
    assert decoded.failures == []
    (event,) = decoded.events
    return event


def only_failure(raw):
    decoded = decode(raw)
    assert decoded.events == []
    (failure,) = decoded.failures
    assert failure.wal_position == POSITION
    return failure


STAMP: dict[str, Any] = {"ts_received_ns": RECEIVED_NS, "wal_position": POSITION}


def test_b_is_a_tick():
    assert only_event(market_frame("B", TICK)) == TickReceived(
        symbol="SSI", price_vnd=24_500, quantity=1_800, ts_exchange_ms=ms("2026-08-14T14:45:00"), **STAMP
    )


def test_x_trade_is_a_quote_update():
    assert only_event(market_frame("X-TRADE", TRADE)) == QuoteUpdated(
        symbol="SSI",
        reference_vnd=25_000,
        ceiling_vnd=26_750,
        floor_vnd=23_250,
        last_vnd=24_500,
        last_quantity=1_800,
        total_quantity=34_016_200,
        total_value_vnd=838_234_940_000,
        high_vnd=24_950,
        low_vnd=24_300,
        average_vnd=24_642,
        estimated_match_vnd=0,
        aggressor="SELL",
        session="CLOSED",
        status="N",
        ts_exchange_ms=ms("2026-08-14T14:45:00"),
        **STAMP,
    )


def test_x_quote_is_an_order_book_best_first_without_unused_levels():
    record = quote([(24500.0, 290900.0), (24450.0, 454200.0)], [(24550.0, 109100.0)])
    assert only_event(market_frame("X-QUOTE", record)) == OrderBookUpdated(
        symbol="SSI",
        bids=((24_500, 290_900), (24_450, 454_200)),
        asks=((24_550, 109_100),),
        session="CONTINUOUS",
        ts_exchange_ms=ms("2026-08-14T10:15:31"),
        **STAMP,
    )


def test_a_level_without_price_but_with_volume_stands_for_orders_at_the_auction():
    record = quote([(0.0, 5000.0), (24450.0, 100.0)], [], TradingSession="ATO")
    event = only_event(market_frame("X-QUOTE", record))
    assert (event.bids, event.asks, event.session) == (((0, 5_000), (24_450, 100)), (), "ATO")


def test_x_is_both_with_the_days_range_under_its_own_names():
    record = TRADE | quote([(21800.0, 18800.0)], [(21900.0, 50300.0)])
    record = {name: value for name, value in record.items() if name not in {"Highest", "Lowest"}}
    decoded = decode(market_frame("X", record | {"High": 22300.0, "Low": 21300.0}))

    assert decoded.events == []  # it tells again what X-QUOTE and X-TRADE tell
    book, quote_event = decoded.snapshots
    assert isinstance(book, OrderBookUpdated)
    assert isinstance(quote_event, QuoteUpdated)
    assert (quote_event.high_vnd, quote_event.low_vnd) == (22_300, 21_300)
    assert book.wal_position == quote_event.wal_position == POSITION


def test_f_is_a_session_change():
    assert only_event(market_frame("F", STATUS)) == SessionChanged(
        symbol="SSI",
        exchange="HOSE",
        session="CLOSED",
        status="N",
        ts_exchange_ms=ms("2026-08-14T14:45:03"),
        **STAMP,
    )


@pytest.mark.parametrize("f", ["", "F"])
def test_r_is_foreign_room_under_either_name(f):
    short = ("BuyVol", "SellVol", "BuyVal", "SellVal")
    record = {(f + name if name in short else name): value for name, value in ROOM.items()}
    assert only_event(market_frame("R", record)) == ForeignRoomUpdated(
        symbol="SSI",
        room_total=2_503_089_220,
        room_left=1_741_403_260,
        bought_quantity=1_933_300,
        sold_quantity=1_587_415,
        bought_value_vnd=47_557_197_950,
        sold_value_vnd=39_195_574_350,
        ts_exchange_ms=ms("2026-08-14T15:32:00"),
        **STAMP,
    )


def test_mi_is_an_index_in_hundredths_of_a_point():
    assert only_event(market_frame("MI", INDEX)) == IndexUpdated(
        index_code="VN30",
        value_centipoints=187_681,
        prior_centipoints=190_923,
        total_quantity=265_895_343,
        total_value_vnd=9_560_237_967_200,
        advances=3,
        declines=26,
        unchanged=1,
        ceilings=0,
        floors=2,
        session="CLOSED",
        ts_exchange_ms=ms("2026-08-14T15:05:05"),
        **STAMP,
    )


# --- futures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["41I1F7000", "VN30F2407", "VN30F1M", "41I2G3000"])
def test_points_of_futures_become_vnd_per_contract(symbol):
    future = TICK | {"Symbol": symbol, "Close": 1283.9, "Volume": 8.0}
    event = only_event(market_frame("B", future))
    assert (event.price_vnd, event.quantity) == (128_390_000, 8)


def test_the_books_and_bands_of_futures_too_but_not_their_turnover():
    trade = TRADE | {"Symbol": "41I1F7000", "Ceiling": 1380.3, "Floor": 1199.7, "RefPrice": 1290.0, "LastPrice": 1283.9}
    trade |= {"Highest": 1287.0, "Lowest": 1282.0, "EstMatchedPrice": 1283.9, "TotalVal": 4507986280000.0}
    event = only_event(market_frame("X-TRADE", trade | {"AvgPrice": 128454615.60380691}))
    assert (event.ceiling_vnd, event.floor_vnd, event.reference_vnd) == (138_030_000, 119_970_000, 129_000_000)
    assert (event.average_vnd, event.total_value_vnd) == (128_454_616, 4_507_986_280_000)
    in_points = only_event(market_frame("X-TRADE", trade | {"AvgPrice": 1284.54615}))
    assert in_points.average_vnd == 128_454_615

    book = only_event(market_frame("X-QUOTE", quote([(1283.8, 47.0)], [(1283.9, 125.0)], Symbol="41I1F7000")))
    assert (book.bids, book.asks) == (((128_380_000, 47),), ((128_390_000, 125),))


def test_what_the_caller_says_about_a_symbol_beats_its_form():
    tick = TICK | {"Symbol": "ABC", "Close": 1283.9}
    assert only_event(market_frame("B", tick), {"ABC": InstrumentKind.FUTURE}).price_vnd == 128_390_000
    assert only_failure(market_frame("B", tick)).reason == "1283.9 is not a whole number"


@pytest.mark.parametrize("symbol", ["VNINDEX", "VN30", "HNXIndex", "HNX30", "HNXUpcomIndex", "VN100", "VNDIAMOND"])
def test_matches_of_an_index_are_no_ticks(symbol):
    decoded = decode(market_frame("B", TICK | {"Symbol": symbol, "Close": 1746.68}))
    assert (decoded.events, decoded.failures, decoded.ignored) == ([], [], 1)


@pytest.mark.parametrize("symbol", ["HNX", "VND", "VNM", "X26", "E1VFVN30", "FUEVFVND", "CHPG2501"])
def test_symbols_like_these_are_traded(symbol):
    assert only_event(market_frame("B", TICK | {"Symbol": symbol})).symbol == symbol


# --- what is tolerated --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "session"),
    [
        ("ATO", "ATO"),
        ("LO", "CONTINUOUS"),
        ("ATC", "ATC"),
        ("PLO", "PLO"),
        ("PT", "CLOSED"),
        ("C", "CLOSED"),
        ("CLOSE", "CLOSED"),
        ("BREAK", "BREAK"),
        ("Break", "BREAK"),
        ("HALT", "HALT"),
        ("H", "HALT"),
        ("XYZ", "XYZ"),
        ("", ""),
        (None, ""),
    ],
)
def test_session_codes(code, session):
    assert only_event(market_frame("F", STATUS | {"TradingSession": code})).session == session


@pytest.mark.parametrize(
    ("code", "status"),
    [("N", "N"), ("Normal", "N"), ("Active", "N"), ("NT", "NT"), ("H", "H"), ("sa", "SA"), (None, "")],
)
def test_status_codes(code, status):
    assert only_event(market_frame("F", STATUS | {"TradingStatus": code})).status == status


@pytest.mark.parametrize(
    ("side", "aggressor"), [("BU", "BUY"), ("SD", "SELL"), ("", ""), (None, ""), ("B", ""), ("unknown", "")]
)
def test_aggressor_codes(side, aggressor):
    assert only_event(market_frame("X-TRADE", TRADE | {"Side": side})).aggressor == aggressor


@pytest.mark.parametrize("market", ["DERIVATIVES", "DER", "VNFE"])
def test_names_of_the_derivatives_market(market):
    assert only_event(market_frame("F", STATUS | {"Exchange": market})).exchange == "VNFE"


def test_numbers_may_be_text_and_missing_ones_are_zero():
    text = {name: str(value) if isinstance(value, float | int) else value for name, value in TRADE.items()}
    assert only_event(market_frame("X-TRADE", text)) == only_event(market_frame("X-TRADE", TRADE))

    absent = TRADE | {"AvgPrice": "NaN", "LastPrice": None, "EstMatchedPrice": ""}
    event = only_event(market_frame("X-TRADE", absent))
    assert (event.average_vnd, event.last_vnd, event.estimated_match_vnd) == (0, 0, 0)


def test_the_older_form_of_b_has_a_time_but_no_date():
    old = {"RType": "B", "Symbol": "X26", "TradingTime": "14:28:33", "Close": 16000, "Volume": 5000, "Value": 0}
    received_day = datetime.fromtimestamp(RECEIVED_NS / 1e9, VIETNAM).date()
    assert only_event(market_frame("B", old)).ts_exchange_ms == ms(f"{received_day}T14:28:33")


def test_unknown_fields_and_unknown_types_do_no_harm():
    assert only_event(market_frame("B", TICK | {"New": {"a": [1]}})).price_vnd == 24_500
    decoded = decode(market_frame("XX", TICK))
    assert (decoded.events, decoded.failures, decoded.ignored) == ([], [], 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"C":"s-0,1","S":1,"M":[]}',
        b'{"I":"0"}',
        b'{"C":"d","M":null}',
        '{"C":"x","M":[{"H":"h","M":"Broadcast","A":[]}]}',
    ],
)
def test_frames_without_messages(raw):
    decoded = decode(raw)
    assert (decoded.events, decoded.failures, decoded.notices) == ([], [], [])


def test_what_the_server_says_of_errors_is_handed_on():
    text = "Connection has been blocked, quota 5 exceeded by 6"
    assert decode(frame(text, method="Error")).notices == [text]
    assert decode(json.dumps({"I": "0", "E": text}).encode()).notices == [text]


def test_each_message_of_a_frame_has_a_position_of_its_own():
    raw = frame(envelope("B", TICK), envelope("B", TICK), "{broken", envelope("B", TICK))
    decoded = decode(raw)

    assert [event.wal_position for event in decoded.events] == [POSITION, f"{POSITION}:1", f"{POSITION}:3"]
    assert [failure.wal_position for failure in decoded.failures] == [f"{POSITION}:2"]
    assert [failure.raw for failure in decoded.failures] == ["{broken"]


# --- failures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Close": 24500.5}, "24500.5 is not a whole number"),
        ({"Close": -24500.0}, "a match of 1800 at -24500 VND"),
        ({"Close": 0.0}, "a match of 1800 at 0 VND"),
        ({"Volume": 0.0}, "a match of 0 at 24500 VND"),
        ({"Volume": -100}, "a match of -100 at 24500 VND"),
        ({"Volume": 100.5}, "100.5 is not a whole number"),
        ({"Volume": "many"}, "'many' is not a number"),
        ({"Symbol": ""}, "no symbol"),
        ({"Symbol": None}, "no symbol"),
        ({"TradingDate": "2026-08-14"}, "'2026-08-14' is no date of the form dd/MM/yyyy"),
        ({"TradingDate": "31/02/2026"}, "day is out of range for month"),
        ({"Time": "25:00:00"}, "hour must be in 0..23"),
        ({"Time": ""}, "'' is no time of the form HH:mm:ss"),
    ],
)
def test_a_tick_that_cannot_be_true_is_a_failure(change, reason):
    failure = only_failure(market_frame("B", TICK | change))
    assert reason in failure.reason
    assert json.loads(failure.raw)["DataType"] == "B"


@pytest.mark.parametrize(
    ("data_type", "record"),
    [
        ("X-TRADE", TRADE | {"Ceiling": -1.0}),
        ("X-TRADE", TRADE | {"LastPrice": 24500.25}),
        ("X-TRADE", TRADE | {"Symbol": 5}),
        ("X-QUOTE", quote([(24500.0, -5.0)], [])),
        ("X-QUOTE", quote([(24500.5, 5.0)], [])),
        ("X-QUOTE", quote([], []) | {"Time": None}),
        ("MI", INDEX | {"Advances": "three"}),
        ("R", ROOM | {"Symbol": ""}),
        ("F", STATUS | {"Time": None}),
    ],
)
def test_other_records_that_cannot_be_true(data_type, record):
    assert only_failure(market_frame(data_type, record)).reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b"3",
        b'{"M": 3}',
        b'{"M": [[]]}',
        b'{"M":[{"M":"Broadcast","A":"text"}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_frame_is_one_failure(raw):
    assert only_failure(raw).reason.startswith("frame: ")


@pytest.mark.parametrize(
    "argument",
    [
        {"DataType": "B"},
        None,
        7,
        "",
        "[]",
        '{"DataType": "B"}',
        '{"DataType": 1, "Content": "{}"}',
        json.dumps({"DataType": "B", "Content": {"Symbol": "SSI"}}),
        json.dumps({"DataType": "B", "Content": "[" * 5_000}),
    ],
)
def test_what_is_no_broadcast_is_one_failure_and_the_next_one_still_counts(argument):
    decoded = decode(frame(argument, envelope("B", TICK)))
    assert len(decoded.failures) == 1
    assert len(decoded.events) == 1


def test_the_text_of_a_failure_is_cut():
    failure = only_failure(b"x" * (RAW_CHARACTERS_MAX + 500))
    assert len(failure.raw) == RAW_CHARACTERS_MAX
