"""From an address to the adapter that speaks to it."""

from typing import Literal
from urllib.parse import urlsplit

from qts.adapters.bus.redis_streams import RedisStreamsBus
from qts.domain.errors import TerminalError

GroupStart = Literal["0", "$"]


def connect(url: str, *, group_start: GroupStart = "0") -> RedisStreamsBus:
    """The bus at `url`. Make one for each run of a consumer: a new one begins with what its consumer left undone.

    `group_start` says where a consumer group begins that does not exist yet: "0" with all that is kept, "$" with what
    comes after. Raises TerminalError for an address that no adapter speaks.
    """
    scheme = urlsplit(url).scheme
    if scheme in {"redis", "rediss", "unix"}:
        return RedisStreamsBus(url, group_start=group_start)
    raise TerminalError(f"EVENT_BUS_URL: no bus speaks '{scheme}://'; supported: redis://, rediss://, unix://")
