"""Plays one tape on one clock. Nothing here knows of Valkey's address, of processes, or what time it is."""

from collections.abc import Callable
from typing import Final, Protocol

from qts.adapters.time_machine.picture import Picture, QuoteAfter
from qts.adapters.time_machine.replays import State, Wish
from qts.adapters.time_machine.tape import NothingRecorded, Place, Step, Tape
from qts.domain.events import BarClosed, Event, TickReceived
from qts.domain.market import PlayClock

KEEP_EVERY_MS: Final = 300_000  # of market time: how far apart the pictures are that a jump back begins from
STEPS_AT_ONCE: Final = 500
BEHIND_MS: Final = 1_000  # of market time, at the speed of one: less is the length of a turn

Steady = Callable[[], int]


class Shows(Protocol):
    def publish(self, run: int, events: list[Event], forming: list[BarClosed]) -> None: ...

    def show(self, run: int, picture: Picture) -> None: ...

    def forget(self, run: int) -> None: ...


class Player:
    """`steady` gives nanoseconds of a clock that never goes back. A turn is over after `turn_ns` of them, so that
    wishes are heard also while much is to be played. `last_run` is what a predecessor showed last."""

    def __init__(
        self,
        tape: Tape,
        shows: Shows,
        steady: Steady,
        *,
        speed: int = 1,
        last_run: int = 0,
        turn_ns: int = 100_000_000,
        quote_after: QuoteAfter | None = None,
    ) -> None:
        self.run = last_run
        self.is_behind = False
        self.is_over = False
        self.published = 0
        self._tape, self._shows, self._steady, self._turn_ns = tape, shows, steady, turn_ns
        self._picture = Picture(quote_after)
        before, first = tape.place, tape.next()
        if first is None:
            raise NothingRecorded("the recording holds nothing of that day")
        self.begins_ms = first.at_ms - 1  # nothing has come yet
        self.ends_ms = 0  # known once the tape has come to its end
        self._kept: list[tuple[int, Place, Picture]] = [(self.begins_ms, before, self._picture.copy())]
        self._pending: Step | None = first
        self._folded_ms = self.begins_ms
        self._clock = PlayClock(self.begins_ms * 1_000_000, speed)
        self._aim_ms: int | None = None
        self._wants_to_run = False

    @property
    def at_ms(self) -> int:
        return self._clock.now_ms(self._steady())

    @property
    def speed(self) -> int:
        return self._clock.speed

    @property
    def state(self) -> State:
        if self.is_over:
            return State.ENDED
        if self._aim_ms is not None:
            return State.SEEKING
        if self._clock.is_running:
            return State.PLAYING
        return State.AT_END if self._wants_to_run and self._pending is None else State.PAUSED

    def obey(self, wish: Wish) -> None:
        """Raises ValueError for a wish that means nothing."""
        if wish.act == "pause":
            self._wants_to_run = False
            self._clock.stand(self._steady())
        elif wish.act == "resume":
            self._wants_to_run = True
            if self._aim_ms is None:
                self._clock.run(self._steady())
        elif wish.act == "speed":
            self._clock.go_at(wish.speed, self._steady())
        elif wish.act == "seek":
            self._seek(wish.to_ms)
        elif wish.act == "stop":
            self.is_over = True
        else:
            raise ValueError(f"a replay cannot {wish.act!r}")

    def turn(self) -> None:
        """Publish what is due, or go on with a jump."""
        until_ns = self._steady() + self._turn_ns
        if self._aim_ms is not None:
            self._fold_on(self._aim_ms, until_ns)
        elif self._clock.is_running:
            self._play_on(until_ns)

    def _play_on(self, until_ns: int) -> None:
        while True:
            now_ms = self.at_ms
            events = self._due(now_ms)
            if events:
                self._publish(events)
            if not self._is_due(now_ms):
                self.is_behind = False
                break
            if self._steady() >= until_ns:
                self._wait_for_the_tape()
                break
        if self._pending is None:
            self._come_to_the_end()

    def _publish(self, events: list[Event]) -> None:
        matched = sorted({event.symbol for event in events if isinstance(event, TickReceived)})
        self._shows.publish(self.run, events, self._picture.forming(matched))
        self.published += len(events)

    def _due(self, now_ms: int) -> list[Event]:
        told: list[Event] = []
        for _ in range(STEPS_AT_ONCE):
            if self._pending is None or self._pending.at_ms > now_ms:
                break
            told.extend(self._fold(self._pending))
        return told

    def _is_due(self, now_ms: int) -> bool:
        return self._pending is not None and self._pending.at_ms <= now_ms

    def _wait_for_the_tape(self) -> None:
        """More was due than could be told: the market's clock stays with what has been told."""
        late_ms = self.at_ms - self._folded_ms
        if late_ms > BEHIND_MS * self.speed:
            self.is_behind = True
            self._clock.jump(self._folded_ms, self._steady())

    def _come_to_the_end(self) -> None:
        self.ends_ms = self._folded_ms
        self._clock.stand(self._steady())
        self._clock.jump(self.ends_ms, self._steady())

    def _fold(self, step: Step) -> list[Event]:
        """Take the pending step into the picture and read the next; returns what is to be published."""
        told = self._picture.take(step.at_ms, step.events)
        self._folded_ms = step.at_ms
        if step.at_ms >= self._kept[-1][0] + KEEP_EVERY_MS:
            self._kept.append((step.at_ms, self._tape.place, self._picture.copy()))
        self._pending = self._tape.next()
        return told

    def _seek(self, to_ms: int) -> None:
        """The nearest picture at or before; forwards from where it is when that is nearer."""
        aim_ms = max(to_ms, self.begins_ms)
        if self.ends_ms:
            aim_ms = min(aim_ms, self.ends_ms)
        self._clock.stand(self._steady())
        kept = max((one for one in self._kept if one[0] <= aim_ms), key=lambda one: one[0])
        if aim_ms < self._folded_ms or kept[0] > self._folded_ms:
            at_ms, place, picture = kept
            self._tape.go_to(place)
            self._picture, self._folded_ms = picture.copy(), at_ms
            self._pending = self._tape.next()
        self._aim_ms = aim_ms

    def _fold_on(self, aim_ms: int, until_ns: int) -> None:
        while self._is_due(aim_ms):
            self._due(aim_ms)
            if self._steady() >= until_ns:
                return
        if self._pending is None:
            self.ends_ms = self._folded_ms
            aim_ms = min(aim_ms, self.ends_ms)
        self._arrive(aim_ms)

    def _arrive(self, aim_ms: int) -> None:
        old, self.run = self.run, self.run + 1
        self._shows.show(self.run, self._picture)
        if old:
            self._shows.forget(old)
        self._aim_ms = None
        self._clock.jump(aim_ms, self._steady())
        if self._wants_to_run and self._pending is not None:
            self._clock.run(self._steady())
