"""The classic SignalR client and the two streams on it."""

import json
import threading
import time

import pytest

from qts.adapters.ssi.credentials import DataCredentials, TradingCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.adapters.ssi.order_stream import connect_order_stream
from qts.adapters.ssi.signalr import ReceivedFrame, SignalRConnection, StreamClosed, StreamRefused
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, reply, silence, text
from qts.domain.errors import TerminalError, TransientError

INIT = b'{"C":"s-0,1","S":1,"M":[]}'


@pytest.fixture
def open_stream(fastconnect: FakeFastConnect):
    opened = []

    def connect(**options) -> SignalRConnection:
        stream = SignalRConnection(fastconnect.url, "TestHub", {"Authorization": "Bearer T"}, **options)
        opened.append(stream)
        stream.open()
        return stream

    yield connect
    for stream in opened:
        stream.close()


def collect(stream: SignalRConnection, count: int, seconds: float = 5.0) -> list[ReceivedFrame]:
    found: list[ReceivedFrame] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found.extend(stream.frames(0.2))
    return found


def until_closed(stream: SignalRConnection, seconds: float = 5.0) -> StreamClosed:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            stream.frames(0.1)
        except StreamClosed as error:
            return error
    raise AssertionError("the stream did not end")


def test_negotiate_connect_start_in_this_order_with_the_same_token(open_stream, fastconnect):
    open_stream()

    negotiate, connect, start = fastconnect.asked
    assert [one.path for one in fastconnect.asked] == [
        "/v2.0/signalr/negotiate",
        "/v2.0/signalr/connect",
        "/v2.0/signalr/start",
    ]
    assert json.loads(negotiate.query["connectionData"]) == [{"name": "TestHub"}]
    for one in (connect, start):
        assert one.query["transport"] == "webSockets"
        assert one.query["connectionToken"] == "AQAB+tok/en==:x y"
        assert one.query["clientProtocol"] == "1.3"
    assert {one.headers["Authorization"] for one in fastconnect.asked} == {"Bearer T"}


def test_frames_come_in_order_stamped_and_together(open_stream, fastconnect):
    stream = open_stream()
    assert [one.raw for one in collect(stream, 1)] == [INIT]
    before = time.time_ns()
    fastconnect.push_all([f'{{"C":"d-{number}","M":[]}}' for number in range(500)])

    frames = collect(stream, 500)

    assert [one.raw for one in frames] == [f'{{"C":"d-{number}","M":[]}}'.encode() for number in range(500)]
    stamps = [one.received_ns for one in frames]
    assert before < stamps[0]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= time.time_ns()


def test_a_call_hands_out_at_most_count_max(open_stream, fastconnect):
    stream = open_stream()
    collect(stream, 1)
    fastconnect.push_all(['{"I":"0"}'] * 25)
    time.sleep(0.3)

    assert [len(stream.frames(0.1, count_max=10)) for _ in range(3)] == [10, 10, 5]


def test_the_last_frame_is_one_that_was_handed_out(open_stream, fastconnect):
    """What still waits here dies with the process: nobody may count it as received."""
    stream = open_stream()
    collect(stream, 1)
    fastconnect.push_all(['{"I":"0"}'] * 25)
    time.sleep(0.3)

    handed_out = stream.frames(0.1, count_max=10)
    assert stream.last_frame_ns == handed_out[-1].received_ns
    assert stream.frames(0.1)[0].received_ns > handed_out[-1].received_ns


def test_keepalives_count_as_life_but_are_not_handed_out(open_stream):
    stream = open_stream(silence_max_s=0.5)
    collect(stream, 1)
    first = stream.last_frame_ns
    deadline = time.monotonic() + 1.2
    while time.monotonic() < deadline:
        assert stream.frames(0.1) == []
    assert stream.last_frame_ns > first


def test_silence_ends_the_stream(open_stream, fastconnect):
    fastconnect.keep_alive_s = None
    stream = open_stream(silence_max_s=0.4)
    collect(stream, 1)
    started_at = time.monotonic()
    assert "silent" in str(until_closed(stream))
    assert time.monotonic() - started_at < 2


def test_the_server_says_how_long_silence_may_be(open_stream, fastconnect):
    fastconnect.keep_alive_s = None
    fastconnect.negotiation["KeepAliveTimeout"] = 0.4
    stream = open_stream()
    assert "silent" in str(until_closed(stream, 3))


@pytest.mark.parametrize("end", ["close_socket", "cut_socket"])
def test_an_ended_connection_first_hands_out_what_came_and_then_says_so(open_stream, fastconnect, end):
    stream = open_stream()
    collect(stream, 1)
    fastconnect.push_all(['{"I":"0"}', '{"I":"1"}'])
    time.sleep(0.2)
    getattr(fastconnect, end)()
    time.sleep(0.3)

    assert [one.raw for one in stream.frames(1.0)] == [b'{"I":"0"}', b'{"I":"1"}']
    with pytest.raises(StreamClosed):
        stream.frames(0.1)
    with pytest.raises(StreamClosed):
        stream.frames(0.1)


