"""`python -m qts.adapters.time_machine.play <replay id>`: the process that plays one replay.

Its environment names Valkey and the folder of the recordings, and nothing else: no database, no key, no broker. Once
it is connected it shuts itself in like a strategy's process: no other connection, no file to write, no new program.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from qts.adapters.sandbox.confinement import confine, folders_of
from qts.adapters.time_machine.player import Player
from qts.adapters.time_machine.replays import Replay, Replays, State, Wish
from qts.adapters.time_machine.stage import Stage
from qts.adapters.time_machine.tape import DayBounds, LogTape, MatchTape, NothingRecorded
from qts.adapters.wal import WalPositionGone
from qts.domain.errors import TransientError

DONE, INTERRUPTED = 0, 1  # exit codes
TURN_S: Final = 0.05
REPORT_EVERY_S: Final = 0.2
MEMORY_BYTES_MAX: Final = 4 << 30
CPU_S_MAX: Final = 24 * 3_600
LIBRARIES: Final = ("redis", "hiredis", "structlog", "msgspec")
OWN_CODE: Final = Path(__file__).resolve().parents[2]

log = structlog.get_logger(__name__)


class Performance:
    """One replay from its start, or from where a predecessor was, to its end."""

    def __init__(self, replays: Replays, replay: Replay, folder: Path) -> None:
        self._replays, self._replay, self._folder = replays, replay, folder
        self._stage = Stage(replays.client, replay.id)
        self._player: Player | None = None
        self._told: tuple[object, ...] = ()
        self._report_at = 0.0

    def run(self) -> int:
        parent = os.getppid()
        before = self._replay.progress
        self._replays.tell(self._replay.id, state=State.STARTING)
        player = self._player = self._set_up()
        if not self._shut_in():
            log.warning("replay_not_confined", replay=self._replay.id)
        if before.run:
            self._stage.forget(before.run)
        player.obey(Wish("seek", to_ms=before.at_ms or self._replay.spec.begin_ms))
        if before.state not in {State.PAUSED, State.AT_END}:
            player.obey(Wish("resume"))
        while True:
            if os.getppid() != parent:
                return INTERRUPTED  # who started us, and has the lease, is gone
            if ended := self._why_over(player):
                self._replays.end(self._replay, State.ENDED, ended)
                return DONE
            if not self._turn(player):
                return DONE

    def _turn(self, player: Player) -> bool:
        """False when nobody knows of the replay any more."""
        began = time.monotonic()
        for wish in self._replays.wishes(self._replay.id):
            player.obey(wish)
        player.turn()
        is_known = player.is_over or self._report(player)
        time.sleep(max(0.0, TURN_S - (time.monotonic() - began)))
        return is_known

    def _why_over(self, player: Player) -> str:
        if player.is_over:
            return "stopped"
        return "" if self._replays.is_watched(self._replay.id) else "nobody watched"

    def _report(self, player: Player) -> bool:
        told = (player.state, player.run, player.speed, player.is_behind)
        if told == self._told and time.monotonic() < self._report_at:
            return True
        self._told, self._report_at = told, time.monotonic() + REPORT_EVERY_S
        return self._replays.tell(
            self._replay.id,
            state=player.state,
            run=player.run,
            at_ms=player.at_ms,
            begins_ms=player.begins_ms,
            until_ms=player.ends_ms or self._replay.spec.until_ms,
            speed=player.speed,
            is_behind=player.is_behind,
        )

    def _set_up(self) -> Player:
        spec, progress = self._replay.spec, self._replay.progress
        make = partial(Player, shows=self._stage, steady=time.monotonic_ns, speed=progress.speed, last_run=progress.run)
        if spec.source.is_whole:
            bounds = DayBounds(spec.first_ms, spec.last_ms)
            return make(LogTape(self._folder / "wal", bounds, spec.instruments, start=spec.start, pace=spec.pace))
        matches = MatchTape(self._folder / "archive" / spec.file, spec.references)
        return make(matches, quote_after=matches.quote_after)

    def _shut_in(self) -> bool:
        readable = [self._folder / "wal", OWN_CODE, *folders_of(LIBRARIES)]
        layers = confine(
            [str(path) for path in readable],
            memory_bytes=MEMORY_BYTES_MAX,
            cpu_s=CPU_S_MAX,
            keeps_connections=True,
        )
        log.info("replay_confined", replay=self._replay.id, layers=list(layers))
        return len(layers) > 1


def main(replay_id: str) -> int:
    replays = Replays(os.environ["REDIS_URL"])
    try:
        replay = replays.get(replay_id)
        if replay is None or replay.progress.state.is_over:
            return DONE
        try:
            return Performance(replays, replay, Path(os.environ["QTS_DATA_DIR"])).run()
        except (NothingRecorded, WalPositionGone, FileNotFoundError) as error:
            log.warning("replay_ended", replay=replay_id, reason=str(error))
            replays.end(replay, State.FAILED, str(error))
            return DONE
    except TransientError as error:
        log.warning("replay_interrupted", replay=replay_id, reason=str(error))
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
