"""Replays begun, steered and ended. Nothing is written but what stands below `qts:replay:` in Valkey."""

import secrets
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from apps.marketdata.models import ArchivedDay
from apps.marketdata.selectors import day_bounds_ms, instrument_kinds, market_moment, references
from apps.marketdata.selectors.archive import COLUMNS, archive_path
from apps.marketdata.selectors.recordings import Recording, recording
from apps.marketdata.selectors.replays import ReplayView, replay
from apps.marketdata.services.archive import day_batches
from qts.adapters.archive import write_day
from qts.adapters.time_machine.replays import Replays, Source, Spec, State, TooManyReplays, Wish
from qts.domain.errors import Said
from qts.domain.market import SPEED_MAX, SPEED_MIN, VIETNAM, ms_of

COPIES: Final = "replays"  # a folder of the archive: copies of stored matches, for as long as they are played
ACTS: Final = ("pause", "resume", "speed", "seek", "stop")


class ReplayRefused(Exception):
    """A stable code, and the sentence for whoever calls over REST."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def start_replay(*, owner_id: int, owner: str, day: date, speed: int = 1, at: time | None = None) -> str:
    """Its id; it plays from `at` (Vietnam), or from the first message. Raises ReplayRefused."""
    found = recording(day)
    if found is None:
        raise ReplayRefused("NOT_RECORDED", Said("Nothing of {day} is recorded.", day=day))
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise ReplayRefused(
            "SPEED_OUT_OF_RANGE",
            Said(
                "A replay runs at {speed_min} to {speed_max} times the speed.", speed_min=SPEED_MIN, speed_max=SPEED_MAX
            ),
        )
    try:
        return Replays(settings.REDIS_URL).begin(
            _spec(found, owner_id, owner, at),
            speed=speed,
            at_once_max=settings.REPLAYS_MAX,
            per_person_max=settings.REPLAYS_OF_ONE_PERSON_MAX,
            idle_s=settings.REPLAY_IDLE_S,
        )
    except TooManyReplays as error:
        most = settings.REPLAYS_OF_ONE_PERSON_MAX if error.is_persons_own else settings.REPLAYS_MAX
        said = Said("You play {most} days already; end one first.", most=most)
        if not error.is_persons_own:
            said = Said("{most} days are played already; wait until one is over.", most=most)
        raise ReplayRefused("TOO_MANY_REPLAYS", said) from error


def steer_replay(replay_id: str, act: str, *, speed: int = 0, at: time | None = None) -> ReplayView:
    """What it was before it has heard of the wish. Raises ReplayRefused."""
    view = replay(replay_id)
    if view is None:
        raise ReplayRefused("REPLAY_NOT_FOUND", Said("There is no such replay."))
    if view.state.is_over:
        raise ReplayRefused("REPLAY_OVER", Said("This replay is over."))
    if act not in ACTS:
        raise ReplayRefused("UNKNOWN_ACT", Said("A replay can {acts}.", acts=", ".join(ACTS)))
    if act == "speed" and not SPEED_MIN <= speed <= SPEED_MAX:
        raise ReplayRefused(
            "SPEED_OUT_OF_RANGE",
            Said(
                "A replay runs at {speed_min} to {speed_max} times the speed.", speed_min=SPEED_MIN, speed_max=SPEED_MAX
            ),
        )
    if act == "seek" and at is None:
        raise ReplayRefused("TIME_MISSING", Said("Name the time of day to go to."))
    known = Replays(settings.REDIS_URL)
    if act == "stop" and view.is_silent and (found := known.get(replay_id)) is not None:
        known.end(found, State.ENDED, "stopped")  # nobody is there who would hear the wish
    else:
        known.wish(
            replay_id,
            Wish(act, speed=speed if act == "speed" else 0, to_ms=_ms_at(view.day, at) if at and act == "seek" else 0),
        )
    return view


def watch_replay(replay_id: str) -> None:
    """Somebody looks at it: it does not end for some minutes more."""
    Replays(settings.REDIS_URL).watch(replay_id, settings.REPLAY_IDLE_S)


def _spec(found: Recording, owner_id: int, owner: str, at: time | None) -> Spec:
    first_ms, last_ms = day_bounds_ms(found.day)
    kinds = instrument_kinds()
    return Spec(
        owner_id=owner_id,
        owner=owner,
        day=found.day.isoformat(),
        source=found.source,
        first_ms=first_ms,
        last_ms=last_ms,
        until_ms=found.until_ms,
        begin_ms=_ms_at(found.day, at) if at else 0,
        start=found.start,
        file=_file(found),
        pace=market_moment().speed,
        instruments=kinds,
        references={} if found.is_whole else dict(references(list(kinds), found.day)),
    )


def _file(found: Recording) -> str:
    if found.source is Source.LOG:
        return ""
    folder = Path(settings.ARCHIVE_DIR)
    if found.source is Source.ARCHIVE:
        return str(archive_path("ticks", found.day).relative_to(folder))
    copy = f"{COPIES}/{secrets.token_hex(8)}.parquet"
    with transaction.atomic():  # one view of the rows, and what a cursor on the server needs
        write_day(folder / copy, COLUMNS["ticks"], day_batches(ArchivedDay.Kind.TICKS, found.day))
    return copy


def _ms_at(day: date, at: time) -> int:
    return ms_of(datetime.combine(day, at, tzinfo=VIETNAM))
