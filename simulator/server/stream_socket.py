"""One client's web socket: frames are queued and written by a task of its own, so that a slow client blocks nobody."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Final

from aiohttp import WSMsgType, web

from simulator.wire import signalr

QUEUE_FRAMES_MAX: Final = 5_000
_END: Final = ""

_log = logging.getLogger("simulator.streams")


class StreamSocket:
    """`key` is who connected. `is_silent` is asked before each frame: a silent socket stays open and says nothing."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        key: str,
        is_silent: Callable[[], bool],
    ) -> None:
        self.key = key
        self._socket = socket
        self._transport = transport
        self._is_silent = is_silent
        self._is_half_open = False
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self._closing: set[asyncio.Task[bool]] = set()

    def offer(self, frames: Iterable[str]) -> None:
        """A client that has fallen too far behind is cut off; it must connect and subscribe again."""
        if self._is_half_open:
            return
        try:
            for frame in frames:
                self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            _log.warning("a stream client is %d frames behind and is cut off", QUEUE_FRAMES_MAX)
            self.drop()

    def drop(self) -> None:
        """End the connection from here, without waiting for the client."""
        if self._is_half_open:
            self.reset()
            return
        task = asyncio.ensure_future(self._socket.close(code=1001, drain=False))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def finish(self) -> None:
        """End the connection when everything that was offered has been written."""
        self.offer([_END])

    def reset(self) -> None:
        """End the connection without a closing frame, as when a machine in between dies loudly."""
        if self._transport is not None:
            self._transport.abort()

    def half_open(self) -> None:
        """From now on nothing is read and nothing written, and nobody is told: as when a cable is cut."""
        self._is_half_open = True
        if self._transport is not None:
            self._transport.pause_reading()

    async def refuse(self, frame: str) -> None:
        """One frame that says why, then the end."""
        await self._socket.send_str(frame)
        await self._socket.close(code=1001, drain=False)

    async def serve(self, on_text: Callable[[str], None]) -> None:
        """Until the client or the server closes."""
        writer = asyncio.create_task(self._write())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT and not self._is_half_open:
                    on_text(message.data)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    async def _write(self) -> None:
        while not self._socket.closed:
            frame = await self._next_frame()
            if self._is_silent() or self._is_half_open:
                continue
            if frame == _END:
                await self._socket.close(code=1001, drain=False)
                return
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return  # the reader sees the end of the connection and takes the socket off the list

    async def _next_frame(self) -> str:
        """What waits is taken as it stands: a time limit for each frame would cost more than the frame."""
        try:
            return self._queue.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            return await asyncio.wait_for(self._queue.get(), signalr.KEEP_ALIVE_EVERY_S)
        except TimeoutError:
            return signalr.KEEP_ALIVE
