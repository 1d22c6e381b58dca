"""A replay's market in Valkey: its bus and its latest state, below its own prefix."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from qts.adapters.bus import encode
from qts.adapters.bus.redis_streams import add_messages
from qts.adapters.latest_state import write_latest
from qts.adapters.redis_client import transient_errors
from qts.adapters.time_machine.names import RunNames
from qts.adapters.time_machine.picture import TAPE_LENGTH, Picture
from qts.domain.events import BarClosed, Event, TickReceived
from qts.domain.ports import BusMessage

STREAM_LENGTH_MAX: Final = 20_000  # of each topic: watchers read within seconds, and nobody reads it later
KEYS_AT_ONCE: Final = 500


class Stage:
    """Every method raises TransientError while Valkey is away."""

    def __init__(self, client: Any, replay_id: str) -> None:
        self._client = client
        self._replay_id = replay_id

    def publish(self, run: int, events: Iterable[Event], forming: Iterable[BarClosed]) -> None:
        """In order, with the latest state that they make; `forming` are the minutes that they have changed."""
        names, messages = RunNames(self._replay_id, run), [encode(event) for event in events]
        with transient_errors(), self._client.pipeline(transaction=False) as pipe:
            add_messages(pipe, names.bus, messages, STREAM_LENGTH_MAX)
            _write_state(pipe, names, messages, forming)
            pipe.execute()

    def show(self, run: int, picture: Picture) -> None:
        """All of a picture at once, as the beginning of a new run."""
        events = [*picture.latest.values(), *(tick for kept in picture.matches.values() for tick in kept)]
        with transient_errors(), self._client.pipeline(transaction=True) as pipe:
            _write_state(pipe, RunNames(self._replay_id, run), [encode(event) for event in events], picture.forming())
            pipe.execute()

    def forget(self, run: int) -> None:
        """A run that nobody shall see any more."""
        prefix = RunNames(self._replay_id, run).prefix
        with transient_errors():
            keys = list(self._client.scan_iter(f"{prefix}*", count=1_000))
            for first in range(0, len(keys), KEYS_AT_ONCE):
                self._client.unlink(*keys[first : first + KEYS_AT_ONCE])


def _write_state(pipe: Any, names: RunNames, messages: Sequence[BusMessage], forming: Iterable[BarClosed]) -> None:
    write_latest(pipe, names.latest, messages)
    matches: dict[str, list[bytes]] = {}
    for message in messages:
        if message.topic == TickReceived.topic:
            matches.setdefault(message.key, []).append(message.body)
    for symbol, new in matches.items():
        pipe.rpush(names.matches(symbol), *new[-TAPE_LENGTH:])
        pipe.ltrim(names.matches(symbol), -TAPE_LENGTH, -1)
    for bar in forming:
        pipe.set(names.forming(bar.symbol), encode(bar).body)
