"""Leases: one holder of a name at a time, each with a higher epoch than the one before.

An endless loop runs in slices under a lease. A holder that was asleep for longer than `ttl_s` has lost it, finds out at
its next `renew`, and what it would still write can be refused by its older epoch (fencing). Where the processes show
their life (`show_life`), a lease of one that is gone is taken over at once instead of after its ttl.
"""

import secrets
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from qts.adapters.life import Life
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.errors import TransientError

# The epoch must never go back, even when the server lost its data: it is at least the server's clock in seconds.
# A name that is held is taken from that one holder only (ARGV[3]) whom the caller knows to be gone; else its holder's
# token is the answer.
_ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[3] then return holder end
local epoch = redis.call('INCR', KEYS[2])
local seconds = tonumber(redis.call('TIME')[1])
if epoch < seconds then
  epoch = seconds
  redis.call('SET', KEYS[2], epoch)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return epoch
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

_LIFE_MARK = "life"  # a holder's token is "life:<name>:<random>", or random alone where nobody shows life

_stopping = threading.Event()
_life: Life | None = None


def show_life(life: Life | None) -> None:
    """Every lease of this process tells from now on whose it is; None ends that."""
    global _life  # noqa: PLW0603 (one process, one life)
    _life = life


def stop_all_slices() -> None:
    """Every slice of this process ends at its next turn; for the worker's shutdown signal."""
    _stopping.set()


class Lease:
    """A name in Redis that one holder has for `ttl_s` seconds at a time. Calls raise TransientError without Redis."""

    def __init__(self, redis_url: str, name: str, ttl_s: float) -> None:
        self.name = name
        self.ttl_s = ttl_s
        self._client = redis_client(redis_url)
        self._keys = [_key(name), f"{_key(name)}:epoch"]
        self._token = ""
        self._epoch: int | None = None
        self._held_until = 0.0

    def acquire(self) -> int | None:
        """The new epoch, or None when somebody else holds the name and may be there."""
        holder = self._take("")
        if holder and _is_gone(holder):
            holder = self._take(holder)
        return None if holder else self._epoch

    def renew(self) -> bool:
        """Hold it for another `ttl_s`; False when it was lost, and then it stays lost for this object."""
        if self._epoch is None:
            return False
        asked_at = time.monotonic()
        with transient_errors():
            still_ours = self._client.eval(_RENEW, 1, self._keys[0], self._token, self._ttl_ms)
        if not still_ours:
            self._forget()
            return False
        self._held_until = asked_at + self.ttl_s
        return True

    def release(self) -> None:
        """Let the next one in at once; a lease that was lost meanwhile is left to its new holder."""
        if self._epoch is None:
            return
        token = self._token
        self._forget()
        with transient_errors():
            self._client.eval(_RELEASE, 1, self._keys[0], token)

    @property
    def epoch(self) -> int | None:
        return self._epoch

    @property
    def held(self) -> bool:
        """Whether the last answer still covers this moment; counted from before the question, so never too long."""
        return self._epoch is not None and time.monotonic() < self._held_until

    @property
    def _ttl_ms(self) -> int:
        return round(self.ttl_s * 1000)

    def _take(self, gone_holder: str) -> str:
        """ "" when it is ours now, else the token of who holds it."""
        token, asked_at = _new_token(), time.monotonic()
        with transient_errors():
            answer: Any = self._client.eval(_ACQUIRE, 2, *self._keys, token, self._ttl_ms, gone_holder)
        if not isinstance(answer, int):
            return str(answer.decode())
        self._token, self._epoch = token, answer
        self._held_until = asked_at + self.ttl_s
        return ""

    def _forget(self) -> None:
        self._token, self._epoch, self._held_until = "", None, 0.0


class Slice:
    """A bounded run under a lease: `with slice_of(lease, 60) as turn: while turn.goes_on(): ...`.

    `goes_on` is False from the first when another holder has the lease. It renews at most every third of the ttl and
    ends the run after `seconds_max`, when the lease is lost, or when the worker shuts down. The body of the loop must
    come back within the ttl, or the lease is gone.
    """

    def __init__(self, lease: Lease, seconds_max: float) -> None:
        self._lease = lease
        self._seconds_max = seconds_max
        self._ends_at = 0.0
        self._renew_at = 0.0

    def __enter__(self) -> Self:
        started_at = time.monotonic()
        self._ends_at = started_at + self._seconds_max
        self._renew_at = started_at + self._lease.ttl_s / 3
        if not _stopping.is_set():
            self._lease.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._lease.release()
        except TransientError:
            # Redis is away: the key runs out by itself within the ttl, and the error that ended the slice matters more.
            return

    @property
    def epoch(self) -> int | None:
        """The fencing epoch of this run; None when the lease was not to be had or is lost."""
        return self._lease.epoch

    def goes_on(self) -> bool:
        now = time.monotonic()
        if now >= self._ends_at or _stopping.is_set():
            return False
        if now >= self._renew_at:
            self._renew(now)
        return self._lease.held

    def _renew(self, now: float) -> None:
        try:
            self._lease.renew()
        except TransientError:
            # Nobody else can take it before the ttl has passed either; `held` ends the run then.
            return
        self._renew_at = now + self._lease.ttl_s / 3


def slice_of(lease: Lease, seconds_max: float) -> Slice:
    return Slice(lease, seconds_max)


class LeaseWatch:
    """Tells which of some names nobody has held for `silence_s_max` seconds, counted from the first look at the
    earliest: whoever watches begins together with those it watches."""

    def __init__(self, redis_url: str, silence_s_max: float) -> None:
        self._client = redis_client(redis_url)
        self._silence_s_max = silence_s_max
        self._missing_since: dict[str, float] = {}

    def lost(self, names: Sequence[str]) -> list[str]:
        """To be asked often: a holder that came and went between two looks was not seen. Raises TransientError."""
        with transient_errors(), self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(_key(name))
            held = pipe.execute()
        now = time.monotonic()
        missing = [name for name, is_held in zip(names, held, strict=True) if not is_held]
        self._missing_since = {name: self._missing_since.get(name, now) for name in missing}
        return [name for name in missing if now - self._missing_since[name] >= self._silence_s_max]

    @property
    def is_complete(self) -> bool:
        """Whether the last look found a holder of every name: who is not lost yet may be missing all the same."""
        return not self._missing_since


def _new_token() -> str:
    shown = _life.name() if _life else ""
    return f"{_LIFE_MARK}:{shown}:{secrets.token_hex(16)}" if shown else secrets.token_hex(16)


def _is_gone(holder: str) -> bool:
    """Whether the process that has this token has ended for certain."""
    mark, _, rest = holder.partition(":")
    return _life is not None and mark == _LIFE_MARK and _life.is_over(rest.partition(":")[0])


def _key(name: str) -> str:
    return f"qts:lease:{name}"
