"""SSI's rate limits, kept before SSI has to: one window log per connection in Redis, shared by all who call."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.ssi.trading import RateLimit

# The documented sample (FC Trading Specs v2.4): 5 calls a second and 30 in five seconds over everything.
SAMPLE_LIMITS = (RateLimit("*", "1s", 5), RateLimit("*", "5s", 30))
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PERIOD = re.compile(r"(\d+)([smhd])")

# Windows are pairs (milliseconds, calls). Takes one call, or answers after how many milliseconds to ask again.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local longest, wait = 0, 0
for i = 1, #ARGV, 2 do
  local window, limit = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if window > longest then longest = window end
  if redis.call('ZCOUNT', KEYS[1], now - window + 1, '+inf') >= limit then
    local blocking = redis.call('ZREVRANGE', KEYS[1], limit - 1, limit - 1, 'WITHSCORES')
    local until_free = tonumber(blocking[2]) + window - now
    if until_free > wait then wait = until_free end
  end
end
if wait > 0 then return wait end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest)
redis.call('ZADD', KEYS[1], now, time[1] .. '.' .. time[2] .. '.' .. redis.call('ZCARD', KEYS[1]))
redis.call('PEXPIRE', KEYS[1], longest)
return 0
"""


class Pace:
    """`take` a call before making it. Raises TransientError without Redis."""

    def __init__(self, connection_id: UUID, limits: Sequence[RateLimit] = SAMPLE_LIMITS) -> None:
        self._client: Any = redis_client(settings.REDIS_URL)
        self._key = f"qts:pace:{connection_id}"
        self._arguments = [number for window in windows(limits) for number in window]

    def take(self) -> int:
        """0 when the call may be made now, else the milliseconds until it may be asked for again."""
        with transient_errors():
            return int(self._client.eval(_TAKE, 1, self._key, *self._arguments))


def windows(limits: Sequence[RateLimit]) -> list[tuple[int, int]]:
    """(milliseconds, calls) of the limits over everything; the sample where the broker names none that we can read."""
    found = [
        (int(match[1]) * _UNIT_MS[match[2]], limit.limit)
        for limit in limits
        if limit.endpoint in {"*", "*:*"} and limit.limit > 0 and (match := _PERIOD.fullmatch(limit.period))
    ]
    return found or windows(SAMPLE_LIMITS)
