"""One Redis client per address, with limits: no call may wait for ever, and no blocking read may outlive its socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from qts.domain.errors import TerminalError, TransientError

SOCKET_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
BLOCK_MS_MAX = 5_000  # half the socket time-out: an empty blocking read must answer before the socket gives up


@cache
def redis_client(url: str) -> "redis.Redis":
    """A thread-safe client with its own pool.

    It does not repeat a command by itself: redis-py would send a timed-out XADD up to three more times, and each one
    that had arrived would be in the stream again. Who calls knows whether a repetition does harm.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


@contextmanager
def transient_errors() -> Iterator[None]:
    """Turn the library's failures into ours: a server that is away, starting or full may be back soon."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.OutOfMemoryError, OSError) as error:
        raise TransientError(f"Redis: {error}") from error
    except redis.exceptions.ReadOnlyError as error:
        raise TransientError(f"Redis: {error}") from error
    except redis.RedisError as error:
        raise TerminalError(f"Redis: {error}") from error
