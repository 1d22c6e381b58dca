"""SSI's rate limits, kept before SSI has to: logs of the calls per connection in Redis, shared by all who call.

Exact windows and no buckets: a bucket that is full lets twice the limit pass within one window. Of every limit a share
is left to cancels: whatever else there is to say, taking back gets through. And orders leave the next call to a
question that waits: what became of the orders before must not stay unknown because there are always more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Self
from uuid import UUID

import msgspec
from django.conf import settings

from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.ssi.trading import RateLimit

# The documented sample (FC Trading Specs v2.4): 5 calls a second and 30 in five seconds over everything.
SAMPLE_LIMITS = (RateLimit("*", "1s", 5), RateLimit("*", "5s", 30))
CANCEL_SHARE_PERCENT = 20
LIMITS_KEPT_S = 86_400
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PERIOD = re.compile(r"(\d+)([smhd])")

# Of each key (a limit's log) but the last one a pair of arguments: milliseconds, calls. Takes one call from all of them
# or answers after how many milliseconds to ask again. The last key says that a question waits, the last argument what
# this call is.
_TAKE = """
local waiting, kind = KEYS[#KEYS], ARGV[#ARGV]
local yields = kind == 'order' and redis.call('EXISTS', waiting) == 1
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local wait = 0
for i = 1, #KEYS - 1 do
  local window, limit = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  if yields and limit > 1 then limit = limit - 1 end
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - window)
  if limit <= 0 then
    if window > wait then wait = window end
  elseif redis.call('ZCARD', KEYS[i]) >= limit then
    local blocking = redis.call('ZREVRANGE', KEYS[i], limit - 1, limit - 1, 'WITHSCORES')
    local until_free = tonumber(blocking[2]) + window - now
    if until_free > wait then wait = until_free end
  end
end
if wait > 0 then
  if kind == 'question' then redis.call('SET', waiting, 1, 'PX', 1000) end
  return wait
end
if kind == 'question' then redis.call('DEL', waiting) end
for i = 1, #KEYS - 1 do
  redis.call('ZADD', KEYS[i], now, time[1] .. '.' .. time[2] .. '.' .. redis.call('ZCARD', KEYS[i]))
  redis.call('PEXPIRE', KEYS[i], ARGV[2 * i - 1])
end
return 0
"""


class Call(Enum):
    """What can be asked, as the broker's limits name it."""

    NEW_ORDER = ("POST", "neworder")
    MODIFY_ORDER = ("POST", "modifyorder")
    CANCEL_ORDER = ("POST", "cancelorder")
    QUERY = ("GET", "query")

    @property
    def kind(self) -> str:
        return {Call.CANCEL_ORDER: "cancel", Call.QUERY: "question"}.get(self, "order")

    @property
    def address(self) -> str:
        method, name = self.value
        return f"{method.lower()}:/api/v2/trading/{name}"


@dataclass(frozen=True, slots=True)
class Window:
    pattern: str
    period_ms: int
    calls: int

    def covers(self, call: Call) -> bool:
        return self.pattern == "*" or fnmatchcase(call.address, self.pattern)

    def calls_for(self, call: Call) -> int:
        """A limit of one cannot be shared, one that cancels do not count towards need not be."""
        if call is Call.CANCEL_ORDER or self.calls <= 1 or not self.covers(Call.CANCEL_ORDER):
            return self.calls
        return self.calls - max(1, self.calls * CANCEL_SHARE_PERCENT // 100)


class Pace:
    """`take` a call before making it. Raises TransientError without Redis.

    Without `limits` those that the gateway has learned from the broker hold, for everybody who calls."""

    def __init__(self, connection_id: UUID, limits: Sequence[RateLimit] | None = None) -> None:
        self._client: Any = redis_client(settings.REDIS_URL)
        self._key = f"qts:pace:{connection_id}"
        self._windows = windows(self._learned() if limits is None else limits)

    @classmethod
    def learn(cls, connection_id: UUID, limits: Sequence[RateLimit]) -> Self:
        """The broker's own limits, from now on for all."""
        pace = cls(connection_id, limits)
        with transient_errors():
            pace._client.set(f"{pace._key}:limits", msgspec.json.encode(list(limits)), ex=LIMITS_KEPT_S)
        return pace

    def take(self, call: Call = Call.QUERY) -> int:
        """0 when the call may be made now, else the milliseconds until it may be asked for again."""
        mine = [window for window in self._windows if window.covers(call)]
        keys = [f"{self._key}:{window.pattern}:{window.period_ms}" for window in mine]
        numbers = [number for window in mine for number in (window.period_ms, window.calls_for(call))]
        keys.append(f"{self._key}:question")
        with transient_errors():
            return int(self._client.eval(_TAKE, len(keys), *keys, *numbers, call.kind))

    def _learned(self) -> Sequence[RateLimit]:
        with transient_errors():
            kept = self._client.get(f"{self._key}:limits")
        return msgspec.json.decode(kept, type=list[RateLimit]) if kept else SAMPLE_LIMITS


class Allowance:
    """So many questions, granted one by one, for who must not stand still meanwhile: `is_granted` is asked again and
    again, and takes them all with the answer yes. The limits are those that were learned last."""

    def __init__(self, connection_id: UUID, questions: int) -> None:
        self._connection_id = connection_id
        self._questions = questions
        self._left = questions

    def is_granted(self) -> bool:
        pace = Pace(self._connection_id)
        while self._left and pace.take() == 0:
            self._left -= 1
        if self._left:
            return False
        self._left = self._questions
        return True


def windows(limits: Sequence[RateLimit]) -> list[Window]:
    """Those that we can read; the sample where the broker names none over everything."""
    found = [
        Window(_pattern(limit.endpoint), int(match[1]) * _UNIT_MS[match[2]], limit.limit)
        for limit in limits
        if limit.limit > 0 and (match := _PERIOD.fullmatch(limit.period))
    ]
    over_everything = any(window.pattern == "*" for window in found)
    return found if over_everything else [*windows(SAMPLE_LIMITS), *found]


def _pattern(endpoint: str) -> str:
    return "*" if endpoint == "*:*" else endpoint.lower()
