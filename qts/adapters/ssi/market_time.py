"""Dates and times of the wire (dd/MM/yyyy and HH:mm:ss, Vietnam time) and back."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from qts.domain.market import VIETNAM

FIRST_YEAR = 1970  # which the broker's own samples write where there is no day
TEXTS_LENGTH_MAX = len("31/12/2026") + len("23:59:59")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(day: str, at: str) -> int:
    """Milliseconds since the epoch; ValueError when either text has another form. Blanks around them are allowed, and a
    text full of them is not worth keeping."""
    if len(day) + len(at) > TEXTS_LENGTH_MAX:
        return _read_epoch_ms(day, at)
    return _kept_epoch_ms(day, at)


@lru_cache(maxsize=4096)
def _kept_epoch_ms(day: str, at: str) -> int:
    """Messages share few values."""
    return _read_epoch_ms(day, at)


def _read_epoch_ms(day: str, at: str) -> int:
    moment = datetime.combine(parse_day(day), _time_of(at), VIETNAM)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def day_at(epoch_ns: int) -> str:
    """The Vietnamese date of a moment, as the wire writes it."""
    return format_day((_EPOCH + timedelta(microseconds=epoch_ns // 1000)).astimezone(VIETNAM).date())


def parse_day(text: str) -> date:
    """ValueError for another form, and for a year before the wire's first: '14/08/26' is no day of ours."""
    parts = text.strip().split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{text[:40]!r} is no date of the form dd/MM/yyyy")
    day = date(int(parts[2]), int(parts[1]), int(parts[0]))
    if day.year < FIRST_YEAR:
        raise ValueError(f"{text[:40]!r} lies before {FIRST_YEAR}")
    return day


def format_day(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def _time_of(text: str) -> time:
    parts = text.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{text[:40]!r} is no time of the form HH:mm:ss")
    return time(int(parts[0]), int(parts[1]), int(parts[2]))
