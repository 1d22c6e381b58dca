"""One client's web socket: frames are queued and written by a task of its own, so that a slow client blocks nobody."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Final

from aiohttp import WSMsgType, web

from simulator.wire import signalr

QUEUE_FRAMES_MAX: Final = 5_000

_log = logging.getLogger("simulator.streams")


class StreamSocket:
    """`is_silent` is asked before each frame: a silent socket stays open and says nothing."""

    def __init__(self, socket: web.WebSocketResponse, is_silent: Callable[[], bool]) -> None:
        self._socket = socket
        self._is_silent = is_silent
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self._closing: set[asyncio.Task[bool]] = set()

    def offer(self, frames: Iterable[str]) -> None:
        """A client that has fallen too far behind is cut off; it must connect and subscribe again."""
        try:
            for frame in frames:
                self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            _log.warning("a stream client is %d frames behind and is cut off", QUEUE_FRAMES_MAX)
            self.drop()

    def drop(self) -> None:
        """End the connection from here, without waiting for the client."""
        task = asyncio.ensure_future(self._socket.close(code=1001, drain=False))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def serve(self, on_text: Callable[[str], None]) -> None:
        """Until the client or the server closes."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    on_text(message.data)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self) -> None:
        while not self._socket.closed:
            try:
                frame = await asyncio.wait_for(self._queue.get(), signalr.KEEP_ALIVE_EVERY_S)
            except TimeoutError:
                frame = signalr.KEEP_ALIVE
            if self._is_silent():
                continue
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return  # the reader sees the end of the connection and takes the socket off the list
