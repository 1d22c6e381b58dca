"""Calls that are to be so far apart whoever makes them: the processes that share a broker's limit share a pace."""

import time
from collections.abc import Callable
from typing import Any, Final

from qts.adapters.redis_client import redis_client, transient_errors

# The next free moment on the server's clock, in microseconds. One further away than any queue of ours is that of a
# clock which has been set back since.
_TAKE_TURN: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free < now or free > now + tonumber(ARGV[2]) then free = now end
redis.call('SET', KEYS[1], string.format('%.0f', free + ARGV[1]), 'PX', math.ceil(ARGV[2] / 1000))
return string.format('%.0f', free - now)
"""
_QUEUE_S_MAX: Final = 120
_US: Final = 1_000_000


class Pace:
    """`calls_per_s` under this name, whichever process or thread makes them."""

    def __init__(
        self, redis_url: str, name: str, calls_per_s: float, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client: Any = redis_client(redis_url)
        self._key = f"qts:pace:{name}"
        self._interval_us = round(_US / calls_per_s)
        self._sleep = sleep

    def wait(self) -> None:
        """Until it is the caller's turn, in the order of asking. Raises TransientError without Redis."""
        with transient_errors():
            wait_us = int(self._client.eval(_TAKE_TURN, 1, self._key, self._interval_us, _QUEUE_S_MAX * _US))
        if wait_us:
            self._sleep(wait_us / _US)
