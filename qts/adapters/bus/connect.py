"""From an address to the adapter that speaks to it."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from qts.adapters.bus.redis_streams import RedisStreamsBus
from qts.adapters.bus.tail import AsyncTail, Tail
from qts.adapters.redis_client import redis_client, transient_errors
from qts.domain.errors import TerminalError
from qts.domain.ports import Bus

GroupStart = Literal["0", "$"]
_REDIS = frozenset({"redis", "rediss", "unix"})


def connect(url: str, *, group_start: GroupStart = "0") -> Bus:
    """The bus at `url`. Make one for each run of a consumer: a new one begins with what its consumer left undone.

    `group_start` says where a consumer group begins that does not exist yet: "0" with all that is kept, "$" with what
    comes after. Raises TerminalError for an address that no adapter speaks.
    """
    scheme = urlsplit(url).scheme
    if scheme in _REDIS:
        return RedisStreamsBus(url, group_start=group_start)
    if scheme == "kafka":
        from qts.adapters.bus.kafka import KafkaBus  # its library is large, and most need the other one

        return KafkaBus(url, group_start=group_start)
    raise _unknown(scheme)


def answers(url: str) -> None:
    """Ask the server behind the bus whether it is there. Raises TransientError or TerminalError when it is not."""
    scheme = urlsplit(url).scheme
    if scheme in _REDIS:
        with transient_errors():
            redis_client(url).ping()
    elif scheme == "kafka":
        from qts.adapters.bus.kafka_client import kafka_client

        kafka_client(url).answers()
    else:
        raise _unknown(scheme)


def connect_tail(url: str, topics: Sequence[str], *, block_ms: int = 1_000) -> Tail:
    """What comes on these topics from now on, for a web process."""
    scheme = urlsplit(url).scheme
    if scheme in _REDIS:
        return AsyncTail(url, topics, block_ms=block_ms)
    if scheme == "kafka":
        from qts.adapters.bus.kafka_tail import KafkaTail

        return KafkaTail(url, topics, block_ms=block_ms)
    raise _unknown(scheme)


def _unknown(scheme: str) -> TerminalError:
    supported = "redis://, rediss://, unix://, kafka://"
    return TerminalError(f"EVENT_BUS_URL: no bus speaks '{scheme}://'; supported: {supported}")
