"""The broker adapter and the simulated broker, each in its own process, over the real wire."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from qts.adapters.ssi.codec import Decoded, decode_frame
from qts.adapters.ssi.credentials import DataCredentials, TradingCredentials
from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.market_stream import connect_market_stream
from qts.adapters.ssi.order_stream import NOTIFY_ID_WHOLE_DAY, connect_order_stream
from qts.adapters.ssi.signalr import SignalRConnection, StreamClosed, StreamRefused
from qts.adapters.ssi.trading import Accepted, AmbiguousSend, Answer, Refused, TradingClient
from qts.adapters.ssi.trading_codec import BrokerMatch, BrokerMessage, BrokerOrderEvent, decode_order_frame
from qts.domain.errors import TerminalError, TransientError
from qts.domain.events import Event, OrderBookUpdated, QuoteUpdated
from qts.domain.values import Exchange, InstrumentKind, OrderType, Side

ROOT = Path(__file__).resolve().parents[1]
CHANNELS = ("F:ALL", "X-QUOTE:ALL", "X-TRADE:ALL", "B:ALL", "R:ALL", "MI:ALL")
OPTIONS = ("--controls", "--seed", "7", "--symbols", "VNM,FPT,HPG,SSI,VCB")
ACCOUNT = "0901351"
_request_ids = count(int(time.time()) % 1_000_000 * 10)

pytestmark = pytest.mark.timeout(120)


@dataclass
class Simulator:
    url: str

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data=data), timeout=5) as answer:  # noqa: S310
            document: dict[str, Any] = json.load(answer)
        return document

    def faults(self, **switches: Any) -> None:
        self.ask("sim/faults", switches)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """In continuous trading of 23 November 2026, at four times real speed."""
    folder = tmp_path_factory.mktemp("simulator")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock = f"--clock=affine:2026-11-23,09:20:00,15:10:00,{time.time()},4"
    log = (folder / "log").open("w+b")
    started = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", str(port), "--state-dir", str(folder), *OPTIONS, clock],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    simulator = Simulator(f"http://127.0.0.1:{port}/")
    try:
        _wait_until_healthy(simulator, started, folder / "log")
        yield simulator
    finally:
        started.terminate()
        started.wait(10)
        log.close()


@pytest.fixture
def simulator(process: Simulator) -> Iterator[Simulator]:
    yield process
    process.faults()


def _wait_until_healthy(simulator: Simulator, started: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            simulator.ask("sim/healthz")
        except OSError:
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def data(simulator: Simulator) -> Iterator[MarketDataClient]:
    keys = simulator.ask("sim/credentials")["data"]
    client = MarketDataClient(simulator.url, DataCredentials(keys["consumer_id"], keys["consumer_secret"]))
    yield client
    client.close()


@pytest.fixture
def credentials(simulator: Simulator) -> TradingCredentials:
    keys = next(one for one in simulator.ask("sim/credentials")["customers"] if ACCOUNT in one["accounts"])
    return TradingCredentials(keys["consumer_id"], keys["consumer_secret"], keys["private_key"], keys["pin"])


@pytest.fixture
def trading(simulator: Simulator, credentials: TradingCredentials) -> Iterator[TradingClient]:
    client = TradingClient(simulator.url, credentials)
    client.log_in()
    yield client
    client.close()


def decode(stream: SignalRConnection, until: Callable[[list[Event]], bool], seconds: float = 15) -> Decoded:
    """Everything of the stream until the condition holds; fails when it does not in time."""
    all_decoded = Decoded()
    deadline = time.monotonic() + seconds
    while not until(all_decoded.events):
        assert time.monotonic() < deadline, Counter(type(event).__name__ for event in all_decoded.events)
        for number, one in enumerate(stream.frames(0.5)):
            decoded = decode_frame(one.raw, ts_received_ns=one.received_ns, wal_position=f"1:{number}", instruments={})
            all_decoded.events += decoded.events
            all_decoded.failures += decoded.failures
            all_decoded.notices += decoded.notices
    return all_decoded


def read_for(stream: SignalRConnection, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stream.frames(0.2)


def read_orders(stream: SignalRConnection, until: Callable[[list[BrokerMessage]], bool]) -> list[BrokerMessage]:
    messages: list[BrokerMessage] = []
    deadline = time.monotonic() + 15
    while not until(messages):
        assert time.monotonic() < deadline, messages
        for one in stream.frames(0.5):
            decoded = decode_order_frame(one.raw)
            assert decoded.failures == []
            messages += decoded.messages
    return messages


def quote_of(simulator: Simulator, data: MarketDataClient, symbol: str) -> tuple[QuoteUpdated, OrderBookUpdated]:
    with connect_market_stream(simulator.url, data, [f"X-TRADE:{symbol}", f"X-QUOTE:{symbol}"]) as stream:
        events = decode(stream, lambda found: {type(one) for one in found} == {QuoteUpdated, OrderBookUpdated}).events
    quotes = [one for one in events if isinstance(one, QuoteUpdated)]
    books = [one for one in events if isinstance(one, OrderBookUpdated)]
    return quotes[-1], books[-1]


def send(trading: TradingClient, symbol: str, price_vnd: int, **changes: Any) -> tuple[str, Answer]:
    request_id = str(next(_request_ids))
    order: dict[str, Any] = {"side": Side.BUY, "order_type": OrderType.LO, "quantity": 100, "account": ACCOUNT}
    answer = trading.new_order(request_id=request_id, symbol=symbol, price_vnd=price_vnd, **order | changes)
    return request_id, answer


# --- market data --------------------------------------------------------------------------------------------------


def test_master_data_and_history(data):
    listed = {one.symbol: one for one in data.securities_details("HOSE")}
    assert {"VNM", "FPT", "HPG", "SSI", "VCB"} <= set(listed)
    assert (listed["VNM"].exchange, listed["VNM"].kind) == (Exchange.HOSE, InstrumentKind.STOCK)
    assert ("SSI", "HOSE") in data.securities("HOSE")

    indices = data.daily_index("VN30", date(2026, 10, 1), date(2026, 11, 20))
    assert len({one.day for one in indices}) > 30
    prices = data.daily_stock_price("VNM", date(2026, 11, 1), date(2026, 11, 20))
    assert {one.floor_vnd <= one.close_vnd <= one.ceiling_vnd for one in prices} == {True}
    bars = data.daily_ohlc("VNM", date(2026, 10, 1), date(2026, 11, 20))
    assert bars
    assert [bar.day for bar in bars] == sorted({bar.day for bar in bars})
    assert all(bar.low_vnd <= min(bar.open_vnd, bar.close_vnd) <= bar.high_vnd for bar in bars)


def test_a_wrong_key_is_refused_for_good(simulator):
    client = MarketDataClient(simulator.url, DataCredentials("nobody", "nothing"))
    with pytest.raises(TerminalError, match="refused the log-in"):
        client.securities()


def test_every_channel_decodes_without_a_failure(simulator, data):
    wanted = {
        "SessionChanged",
        "QuoteUpdated",
        "OrderBookUpdated",
        "TickReceived",
        "ForeignRoomUpdated",
        "IndexUpdated",
    }
    with connect_market_stream(simulator.url, data, CHANNELS) as stream:
        decoded = decode(
            stream,
            lambda events: (
                {type(one).__name__ for one in events} == wanted
                and sum(type(one).__name__ == "TickReceived" for one in events) >= 5
            ),
            30,
        )

    assert (decoded.failures, decoded.notices) == ([], [])
    for event in decoded.events:
        if isinstance(event, QuoteUpdated):
            assert event.floor_vnd < event.reference_vnd < event.ceiling_vnd
            assert event.floor_vnd <= event.last_vnd <= event.ceiling_vnd or event.last_vnd == 0
            assert (event.session, event.status) == ("CONTINUOUS", "N")
        if isinstance(event, OrderBookUpdated) and event.bids and event.asks:
            assert event.bids[0][0] < event.asks[0][0]
            assert list(event.bids) == sorted(event.bids, reverse=True)


def test_a_broken_message_is_one_failure_and_the_stream_goes_on(simulator, data):
    with connect_market_stream(simulator.url, data, CHANNELS) as stream:
        decode(stream, lambda events: len(events) > 0)
        simulator.faults(broken_market_message=True)
        failures = []
        deadline = time.monotonic() + 10
        while not failures and time.monotonic() < deadline:
            for one in stream.frames(0.2):
                failures += decode_frame(one.raw, ts_received_ns=1, wal_position="1:8", instruments={}).failures
        assert len(failures) == 1
        assert decode(stream, lambda events: len(events) > 3).failures == []


def test_a_dropped_stream_says_so_and_a_new_one_goes_on(simulator, data):
    with connect_market_stream(simulator.url, data, CHANNELS) as stream:
        decode(stream, lambda events: len(events) > 0)
        simulator.faults(drop_market_streams=True)
        with pytest.raises(StreamClosed):
            read_for(stream, 10)
    with connect_market_stream(simulator.url, data, CHANNELS) as stream:
        assert decode(stream, lambda events: len(events) > 10).failures == []


def test_a_silent_stream_is_noticed(simulator, data):
    with connect_market_stream(simulator.url, data, CHANNELS, silence_max_s=1.5) as stream:
        decode(stream, lambda events: len(events) > 0)
        simulator.faults(silence=True)
        with pytest.raises(StreamClosed, match="silent"):
            read_for(stream, 10)


def test_the_stream_refuses_a_token_it_did_not_give(simulator):
    with pytest.raises(StreamRefused):
        SignalRConnection(simulator.url, "FcMarketDataV2Hub", {"Authorization": "Bearer a.b.c"}).open()


# --- orders -------------------------------------------------------------------------------------------------------


def test_a_buy_is_signed_accepted_matched_and_told_on_the_stream(simulator, data, trading):
    quote, _ = quote_of(simulator, data, "VNM")
    with connect_order_stream(simulator.url, trading, notify_id=NOTIFY_ID_WHOLE_DAY) as stream:
        request_id, answer = send(trading, "VNM", quote.ceiling_vnd, quantity=200)
        assert isinstance(answer, Accepted)
        assert answer.sent_at_ns <= answer.answered_at_ns

        def filled(messages: list[BrokerMessage]) -> bool:
            return any(
                isinstance(one, BrokerOrderEvent) and one.orig_request_id == request_id and one.order.status == "FF"
                for one in messages
            )

        messages = read_orders(stream, filled)

    ours = [one for one in messages if isinstance(one, BrokerOrderEvent) and one.orig_request_id == request_id]
    order_id = ours[-1].order.order_id
    matches = [one for one in messages if isinstance(one, BrokerMatch) and one.order_id == order_id]
    assert sum(one.quantity for one in matches) == 200
    assert all(one.price_vnd <= quote.ceiling_vnd for one in matches)
    assert len({one.notify_id for one in messages}) == len(messages)

    (row,) = [one for one in trading.order_book(ACCOUNT) if one.unique_id == request_id]
    assert (row.order_id, row.status, row.filled_quantity, row.account) == (order_id, "FF", 200, ACCOUNT)
    held = {one.symbol: one for one in trading.stock_positions(ACCOUNT)}
    assert held["VNM"].bought_today >= 200
    assert trading.cash_balance(ACCOUNT).purchasing_power_vnd < 5_000_000_000


def test_a_resting_order_is_cancelled_under_a_request_of_its_own(simulator, data, trading):
    quote, _ = quote_of(simulator, data, "FPT")
    request_id, answer = send(trading, "FPT", quote.floor_vnd)
    assert isinstance(answer, Accepted)
    row = _eventually_in_book(trading, request_id, {"QU"})

    cancel_id = str(next(_request_ids))
    cancelled = trading.cancel_order(
        account=ACCOUNT, request_id=cancel_id, order_id=row.order_id, symbol="FPT", side=Side.BUY
    )

    assert isinstance(cancelled, Accepted)
    row = _eventually_in_book(trading, cancel_id, {"CL"})
    assert (row.cancelled_quantity, row.filled_quantity) == (100, 0)


def _eventually_in_book(trading: TradingClient, request_id: str, statuses: set[str]) -> Any:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for row in trading.order_book(ACCOUNT):
            if row.unique_id == request_id and row.status in statuses:
                return row
        time.sleep(0.2)
    raise AssertionError([(row.unique_id, row.status) for row in trading.order_book(ACCOUNT)])


def test_refusals_are_values_and_a_repeated_id_is_none(simulator, data, trading):
    """Whoever hears that his id was used already knows nothing of its first use: that order lives."""
    quote, _ = quote_of(simulator, data, "HPG")
    request_id, answer = send(trading, "HPG", quote.floor_vnd)
    assert isinstance(answer, Accepted)

    with pytest.raises(AmbiguousSend, match="Duplicate requestID"):
        trading.new_order(
            account=ACCOUNT,
            request_id=request_id,
            symbol="HPG",
            side=Side.BUY,
            order_type=OrderType.LO,
            price_vnd=quote.floor_vnd,
            quantity=100,
        )
    _, foreign = send(trading, "HPG", quote.floor_vnd, account="1184411")
    assert isinstance(foreign, Refused)
    assert len([row for row in trading.order_book(ACCOUNT) if row.unique_id == request_id]) == 1


def test_a_wrong_pin_sends_nothing(simulator, credentials):
    wrong = TradingCredentials(
        credentials.consumer_id, credentials.consumer_secret, credentials.private_key, str(int(credentials.pin) ^ 1)
    )
    client = TradingClient(simulator.url, wrong)
    before = len(simulator.ask("sim/state")["orders"])
    with pytest.raises(TerminalError):
        send(client, "HPG", 10_000)
    assert len(simulator.ask("sim/state")["orders"]) == before


def test_a_lost_answer_is_ambiguous_and_the_book_knows_the_order(simulator, data, trading):
    quote, _ = quote_of(simulator, data, "SSI")
    simulator.faults(lost_answers=1)
    request_id = str(next(_request_ids))
    with pytest.raises(AmbiguousSend) as caught:
        trading.new_order(
            account=ACCOUNT,
            request_id=request_id,
            symbol="SSI",
            side=Side.BUY,
            order_type=OrderType.LO,
            price_vnd=quote.floor_vnd,
            quantity=100,
        )
    assert caught.value.sent_at_ns is not None
    assert len([row for row in trading.order_book(ACCOUNT) if row.unique_id == request_id]) == 1


@pytest.mark.parametrize("fault", ["refuse_trading", "close_trading"])
def test_a_broker_that_fails_is_ambiguous_although_nothing_was_placed(simulator, trading, fault):
    before = len(simulator.ask("sim/state")["orders"])
    simulator.faults(**{fault: True})
    with pytest.raises(AmbiguousSend):
        send(trading, "SSI", 20_000)
    with pytest.raises((TransientError, TerminalError)):
        trading.order_book(ACCOUNT)
    assert len(simulator.ask("sim/state")["orders"]) == before


def test_over_quota_is_a_definite_no(simulator, trading):
    simulator.faults(quota_exceeded=True)
    _, answer = send(trading, "SSI", 20_000)
    assert isinstance(answer, Refused)
    assert answer.over_quota


def test_the_order_stream_goes_on_from_a_number(simulator, data, trading):
    quote, _ = quote_of(simulator, data, "VCB")
    send(trading, "VCB", quote.floor_vnd)
    with connect_order_stream(simulator.url, trading, notify_id=NOTIFY_ID_WHOLE_DAY) as stream:
        whole = [one.notify_id for one in read_orders(stream, lambda messages: len(messages) >= 2)]
        simulator.faults(drop_order_streams=True)
        with pytest.raises(StreamClosed):
            read_for(stream, 10)
    middle = whole[len(whole) // 2]

    with connect_order_stream(simulator.url, trading, notify_id=middle) as stream:
        resumed = [one.notify_id for one in read_orders(stream, lambda messages: len(messages) >= 1)]

    assert min(resumed) in {middle, middle + 1}
    assert resumed == sorted(resumed)
