"""Sees from within that a person's file answers: one that loops is told with its line, and its process ends."""

import signal
import traceback
from collections.abc import Callable, Collection
from types import FrameType
from typing import Final

ANSWER_S: Final = 10
_TRACE_FRAMES: Final = 6


class Watch:
    """One signal a second. The same call of a file that is still there after so many has not come to an end.

    Seconds in which the machine slept are no ticks. What a file does about the signal is no matter: then nobody says
    that this process is alive, and its parent ends it.
    """

    def __init__(
        self, files: Collection[str], *, answer_s: int, alive: Callable[[], None], stuck: Callable[[str, str], None]
    ) -> None:
        """`stuck` is told the line and the trace, and ends the process."""
        self._files, self._answer_s, self._alive, self._stuck = frozenset(files), answer_s, alive, stuck
        self._call: FrameType | None = None
        self._ticks_of_call = 0

    def begin(self) -> None:
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)

    def _look(self, _number: int, frame: FrameType | None) -> None:
        self._alive()
        call = self._call_of_file(frame)
        self._ticks_of_call = self._ticks_of_call + 1 if call is not None and call is self._call else 0
        self._call = call
        if self._ticks_of_call >= self._answer_s:
            stack = traceback.extract_stack(frame)
            own = [one for one in stack if one.filename in self._files]
            where = f"{own[-1].filename}, line {own[-1].lineno}, in {own[-1].name}"
            self._stuck(where, "".join(traceback.format_list(own[-_TRACE_FRAMES:])))

    def _call_of_file(self, frame: FrameType | None) -> FrameType | None:
        """The outermost frame of a file: the call that somebody waits for."""
        found = None
        while frame is not None:
            if frame.f_code.co_filename in self._files:
                found = frame
            frame = frame.f_back
        return found
