"""Index futures: which months are listed, when they expire and what they are called.

Source: HNX's contract specifications and the codes of the exchanges' common system (KRX) of 2025-05-05, such as
41I1F7000, which the boards also show as VN30F2507. Rolling names (VN30F1M) stand for whatever contract holds that
place on the day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count
from typing import Final

from qts.domain.market.calendar import TradingCalendar
from qts.domain.values import Exchange

ROLLING_SUFFIXES: Final = ("F1M", "F2M", "F1Q", "F2Q")
_THURSDAY: Final = 3
_QUARTER: Final = 3
_YEAR_CODES: Final = "ABCDEFGHJKLMNPQRSTVW"  # from 2020 on; letters that look like digits are left out
_FIRST_YEAR: Final = 2020
_MONTH_CODES: Final = "123456789ABC"
_ALIAS_DIGITS: Final = 4


class Underlying(StrEnum):
    """The index, by the name that begins a contract's alias."""

    VN30 = "VN30"
    VN100 = "VN100"


_PREFIXES: Final = {Underlying.VN30: "41I1", Underlying.VN100: "41I2"}


@dataclass(frozen=True, slots=True, order=True)
class FutureContract:
    """One month of a future. Raises ValueError for a year that the exchange's codes do not reach."""

    year: int
    month: int
    underlying: Underlying = Underlying.VN30

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 0 <= self.year - _FIRST_YEAR < len(_YEAR_CODES)):
            raise ValueError(f"there is no future of {self.year}-{self.month}")

    @property
    def code(self) -> str:
        """As the exchange writes it: 41I1F7000."""
        year, month = _YEAR_CODES[self.year - _FIRST_YEAR], _MONTH_CODES[self.month - 1]
        return f"{_PREFIXES[self.underlying]}{year}{month}000"

    @property
    def alias(self) -> str:
        """As the boards write it: VN30F2507."""
        return f"{self.underlying}F{self.year % 100:02}{self.month:02}"

    def expiry_day(self, calendar: TradingCalendar) -> date:
        return expiry_day(self.year, self.month, calendar)


def expiry_day(year: int, month: int, calendar: TradingCalendar) -> date:
    """The last trading day: the month's third Thursday, or the trading day before it when that is a holiday."""
    first = date(year, month, 1)
    third_thursday = first.replace(day=15 + (_THURSDAY - first.weekday()) % 7)
    if calendar.is_trading_day(third_thursday, Exchange.VNFE):
        return third_thursday
    return calendar.previous_trading_day(third_thursday, Exchange.VNFE)


def front_months(
    day: date, calendar: TradingCalendar, underlying: Underlying = Underlying.VN30
) -> tuple[FutureContract, FutureContract, FutureContract, FutureContract]:
    """What is listed on `day`: two months running, then the last months of the next two quarters.

    On its last trading day a contract is still listed.
    """
    months = _months_from(day.year, day.month)
    first = next(months)
    if expiry_day(*first, calendar) < day:
        first = next(months)
    second = next(months)
    quarters = [month for month, _ in zip((m for m in months if m[1] % _QUARTER == 0), range(2), strict=False)]
    listed = [FutureContract(year, month, underlying) for year, month in (first, second, *quarters)]
    return listed[0], listed[1], listed[2], listed[3]


def rolling_names(
    day: date, calendar: TradingCalendar, underlying: Underlying = Underlying.VN30
) -> dict[str, FutureContract]:
    """VN30F1M, VN30F2M, VN30F1Q and VN30F2Q, and what they stand for on `day`."""
    contracts = front_months(day, calendar, underlying)
    return {f"{underlying}{suffix}": contract for suffix, contract in zip(ROLLING_SUFFIXES, contracts, strict=True)}


def find_future(name: str, day: date, calendar: TradingCalendar) -> FutureContract:
    """The contract behind a code, an alias or a rolling name. Raises ValueError for anything else."""
    for underlying in Underlying:
        if (contract := rolling_names(day, calendar, underlying).get(name)) is not None:
            return contract
        alias, digits = name[:-_ALIAS_DIGITS], name[-_ALIAS_DIGITS:]
        if alias == f"{underlying}F" and digits.isascii() and digits.isdigit():
            return FutureContract(2000 + int(digits[:2]), int(digits[2:]), underlying)
        prefix, rest = name[:4], name[4:]
        if prefix == _PREFIXES[underlying] and len(rest) == 5 and rest.endswith("000"):
            return _from_code(underlying, rest[0], rest[1])
    raise ValueError(f"{name!r} is not the name of a future")


def _from_code(underlying: Underlying, year_code: str, month_code: str) -> FutureContract:
    year, month = _YEAR_CODES.find(year_code), _MONTH_CODES.find(month_code)
    if year < 0 or month < 0:
        raise ValueError(f"{year_code}{month_code} is not the year and month of a future")
    return FutureContract(_FIRST_YEAR + year, month + 1, underlying)


def _months_from(year: int, month: int) -> Iterator[tuple[int, int]]:
    for number in count(year * 12 + month - 1):
        yield number // 12, number % 12 + 1
