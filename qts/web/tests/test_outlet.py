"""What waits for a client that reads nothing: a message or two, here and in the kernel."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from qts.web.outlet import WAITING_BYTES_MAX, Outlet

MESSAGE = b"x" * 6_000
KERNEL_BYTES_MAX = 60_000  # left to itself it takes megabytes


class Transport:
    """As Twisted's: holds a socket and a producer."""

    bufferSize = 1 << 16  # noqa: N815  # Twisted's name
    connected = True

    def __init__(self, handle: socket.socket) -> None:
        self._handle = handle
        self.producer: Any = "that of the HTTP request"
        self.reads = True

    def unregisterProducer(self) -> None:  # noqa: N802
        self.producer = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: N802
        assert self.producer is None
        assert streaming
        self.producer = producer

    def pauseProducing(self) -> None:  # noqa: N802
        self.reads = False

    def resumeProducing(self) -> None:  # noqa: N802
        self.reads = True

    def getHandle(self) -> socket.socket:  # noqa: N802
        return self._handle


class Protocol:
    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def send(self, message: object) -> None: ...


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            accepted.setblocking(False)
            yield accepted, client


def outlet_of(transport: Transport) -> Outlet:
    return Outlet({"server_send": partial(Protocol.send, Protocol(transport))})


def taken_by_the_kernel(handle: socket.socket) -> int:
    taken = 0
    while taken < 10 * KERNEL_BYTES_MAX:
        try:
            taken += handle.send(MESSAGE)
        except BlockingIOError:
            break
    return taken


def test_hardly_anything_waits_for_a_client_that_reads_nothing(ends):
    server, _ = ends
    transport = Transport(server)
    outlet = outlet_of(transport)
    assert transport.producer is outlet
    assert transport.bufferSize == WAITING_BYTES_MAX
    assert len(MESSAGE) <= taken_by_the_kernel(server) < KERNEL_BYTES_MAX


def test_it_is_full_from_the_moment_that_something_waits_until_all_has_gone(ends):
    transport = Transport(ends[0])
    outlet = outlet_of(transport)
    assert (outlet.is_full, outlet.full_for_s, transport.reads) == (False, 0.0, True)
    outlet.pauseProducing()
    assert outlet.is_full
    assert outlet.full_for_s >= 0.0
    assert not transport.reads
    outlet.resumeProducing()
    assert (outlet.is_full, outlet.full_for_s, transport.reads) == (False, 0.0, True)


@pytest.mark.parametrize("ends_the_wait", ["resumeProducing", "stopProducing"])
async def test_whoever_waits_for_room_goes_on_when_there_is_some_or_nobody_left(ends, ends_the_wait):
    outlet = outlet_of(Transport(ends[0]))
    await outlet.room()
    outlet.pauseProducing()
    waiting = asyncio.create_task(outlet.room())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    getattr(outlet, ends_the_wait)()
    await asyncio.wait_for(waiting, 1)


def test_another_server_than_daphne_is_never_full():
    assert not Outlet({}).is_full


def test_a_client_that_has_gone_at_once_has_an_outlet_that_is_never_full(ends):
    transport = Transport(ends[0])
    transport.connected, transport.getHandle = False, None  # as Twisted leaves one behind
    assert outlet_of(transport).is_full is False
    assert transport.producer == "that of the HTTP request"
