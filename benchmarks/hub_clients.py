"""Pages that look: `python -m benchmarks.hub_clients PORT CLIENTS SLOW FOLLOWED COOKIE...`.

One thread with plain sockets, which reads back the milliseconds of some messages, so that little is measured but the
server. A slow client has a small buffer, reads 2 KB a second, and comes back when it is dropped. "begin" and "end" on
the input bound the stretch; the answer to "end" has the figures of those that are not slow.
"""

import base64
import json
import os
import random
import re
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

from benchmarks.figures import percentile
from benchmarks.hub_feed import MARK_MODULUS
from benchmarks.hub_prepare import PEOPLE

MARKS = re.compile(rb'"total_qty":(\d+)|"bids":\[\[\d+,(\d+)\]')
READ_ONE_IN = 5
AGE_MS_MAX = 600_000  # an older mark is of an earlier run
SLOW_BYTES, SLOW_BUFFER_BYTES, SLOW_EVERY_S = 2_000, 8_192, 1.0
COME_BACK_AFTER_S = 2.0
TEXT, PING, PONG = 1, 9, 10


@dataclass
class Page:
    number: int
    is_slow: bool
    wire: socket.socket
    left: bytearray = field(default_factory=bytearray)
    next_read: float = 0.0


@dataclass
class Counts:
    messages: int = 0
    dropped: int = 0
    ages_ms: list[int] = field(default_factory=list)


class Audience:
    def __init__(self, port: int, clients: int, slow: int, followed: int, cookies: list[str]) -> None:
        from benchmarks import market_messages
        from benchmarks.hub import SYMBOLS

        self._port, self._cookies, self._followed = port, cookies, followed
        self._symbols = market_messages.symbols(SYMBOLS)
        self._chance = random.Random(7)
        self._selector = selectors.DefaultSelector()
        self._slow: list[Page] = []
        self._away: list[tuple[float, int]] = []
        self.counts = Counts()
        for number in range(clients + slow):
            self._come(number, is_slow=number >= clients)
            self.look(0)

    def _come(self, number: int, *, is_slow: bool) -> None:
        wire = socket.socket()
        if is_slow:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
        wire.settimeout(60)
        wire.connect(("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        wire.sendall(
            f"GET /ws/markets HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: sessionid={self._cookies[number % PEOPLE]}\r\n\r\n".encode()
        )
        head = wire.recv(4_096)
        assert head.startswith(b"HTTP/1.1 101"), head
        wanted = self._chance.sample(self._symbols, self._followed)
        wire.sendall(_masked(json.dumps({"action": "subscribe", "channel": "quotes", "symbols": wanted}).encode()))
        wire.setblocking(False)
        page = Page(number, is_slow, wire, bytearray(head.partition(b"\r\n\r\n")[2]))
        if is_slow:
            self._slow.append(page)
        else:
            self._selector.register(wire, selectors.EVENT_READ, page)

    def look(self, wait_s: float = 0.05) -> None:
        for key, _ in self._selector.select(wait_s):
            self._read(key.data, 1 << 20)
        now = time.monotonic()
        for page in [page for page in self._slow if page.next_read <= now]:
            page.next_read = now + SLOW_EVERY_S
            self._read(page, SLOW_BYTES)
        while self._away and self._away[0][0] <= now:
            self._come(self._away.pop(0)[1], is_slow=True)

    def _read(self, page: Page, most: int) -> None:
        try:
            some = page.wire.recv(most)
        except BlockingIOError:
            return
        except ConnectionError:
            some = b""
        if not some:
            self._gone(page)
        elif not page.is_slow:
            page.left += some
            self._take(page)

    def _gone(self, page: Page) -> None:
        page.wire.close()
        if not page.is_slow:
            raise RuntimeError("a client that keeps up was dropped")
        self.counts.dropped += 1
        self._slow.remove(page)
        self._away.append((time.monotonic() + COME_BACK_AFTER_S, page.number))

    def _take(self, page: Page) -> None:
        """Whole frames; a server's are not masked."""
        now_ms = time.time_ns() // 1_000_000
        while (size := _frame_size(page.left)) and len(page.left) >= size:
            if page.left[0] & 15 == PING:
                page.wire.sendall(_masked(bytes(page.left[2:size]), PONG))
                del page.left[:size]
                continue
            self.counts.messages += 1
            if self.counts.messages % READ_ONE_IN == 0:
                for mark in MARKS.findall(bytes(page.left[:size])):
                    age_ms = (now_ms - int(mark[0] or mark[1])) % MARK_MODULUS
                    if age_ms < AGE_MS_MAX:
                        self.counts.ages_ms.append(age_ms)
            del page.left[:size]


def _frame_size(data: bytearray) -> int:
    if len(data) < 10:
        return 0
    short = data[1] & 127
    if short < 126:
        return 2 + short
    return 4 + int.from_bytes(data[2:4], "big") if short == 126 else 10 + int.from_bytes(data[2:10], "big")


def _masked(body: bytes, kind: int = TEXT) -> bytes:
    """A frame as a client sends it; a mask of zeros changes nothing."""
    if kind == PONG:  # has no longer head
        return struct.pack("!BB4x", 0x80 | kind, 0x80 | len(body)) + body
    return struct.pack("!BBH4x", 0x80 | kind, 0x80 | 126, len(body)) + body


def main(port: int, clients: int, slow: int, followed: int, cookies: list[str]) -> None:
    audience = Audience(port, clients, slow, followed, cookies)
    commands = selectors.DefaultSelector()
    commands.register(sys.stdin, selectors.EVENT_READ)
    print("{}", flush=True)
    while True:
        audience.look()
        if not commands.select(0):
            continue
        if sys.stdin.readline().strip() == "begin":
            audience.counts = Counts()
            print("{}", flush=True)
        else:
            print(json.dumps(_told(audience.counts)), flush=True)


def _told(counts: Counts) -> dict[str, float]:
    ages = counts.ages_ms
    return {
        "messages": counts.messages, "dropped": counts.dropped,
        "p50": percentile(ages, 50), "p99": percentile(ages, 99),
    }  # fmt: skip


if __name__ == "__main__":
    port_, clients_, slow_, followed_ = map(int, sys.argv[1:5])
    main(port_, clients_, slow_, followed_, sys.argv[5:])
