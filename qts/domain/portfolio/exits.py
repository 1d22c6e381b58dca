"""When a held position must go. Prices are VND; all levels are of the last price."""

from dataclasses import dataclass
from enum import StrEnum

BPS = 10_000


class ExitReason(StrEnum):
    STOP_LOSS = "STOP_LOSS"
    TRAILING_STOP = "TRAILING_STOP"
    TAKE_PROFIT = "TAKE_PROFIT"


@dataclass(frozen=True, slots=True)
class ExitLevels:
    """None where nothing is to happen. `trail_bps` is a share of the best price since the levels were set."""

    stop_vnd: int | None = None
    target_vnd: int | None = None
    trail_bps: int | None = None

    @property
    def problem(self) -> str:
        """Why these levels cannot be set; empty when they can."""
        if self.stop_vnd is None and self.target_vnd is None and self.trail_bps is None:
            return "an exit needs a stop-loss, a take-profit or a trailing stop"
        if any(level is not None and level <= 0 for level in (self.stop_vnd, self.target_vnd, self.trail_bps)):
            return "a level is above zero"
        if self.trail_bps is not None and self.trail_bps >= BPS:
            return "a trailing stop is less than 100 % away"
        if self.stop_vnd is not None and self.target_vnd is not None and self.stop_vnd >= self.target_vnd:
            return "the stop-loss lies below the take-profit"
        return ""


def trailing_stop_vnd(peak_vnd: int, trail_bps: int) -> int:
    """Rounded down: a stop on the edge is not reached by rounding."""
    return peak_vnd * (BPS - trail_bps) // BPS


def exit_reason(levels: ExitLevels, *, last_vnd: int, peak_vnd: int) -> ExitReason | None:
    """What the last price calls for. The plain stop first: where two are reached, the firmer word is told."""
    if levels.stop_vnd is not None and last_vnd <= levels.stop_vnd:
        return ExitReason.STOP_LOSS
    if levels.trail_bps is not None and last_vnd <= trailing_stop_vnd(peak_vnd, levels.trail_bps):
        return ExitReason.TRAILING_STOP
    if levels.target_vnd is not None and last_vnd >= levels.target_vnd:
        return ExitReason.TAKE_PROFIT
    return None
