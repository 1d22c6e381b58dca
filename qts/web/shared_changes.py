"""What changed of many things since the last beat, merged once and encoded once for all sockets of a pace."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from qts.domain.events import Event
from qts.web.beats import Beat
from qts.web.live_feed import LiveFeed, live_feed

_encode = msgspec.json.Encoder().encode
_UNKNOWN = object()


class SharedChanges:
    """The latest fields of each key somebody follows; subclasses say which an event carries.

    Memory is bounded by the keys: a socket that is told nothing for a while costs nothing here.
    """

    topics: ClassVar[tuple[str, ...]]

    def __init__(self, feed: LiveFeed | None = None) -> None:
        self._feed = feed or live_feed()
        self._followers: Counter[str] = Counter()
        self._latest: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, dict[str, Any]] = {}
        self._telling: dict[str, dict[str, Any]] = {}
        self._parts: dict[str, str] = {}  # of the beat
        self._wholes: dict[str, str] = {}  # until the key changes
        self._bodies: dict[frozenset[str], str] = {}  # of the beat: who follows the same is told the same
        self._number = -1

    def fields(self, event: Event) -> dict[str, Any]:
        raise NotImplementedError

    def follow(self, keys: Iterable[str]) -> None:
        new = [key for key in keys if not self._followers[key]]
        self._followers.update(keys)
        self._feed.attach(self.topics, self.on_event, new)

    def leave(self, keys: Iterable[str]) -> None:
        self._followers.subtract(keys)
        gone = [key for key in keys if not self._followers[key]]
        self._feed.detach(self.topics, self.on_event, gone)
        for key in gone:
            del self._followers[key]
            for known in (self._latest, self._changed, self._telling, self._parts, self._wholes):
                known.pop(key, None)

    def on_event(self, event: Event) -> None:
        key = event.key
        latest = self._latest.setdefault(key, {})
        new = {name: value for name, value in self.fields(event).items() if latest.get(name, _UNKNOWN) != value}
        if new:
            latest.update(new)
            self._changed.setdefault(key, {}).update(new)
            self._wholes.pop(key, None)

    def told(self, beat: Beat, keys: frozenset[str], *, whole: bool) -> str | None:
        """The JSON object of what changed since the beat before, or of all that is known, of these keys."""
        if beat.number != self._number:
            self._number, self._telling, self._changed = beat.number, self._changed, {}
            self._parts, self._bodies = {}, {}
        if whole:
            return _joined([self._whole(key) for key in keys if key in self._latest])
        body = self._bodies.get(keys)
        if body is None:
            smaller, larger = (keys, self._telling) if len(keys) < len(self._telling) else (self._telling, keys)
            body = self._bodies[keys] = _joined([self._part(key) for key in smaller if key in larger]) or ""
        return body or None

    def _part(self, key: str) -> str:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _named(key, self._telling[key])
        return part

    def _whole(self, key: str) -> str:
        whole = self._wholes.get(key)
        if whole is None:
            whole = self._wholes[key] = _named(key, self._latest[key])
        return whole


def _named(key: str, fields: dict[str, Any]) -> str:
    return f"{_encode(key).decode()}:{_encode(fields).decode()}"


def _joined(parts: list[str]) -> str | None:
    return "{" + ",".join(parts) + "}" if parts else None
