"""The list of replays in Valkey: whoever wants one writes here, the time machine reads it and says how far it is.

Every method raises TransientError while Valkey is away.
"""

import re
import secrets
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from qts.adapters.redis_client import redis_client, transient_errors
from qts.adapters.time_machine.names import (
    ALIVE_KEY,
    ID_FORM,
    ROOT,
    persons_key,
    replay_key,
    spec_key,
    watched_key,
    wishes_key,
)
from qts.domain.values import InstrumentKind

KEPT_AFTER_END_S: Final = 3_600  # so that whoever comes back learns how it ended
SILENT_MS: Final = 5_000  # a player reports several times a second
START_MS_MAX: Final = 60_000  # it looks for the day's beginning in the log first
WISHES_MAX: Final = 100
_ADMIT: Final = """
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 1 end
if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 2 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[4], '1', 'EX', ARGV[5])
redis.call('SET', KEYS[5], ARGV[4])
redis.call('HSET', KEYS[3], 'state', 'starting', 'run', '0', 'speed', ARGV[6], 'begun_ns', ARGV[7])
return 0
"""
_TELL: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
"""


class Source(StrEnum):
    LOG = "log"
    ARCHIVE = "archive"
    STORE = "store"

    @property
    def is_whole(self) -> bool:
        """Whether it holds every message; the others hold the matches alone."""
        return self is Source.LOG


class State(StrEnum):
    STARTING = "starting"
    PLAYING = "playing"
    PAUSED = "paused"
    SEEKING = "seeking"
    AT_END = "at_end"
    ENDED = "ended"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in {State.ENDED, State.FAILED}


class Spec(msgspec.Struct, frozen=True):
    """What shall be played. `start` is a position of the log, `file` a path of matches below the archive's folder.

    Times are milliseconds since 1970; `first_ms` and `last_ms` bound the day, `until_ms` is where its last match is.
    """

    owner_id: int
    owner: str
    day: str
    source: Source
    first_ms: int
    last_ms: int
    until_ms: int
    begin_ms: int = 0  # 0: from the beginning
    start: str = ""
    file: str = ""
    pace: float = 1.0
    instruments: dict[str, InstrumentKind] = {}
    references: dict[str, tuple[int, int, int]] = {}


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """`act` is pause, resume, speed, seek or stop."""

    act: str
    speed: int = 0
    to_ms: int = 0


class Progress(msgspec.Struct, frozen=True):
    """Where a replay is. `reported_ns` is the wall clock of the last report; `begins_ms` is the tape's first moment.

    `is_behind`: the machine does not manage the speed that was asked for, so the market's clock waits for it.
    """

    state: State
    run: int = 0
    at_ms: int = 0
    begins_ms: int = 0
    until_ms: int = 0
    speed: int = 1
    is_behind: bool = False
    restarts: int = 0
    reported_ns: int = 0
    detail: str = ""

    def is_silent(self, now_ns: int) -> bool:
        """Nobody plays it: the time machine is away."""
        most_ms = START_MS_MAX if self.state is State.STARTING else SILENT_MS
        return not self.state.is_over and now_ns - self.reported_ns > most_ms * 1_000_000


class Replay(msgspec.Struct, frozen=True):
    id: str
    spec: Spec
    progress: Progress


class TooManyReplays(Exception):
    def __init__(self, *, is_persons_own: bool) -> None:
        super().__init__("too many replays at once")
        self.is_persons_own = is_persons_own


def is_replay_id(text: str) -> bool:
    return re.fullmatch(ID_FORM, text) is not None


class Replays:
    def __init__(self, redis_url: str) -> None:
        self.client: Any = redis_client(redis_url)

    def begin(self, spec: Spec, *, speed: int, at_once_max: int, per_person_max: int, idle_s: int) -> str:
        """Its id. Raises TooManyReplays."""
        replay_id = secrets.token_hex(8)
        keys = [ALIVE_KEY, persons_key(spec.owner_id), replay_key(replay_id), watched_key(replay_id)]
        keys.append(spec_key(replay_id))
        values = [replay_id, at_once_max, per_person_max, msgspec.json.encode(spec), idle_s, speed, time.time_ns()]
        with transient_errors():
            refused = self.client.eval(_ADMIT, len(keys), *keys, *values)
        if refused:
            raise TooManyReplays(is_persons_own=refused == 2)
        return replay_id

    def alive(self) -> list[str]:
        with transient_errors():
            return sorted(member.decode() for member in self.client.smembers(ALIVE_KEY))

    def get(self, replay_id: str) -> Replay | None:
        return self.several([replay_id])[0] if is_replay_id(replay_id) else None

    def all(self) -> list[Replay]:
        """Those that are not over."""
        return [found for found in self.several(self.alive()) if found is not None]

    def several(self, ids: Sequence[str]) -> list[Replay | None]:
        with transient_errors(), self.client.pipeline(transaction=False) as pipe:
            for replay_id in ids:
                pipe.hgetall(replay_key(replay_id))
                pipe.get(spec_key(replay_id))
            answers = pipe.execute()
        return [
            Replay(replay_id, msgspec.json.decode(spec, type=Spec), _progress(fields)) if fields and spec else None
            for replay_id, fields, spec in zip(ids, answers[::2], answers[1::2], strict=True)
        ]

    def progress(self, replay_id: str) -> Progress | None:
        """The one thing that changes, for whoever knows the rest."""
        with transient_errors():
            fields = self.client.hgetall(replay_key(replay_id))
        return _progress(fields) if fields else None

    def wish(self, replay_id: str, wish: Wish) -> None:
        """More than a hundred that wait are a stuck key: the oldest go."""
        with transient_errors(), self.client.pipeline(transaction=True) as pipe:
            pipe.rpush(wishes_key(replay_id), msgspec.json.encode(wish))
            pipe.ltrim(wishes_key(replay_id), -WISHES_MAX, -1)
            pipe.expire(wishes_key(replay_id), KEPT_AFTER_END_S)
            pipe.execute()

    def wishes(self, replay_id: str) -> list[Wish]:
        """Taken off the list."""
        with transient_errors():
            taken = self.client.lpop(wishes_key(replay_id), WISHES_MAX)
        return [msgspec.json.decode(body, type=Wish) for body in taken or ()]

    def watch(self, replay_id: str, idle_s: int) -> None:
        """Somebody looks at it."""
        with transient_errors():
            self.client.set(watched_key(replay_id), "1", ex=idle_s)

    def is_watched(self, replay_id: str) -> bool:
        with transient_errors():
            return bool(self.client.exists(watched_key(replay_id)))

    def tell(self, replay_id: str, **changed: object) -> bool:
        """Fields of `Progress`. False when nobody knows of the replay any more."""
        flat = [part for name, value in changed.items() for part in (name, _field(value))]
        flat += ["reported_ns", str(time.time_ns())]
        with transient_errors():
            return bool(self.client.eval(_TELL, 1, replay_key(replay_id), *flat))

    def end(self, replay: Replay, state: State, detail: str) -> None:
        """Its market is gone, why is kept for an hour."""
        key = replay_key(replay.id)
        told = {"state": state.value, "detail": detail, "reported_ns": time.time_ns()}
        with transient_errors():
            is_known = self.client.exists(key)
            leftovers = set(self.client.scan_iter(f"{ROOT}{replay.id}:*", count=1_000)) - {spec_key(replay.id).encode()}
            with self.client.pipeline(transaction=True) as pipe:
                pipe.srem(ALIVE_KEY, replay.id)
                pipe.srem(persons_key(replay.spec.owner_id), replay.id)
                if is_known:
                    pipe.hset(key, mapping=told)
                    pipe.expire(key, KEPT_AFTER_END_S)
                pipe.expire(spec_key(replay.id), KEPT_AFTER_END_S)
                if leftovers:
                    pipe.unlink(*leftovers)
                pipe.execute()


def _field(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return value.value if isinstance(value, StrEnum) else str(value)


def _progress(fields: dict[bytes, bytes]) -> Progress:
    told = {name.decode(): body.decode() for name, body in fields.items()}
    told.setdefault("reported_ns", told.get("begun_ns", "0"))
    known = {name: told[name] for name in Progress.__struct_fields__ if name in told}
    return msgspec.convert(known, Progress, strict=False)
