"""A live tail of topics for the web processes: no group, nothing to acknowledge, from now on."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from qts.adapters.bus.redis_streams import BUS_PREFIX, delivery
from qts.adapters.redis_client import BLOCK_MS_MAX, CONNECT_TIMEOUT_S, SOCKET_TIMEOUT_S
from qts.domain.ports import Delivery

log = structlog.get_logger(__name__)

COUNT = 1_000
BACK_OFF_MAX_S = 5.0


class Tail(Protocol):
    """Ends only when it is cancelled; `connected` says whether the last read worked."""

    connected: bool

    def __aiter__(self) -> AsyncIterator[list[Delivery]]: ...


class AsyncTail:
    """Async iterator of batches: `async for batch in AsyncTail(url, topics)`. It ends only when it is cancelled.

    It reconnects by itself with back-off and goes on after the last message it saw, so a short outage loses nothing
    that the stream still holds. `connected` says whether the last read worked.
    """

    def __init__(
        self,
        url: str,
        topics: Sequence[str],
        *,
        block_ms: int = 1_000,
        count: int = COUNT,
        prefix: str = BUS_PREFIX,
    ) -> None:
        self._url = url
        self._topic_of = {f"{prefix}{topic}".encode(): topic for topic in topics}
        self._block_ms = min(block_ms, BLOCK_MS_MAX)
        self._count = count
        self._after: dict[bytes, bytes] = {}
        self.connected = False

    async def __aiter__(self) -> AsyncIterator[list[Delivery]]:
        failures = 0
        while True:
            client = redis.asyncio.Redis.from_url(
                self._url,
                socket_timeout=SOCKET_TIMEOUT_S,
                socket_connect_timeout=CONNECT_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            )
            try:
                await self._find_ends(client)
                self.connected, failures = True, 0
                while True:
                    batch = await self._read(client)
                    _end_if_cancelled()
                    if batch:
                        yield batch
            except (redis.RedisError, OSError) as error:
                self.connected = False
                failures += 1
                log.warning("bus_tail_disconnected", reason=str(error), failures=failures)
            finally:
                await client.aclose()
            await asyncio.sleep(min(BACK_OFF_MAX_S, 0.1 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    async def _find_ends(self, client: "redis.asyncio.Redis") -> None:
        """The id "$" means "from this call on" anew in each call and would lose what comes between two calls."""
        for key in self._topic_of:
            if key not in self._after:
                last: Any = await client.xrevrange(key, count=1)
                self._after[key] = last[0][0] if last else b"0-0"

    async def _read(self, client: "redis.asyncio.Redis") -> list[Delivery]:
        streams: dict[Any, Any] = dict(self._after)
        answer: Any = await client.xread(streams, count=self._count, block=self._block_ms)
        batch: list[Delivery] = []
        for key, rows in answer or []:
            batch.extend(delivery(self._topic_of[key], position, fields) for position, fields in rows)
            self._after[key] = rows[-1][0]
        return batch


def _end_if_cancelled() -> None:
    """redis-py sends through asyncio.wait_for, which before Python 3.12 forgets a cancellation that comes in the moment
    in which the command is sent (python/cpython#86296): the tail would then run for ever beside its successor."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