def test_a_reader_that_lags_behind_holds_the_server_back_and_loses_nothing(open_stream, fastconnect):
    stream = open_stream(frames_waiting_max=10)
    collect(stream, 1)
    frames = [json.dumps({"C": str(number), "P": "x" * 20_000}) for number in range(2_000)]
    sender = threading.Thread(target=fastconnect.push_all, args=(frames,))
    sender.start()
    time.sleep(0.7)
    assert sender.is_alive(), "40 MB fit nowhere, so the server must be waiting"

    got = collect(stream, 2_000, 20)

    sender.join(5)
    assert [json.loads(one.raw)["C"] for one in got] == [str(number) for number in range(2_000)]


def test_closing_ends_the_receiving_thread(open_stream):
    stream = open_stream()
    names = [thread.name for thread in threading.enumerate()]
    assert "signalr-TestHub" in names
    stream.close()
    assert "signalr-TestHub" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(StreamClosed):
        stream.invoke("Anything")


@pytest.mark.parametrize("step", ["negotiate", "connect", "start"])
def test_a_refused_token_is_named_as_such(fastconnect, step):
    fastconnect.answers[step] = text("Unauthorized", 401)
    with pytest.raises(StreamRefused):
        SignalRConnection(fastconnect.url, "TestHub", {}).open()


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("negotiate", text("<html>", 503), TransientError),
        ("negotiate", text("API calls quota exceeded!", 200), TransientError),
        ("negotiate", reply([1]), TransientError),
        ("negotiate", reply({"Url": "/signalr"}), TerminalError),
        ("negotiate", reply({"ConnectionToken": "x", "TryWebSockets": False}), TerminalError),
        ("connect", text("<html>", 502), TransientError),
        ("start", reply({"Response": "no"}), TransientError),
        ("start", text("gone", 404), TransientError),
    ],
)
def test_a_connection_that_fails_says_whether_to_try_again_and_leaves_no_thread(fastconnect, step, answer, error):
    fastconnect.answers[step] = answer
    with pytest.raises(error):
        SignalRConnection(fastconnect.url, "FailingHub", {}).open()
    assert "signalr-FailingHub" not in [thread.name for thread in threading.enumerate()]


def test_nobody_there_and_nobody_answering_are_transient(fastconnect, closed_port, monkeypatch):
    with pytest.raises(TransientError):
        SignalRConnection(f"http://127.0.0.1:{closed_port}", "TestHub", {}).open()
    monkeypatch.setattr("qts.adapters.ssi.signalr.CONNECT_TIMEOUT_S", 0.3)
    fastconnect.answers["negotiate"] = silence
    with pytest.raises(TransientError):
        SignalRConnection(fastconnect.url, "TestHub", {}).open()


# --- the two streams ----------------------------------------------------------------------------------------------


def test_the_market_stream_subscribes_to_all_channels_in_one_call(fastconnect):
    client = MarketDataClient(fastconnect.url, DataCredentials("CID-1", "SEC-1"))
    with connect_market_stream(fastconnect.url, client, ["X-QUOTE:ALL", " X-TRADE:ALL ", "MI:ALL"]) as stream:
        collect(stream, 1)
        deadline = time.monotonic() + 3
        while not fastconnect.received and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fastconnect.received == [
            {"H": "FcMarketDataV2Hub", "M": "SwitchChannels", "A": ["X-QUOTE:ALL,X-TRADE:ALL,MI:ALL"], "I": 0}
        ]
    streaming = [one for one in fastconnect.asked if "signalr" in one.path]
    assert {one.token for one in streaming} == {client.token()}


def test_a_market_token_that_the_stream_refused_is_fetched_anew(fastconnect):
    client = MarketDataClient(fastconnect.url, DataCredentials("CID-1", "SEC-1"))
    fastconnect.answers["negotiate"] = text("Unauthorized", 401)
    with pytest.raises(StreamRefused):
        connect_market_stream(fastconnect.url, client, ["B:ALL"])
    del fastconnect.answers["negotiate"]

    connect_market_stream(fastconnect.url, client, ["B:ALL"]).close()

    assert fastconnect.tokens_issued == 2


def test_the_order_stream_asks_for_events_from_a_number_on_with_the_read_token(fastconnect):
    client = TradingClient(fastconnect.url, TradingCredentials("CID-1", "SEC-1", vectors.PRIVATE_KEY, "123456"))
    with connect_order_stream(fastconnect.url, client, notify_id=101_180) as stream:
        assert [one.raw for one in collect(stream, 1)] == [INIT]
    streaming = [one for one in fastconnect.asked if "signalr" in one.path]
    assert {one.headers["NotifyID"] for one in streaming} == {"101180"}
    assert {one.token for one in streaming} == {client.read_token()}
    assert json.loads(streaming[0].query["connectionData"]) == [{"name": "BroadcastHubV2"}]
    assert fastconnect.received == [], "the server pushes by itself"
