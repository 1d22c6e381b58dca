"""What stands where in Valkey. All of it begins with `qts:replay:`, so that no name of the live market can be meant."""

from dataclasses import dataclass
from typing import Final

ROOT: Final = "qts:replay:"
ALIVE_KEY: Final = f"{ROOT}alive"
ID_FORM: Final = r"[0-9a-f]{16}"


def persons_key(owner_id: int) -> str:
    """The replays of one person that are not over."""
    return f"{ROOT}of:{owner_id}"


def replay_key(replay_id: str) -> str:
    """How far it is."""
    return f"{ROOT}{replay_id}"


def spec_key(replay_id: str) -> str:
    """What was asked for."""
    return f"{ROOT}{replay_id}:spec"


def wishes_key(replay_id: str) -> str:
    """A list of what its owner wants next, oldest first."""
    return f"{ROOT}{replay_id}:wishes"


def watched_key(replay_id: str) -> str:
    """It is there as long as somebody has looked lately."""
    return f"{ROOT}{replay_id}:watched"


@dataclass(frozen=True, slots=True)
class RunNames:
    """A jump begins a new run with names of its own, so nobody sees half a jump, nor news of the time before it."""

    replay_id: str
    run: int

    @property
    def prefix(self) -> str:
        return f"{ROOT}{self.replay_id}:{self.run}:"

    @property
    def latest(self) -> str:
        """For `qts.adapters.latest_state`."""
        return f"{self.prefix}live:"

    @property
    def bus(self) -> str:
        return f"{self.prefix}bus:"

    def matches(self, symbol: str) -> str:
        """A list of the newest, oldest first, as the JSON of their events."""
        return f"{self.prefix}matches:{symbol}"

    def forming(self, symbol: str) -> str:
        """The minute that was being built when its last match came; who reads it looks whether it is over."""
        return f"{self.prefix}forming:{symbol}"
