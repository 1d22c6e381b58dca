"""Numbers and moments as the Vietnamese board shows them: a point for decimals, commas between thousands."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

HANOI: Final = timezone(timedelta(hours=7))  # no summer time since 1975
NOTHING: Final = "–"
MINUS: Final = "\u2212"
VND_PER_CENT: Final = {"FUTURE": 1_000}  # 100,000 VND a point; shares are shown in thousand VND
VND_PER_BOARD_CENT: Final = 10
MILLION: Final = 1_000_000


def cent_vnd(kind: str) -> int:
    """What a hundredth on the board is worth."""
    return VND_PER_CENT.get(kind, VND_PER_BOARD_CENT)


def _hundredths(value: int) -> str:
    return f"{value // 100:,}.{value % 100:02d}"


def price(price_vnd: int | None, kind: str = "STOCK") -> str:
    """25_300 -> '25.30' (thousand VND); a future's 128_050_000 -> '1,280.50' (points). No price yet: a dash."""
    if not price_vnd:
        return NOTHING
    unit = cent_vnd(kind)
    text = _hundredths((abs(price_vnd) + unit // 2) // unit)
    return f"{MINUS}{text}" if price_vnd < 0 else text


def signed(value: int, *, plus: bool = False) -> str:
    sign = MINUS if value < 0 else "+" if plus and value > 0 else ""
    return f"{sign}{abs(value):,}"


def quantity(value: int | None) -> str:
    return NOTHING if value is None else signed(value)


def money(amount_vnd: int | None, *, plus: bool = False) -> str:
    return NOTHING if amount_vnd is None else signed(amount_vnd, plus=plus)


def short_money(amount_vnd: int | None, *, plus: bool = False) -> str:
    """In millions with one decimal, for narrow columns: 1_234_560_000 -> '1,234.6M'."""
    if amount_vnd is None:
        return NOTHING
    tenths = (abs(amount_vnd) + MILLION // 20) // (MILLION // 10)
    sign = MINUS if amount_vnd < 0 and tenths else "+" if plus and tenths else ""
    return f"{sign}{tenths // 10:,}.{tenths % 10}M"


def percent(part: int, whole: int) -> str:
    """`part` of `whole`, two decimals with a sign, rounded half away from zero."""
    if not whole:
        return NOTHING
    hundredths = (abs(part) * 20_000 // abs(whole) + 1) // 2
    sign = "" if hundredths == 0 else MINUS if (part < 0) != (whole < 0) else "+"
    return f"{sign}{_hundredths(hundredths)}%"


def index(value_centipoints: int) -> str:
    return _hundredths(value_centipoints) if value_centipoints else NOTHING


def age(seconds: float) -> str:
    """0.4 s, 12 s, 3 min, 2 h."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def clock(moment: str) -> str:
    """An ISO moment of the API as the time of day in Vietnam."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(HANOI):%H:%M:%S}"
    except ValueError:
        return NOTHING


def clock_of_ms(unix_ms: float) -> str:
    return f"{datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(HANOI):%H:%M:%S}"
