"""One client's socket, without a network; and the odd-lot board, which is on no other channel."""

import asyncio
import json

from qts.domain.matching import BookOrder
from qts.domain.values import OrderType, Side
from simulator.server import stream_socket
from simulator.server.stream_socket import StreamSocket
from simulator.tests.worlds import Hand
from simulator.wire import signalr


class FakeSocket:
    """A client that says nothing until it is closed."""

    def __init__(self):
        self.sent = []
        self.closed = False
        self.codes = []
        self._is_over = asyncio.Event()

    async def send_str(self, frame):
        self.sent.append(frame)

    async def close(self, *, code, drain):
        self.closed, _ = True, drain
        self.codes.append(code)
        self._is_over.set()
        return True

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self._is_over.wait()
        raise StopAsyncIteration


async def serve_for(seconds, monkeypatch, act, *, is_silent=False):
    monkeypatch.setattr(signalr, "KEEP_ALIVE_EVERY_S", 0.02)
    socket = FakeSocket()
    stream = StreamSocket(socket, None, "key", lambda: is_silent)
    serving = asyncio.create_task(stream.serve(str))
    act(stream)
    await asyncio.sleep(seconds)
    await socket.close(code=1000, drain=False)
    await serving
    return socket


async def test_a_quiet_stream_is_kept_alive(monkeypatch):
    socket = await serve_for(0.15, monkeypatch, lambda stream: stream.offer(["first"]))
    assert socket.sent[0] == "first"
    assert set(socket.sent[1:]) == {"{}"}
    assert 2 <= len(socket.sent[1:]) <= 8


async def test_a_silent_or_half_open_stream_says_nothing_at_all(monkeypatch):
    silent = await serve_for(0.1, monkeypatch, lambda stream: stream.offer(["first"]), is_silent=True)
    cut = await serve_for(0.1, monkeypatch, lambda stream: (stream.half_open(), stream.offer(["first"])))
    assert silent.sent == cut.sent == []
    assert cut.codes == [1000]


async def test_it_finishes_after_what_was_offered(monkeypatch):
    socket = await serve_for(0.1, monkeypatch, lambda stream: (stream.offer(["a", "b"]), stream.finish()))
    assert (socket.sent, socket.codes[0]) == (["a", "b"], 1001)


async def test_a_client_that_is_too_far_behind_is_cut_off(monkeypatch):
    monkeypatch.setattr(stream_socket, "QUEUE_FRAMES_MAX", 3)
    socket = await serve_for(0.05, monkeypatch, lambda stream: stream.offer("abcde"))
    assert socket.codes[0] == 1001


def odd_lots(hand):
    found = [message for message in hand.messages if message.data_type == "OL" and message.symbol == "SSI"]
    hand.messages.clear()
    return [json.loads(json.loads(json.loads(message.argument))["Content"]) for message in found]


def test_the_odd_lot_board_shows_odd_lots_alone(tmp_path):
    hand = Hand(tmp_path, "11-23 09:20")
    exchange = hand.world.exchange
    security = exchange.securities["SSI"]
    price_vnd = security.band.floor_vnd
    hand.tell()
    odd_lots(hand)
    exchange.submit(security, BookOrder(exchange.new_order_id(), Side.BUY, OrderType.LO, price_vnd, 1_000))
    hand.tell()
    assert odd_lots(hand) == []
    exchange.submit(security, BookOrder(exchange.new_order_id(), Side.BUY, OrderType.LO, price_vnd + 50, 70))
    hand.tell()
    (board,) = odd_lots(hand)
    assert (board["BidPrice1"], board["BidVol1"], board["BidPrice2"], board["AskVol3"]) == (price_vnd + 50, 70, 0, 0)
    assert (board["LastPrice"], board["TradingSession"], board["StockType"]) == (0, "LO", "Stock")
    before = security.totals.quantity
    exchange.submit(security, BookOrder(exchange.new_order_id(), Side.SELL, OrderType.LO, price_vnd, 30))
    hand.tell()
    (board,) = odd_lots(hand)
    assert (board["LastPrice"], board["LastVol"], board["BidVol1"]) == (price_vnd + 50, 30, 40)
    assert (board["TotalVol"], board["Change"]) == (before + 30, price_vnd + 50 - security.reference_vnd)
    assert security.totals.quantity == before
