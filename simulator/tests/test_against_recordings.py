"""What the simulator sends beside what SSI has sent: the same fields in the same order, of the same JSON types.

The recordings are not part of the repository.
"""

import json
import os
from pathlib import Path

import pytest

from qts.domain.matching import Fill
from simulator.exchange.indices import index_state
from simulator.server.answers import answer
from simulator.server.data_api import DataApi
from simulator.server.faults import Faults
from simulator.tests.conftest import ROOT
from simulator.tests.worlds import Hand
from simulator.wire import market_records as records

SSI = Path(os.environ.get("QTS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "ssi"
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not SSI.is_dir(), reason="recorded broker messages are not here (QTS_SHARED_DATA)"),
]
# in one of SSI's samples only, or newer than it
SOMETIMES = {"IndexValEst", "TradingOlSession", "Side", "CloseQtty"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    hand = Hand(tmp_path_factory.mktemp("world"), "11-23 09:20")
    hand.until("11-23 09:40")
    Hand.opened.remove(hand)  # it outlives the first test
    yield hand.world
    hand.world.close()


def kind(value):
    """JSON does not tell 1 from 1.0, and clients must take both."""
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def shape(record):
    return {name: kind(value) for name, value in record.items() if name not in SOMETIMES}


def recorded(file):
    for line in (SSI / file).read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        yield message["DataType"], json.loads(message["Content"])


def made(world, data_type):
    security, now_ms = world.exchange.securities["SSI"], world.exchange.now_ms
    if data_type == "MI":
        state = index_state("VNINDEX", world.exchange.securities.values())
        record = records.index_record(state, security.session, now_ms)
    elif data_type == "B":
        record = records.tick_record(security, Fill(35_800, 100, 1, 2, None), now_ms)
    else:
        makers = {
            "F": records.status_record,
            "X-QUOTE": records.quote_record,
            "X-TRADE": records.trade_record,
            "X": records.snapshot_record,
            "R": records.room_record,
            "OL": records.odd_lot_record,
        }
        record = makers[data_type](security, now_ms)
    return json.loads(json.loads(json.loads(records.broadcast_argument(data_type, record)))["Content"])


@pytest.mark.parametrize("file", ["stream_b_20260720_open.jsonl", "stream_mi_20260720.jsonl"])
def test_live_messages_have_the_same_fields_in_the_same_order(world, file):
    shapes = {(data_type, tuple(shape(record).items())) for data_type, record in recorded(file)}
    assert shapes == {(one, tuple(shape(made(world, one)).items())) for one in {data_type for data_type, _ in shapes}}


def test_every_documented_message_has_the_same_fields(world):
    seen = set()
    for data_type, record in recorded("stream_doc_samples.jsonl"):
        if "TradingTime" in record or record.get("AvgPrice") == "NaN" or record.get("MarketId") == "DERIVATIVES":
            continue  # of older versions, and of futures
        ours, theirs = shape(made(world, data_type)), shape(record)
        nulls = {name for name, what in theirs.items() if what == "NoneType"}
        assert set(ours) == set(theirs), data_type
        assert {name: what for name, what in ours.items() if name not in nulls} == {
            name: what for name, what in theirs.items() if name not in nulls
        }
        seen.add(data_type)
    assert seen == {"F", "X-QUOTE", "X-TRADE", "X", "R", "MI", "OL"}


class Asked:
    """As much of a request as a data query reads."""

    def __init__(self, **query):
        self.query = query


def reply(world, name, **query):
    return json.loads(DataApi(world, Faults).respond(Asked(**query), name).body)


DAY = {"fromDate": "20/11/2026", "toDate": "20/11/2026"}
QUERIES = {
    "Securities": {"market": "HOSE"},
    "SecuritiesDetails": {"symbol": "SSI"},
    "IndexComponents": {"indexCode": "VN30"},
    "IndexList": {"exchange": "HOSE"},
    "DailyOhlc": {"symbol": "SSI", **DAY},
    "IntradayOhlc": {"symbol": "SSI", "fromDate": "23/11/2026", "toDate": "23/11/2026"},
    "DailyIndex": {"indexId": "VN30", **DAY},
    "DailyStockPrice": {"symbol": "SSI", **DAY},
}


@pytest.mark.parametrize("name", QUERIES)
def test_answers_of_queries_have_the_form_of_the_documented_ones(world, name):
    theirs = json.loads((SSI / "rest_v2_doc_samples.json").read_text(encoding="utf-8"))[name]
    ours = reply(world, name.lower(), **QUERIES[name])
    assert shape(ours) == shape(theirs)
    assert (ours["message"], ours["status"]) == (theirs["message"], theirs["status"])
    assert list(ours["data"][0].items()) != []
    assert list(shape(ours["data"][0]).items()) == list(shape(theirs["data"][0]).items())
    for nested in ("RepeatedInfo", "IndexComponent"):
        if nested in ours["data"][0]:
            assert list(shape(ours["data"][0][nested][0])) == list(shape(theirs["data"][0][nested][0]))


@pytest.mark.parametrize(
    ("file", "name"), [("rest_v2_daily_ohlc_vcb.json", "DailyOhlc"), ("rest_v2_intraday_ohlc_vcb.json", "IntradayOhlc")]
)
def test_live_answers_have_the_same_form(world, file, name):
    theirs = json.loads((SSI / file).read_text(encoding="utf-8"))
    ours = reply(world, name.lower(), **QUERIES[name])
    assert shape(ours) == shape(theirs)
    assert list(shape(ours["data"][-1]).items()) == list(shape(theirs["data"][-1]).items())


def test_a_range_that_is_too_long_is_refused_in_the_recorded_words(world):
    theirs = json.loads((SSI / "rest_v2_ohlc_error_range.json").read_text(encoding="utf-8"))
    ours = reply(world, "dailyohlc", symbol="SSI", fromDate="01/09/2026", toDate="20/11/2026")
    assert ours == theirs
    assert answer(ours).body == answer(theirs).body  # in the same order, too


def test_events_of_orders_have_the_documented_fields(tmp_path):
    hand = Hand(tmp_path, "11-23 09:20")
    hand.until("11-23 09:25")
    hand.order("BUY 100 SSI MTL")
    hand.order("BUY 100 SSI LO@99999950")
    ours = {}
    for body in hand.notices:
        event = json.loads(body)
        ours.setdefault(event["type"], shape(event["data"]))
    for line in (SSI / "trading_events_samples.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        theirs = shape(event["data"])
        if event["type"] in ours and len(theirs) > 8:  # the short form of orderError is sent by a control
            assert ours[event["type"]] == theirs
    assert {"orderEvent", "orderMatchEvent", "orderError"} <= set(ours)
