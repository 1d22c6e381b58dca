"""Wire numbers to integers, exactly. FastConnect sends 24500.0, 24500, "24500", "NaN", "" and null.

A float is taken as the decimal text that it prints as, which is the text that was sent for up to 15 significant digits.
Nothing here rounds but `rounded`, and that rounds half away from zero.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from qts.domain.market import FUTURE_MULTIPLIER_VND

Number = int | float | str | None

_FLOAT_EXACT_MAX: Final = 2**53
_DIGITS_MAX: Final = 40
_NOT_A_NUMBER: Final = frozenset({"", "nan", "null", "-nan", "none"})
_POINT: Final = Decimal(FUTURE_MULTIPLIER_VND)


class BadNumber(ValueError):
    """The text says what was expected of which value."""


def whole(value: Number) -> int:
    """A quantity or a price in whole dong; nothing there is 0. BadNumber for a fraction, an infinity or other text."""
    if type(value) is float:
        if -_FLOAT_EXACT_MAX < value < _FLOAT_EXACT_MAX and (integer := int(value)) == value:
            return integer
    elif type(value) is int:
        return value
    number = _decimal(value)
    if number != number.to_integral_value():
        raise BadNumber(f"{value!r} is not a whole number")
    return int(number)


def within(number: int, largest: int, name: str) -> int:
    """From 0 to `largest`: what no date and no column holds would be refused again and again further on."""
    if not 0 <= number <= largest:
        raise BadNumber(f"{name} is {number}")
    return number


def rounded(value: Number) -> int:
    """The nearest integer of a derived figure: averages, turnover summed up in floats by the sender."""
    if type(value) is float and -_FLOAT_EXACT_MAX < value < _FLOAT_EXACT_MAX:
        integer = int(value)
        beyond = value - integer  # exact, and a half exactly when the text is
        return integer + (beyond >= 0.5) - (beyond <= -0.5)
    return int(_decimal(value).to_integral_value(ROUND_HALF_UP))


def points_to_vnd(value: Number) -> int:
    """A futures price in index points as VND per contract (x 100,000). BadNumber when that is no whole amount."""
    if type(value) is float and -1e9 < value < 1e9:
        vnd = round(value * FUTURE_MULTIPLIER_VND)
        if vnd / FUTURE_MULTIPLIER_VND == value:  # so `value` is the float nearest to that decimal fraction
            return vnd
    vnd_exact = _decimal(value) * _POINT
    if vnd_exact != vnd_exact.to_integral_value():
        raise BadNumber(f"{value!r} points are no whole VND per contract")
    return int(vnd_exact)


def points_to_vnd_rounded(value: Number) -> int:
    """The same for an average, which need not be a whole amount."""
    return int((_decimal(value) * _POINT).to_integral_value(ROUND_HALF_UP))


def centipoints(value: Number) -> int:
    """Hundredths of an index point, rounded."""
    if type(value) is float and -1e9 < value < 1e9:
        hundredths = round(value * 100)
        if hundredths / 100 == value:  # so `value` is the float nearest to that decimal fraction
            return hundredths
    return int((_decimal(value) * 100).to_integral_value(ROUND_HALF_UP))


def _decimal(value: Number) -> Decimal:
    """NaN, empty and null are 0: the wire's ways to say that there is no value yet."""
    if value is None:
        return Decimal(0)
    text = str(value).strip()
    if text.lower() in _NOT_A_NUMBER:
        return Decimal(0)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadNumber(f"{text[:40]!r} is not a number") from None
    if not number.is_finite() or number.adjusted() > _DIGITS_MAX or len(number.as_tuple().digits) > _DIGITS_MAX:
        raise BadNumber(f"{text[:40]!r} is out of range")
    return number
