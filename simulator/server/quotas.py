"""Quotas of calls by key, in the form in which FC Trading's rateLimit shows them (specs v2.4, appendix on limits)."""

from collections import deque
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Final

import msgspec

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`endpoint` is `*`, `get:*`, `post:*` or `*:*/<name>`; `period` a number with s, m, h or d."""

    endpoint: str
    period: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5}[smhd]$")]
    limit: Annotated[int, msgspec.Meta(ge=0)]

    @property
    def period_s(self) -> int:
        return int(self.period[:-1]) * _SECONDS[self.period[-1]]

    def covers(self, method: str, path: str) -> bool:
        pattern = self.endpoint.lower()
        return pattern == "*" or fnmatchcase(f"{method}:/{path}".lower(), pattern)


TRADING_LIMITS: Final = (Limit("*", "1s", 50), Limit("*", "5s", 200))
DATA_LIMITS: Final = (Limit("*", "1s", 50),)  # SSI publishes none for its data


class Quotas:
    """Sliding windows. A call that is refused does not count."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._calls: dict[tuple[str, Limit], deque[float]] = {}

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self._limits

    def change(self, limits: Sequence[Limit]) -> None:
        """The windows begin anew."""
        self._limits = tuple(limits)
        self._calls.clear()

    def take(self, key: str, method: str, path: str, now_s: float) -> Limit | None:
        """Count a call; or the limit that forbids it."""
        windows = [
            (limit, self._calls.setdefault((key, limit), deque()))
            for limit in self._limits
            if limit.covers(method, path)
        ]
        for limit, calls in windows:
            while calls and calls[0] <= now_s - limit.period_s:
                calls.popleft()
            if len(calls) >= limit.limit:
                return limit
        for _, calls in windows:
            calls.append(now_s)
        return None
