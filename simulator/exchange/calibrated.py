"""What the generated market is like, measured once on the real one.

The measurements are of the members of VN30 in one-minute bars of the year 2024 (7,100 days of a symbol), of nine more
stocks on HNX and UPCOM, of the front VN30 future in 2025 and of daily bars of 552 stocks from June 2024 to December
2025. Only these figures are kept here; `python -m simulator.calibration` measures them again beside a simulated day.
"""

from dataclasses import dataclass
from typing import Final

from qts.domain.values import Exchange as Market

MINUTES_PER_DAY: Final = 225  # of continuous trading on HOSE
_FIRST_MINUTE: Final = 8 * 60 + 45
_LAST_MINUTE: Final = 15 * 60

# Percent of the day's volume in each five minutes of continuous trading on HOSE: mean of the members of VN30, 2024.
_HOSE_MORNING: Final = (
    2.10, 2.08, 1.99, 1.93, 1.86, 1.86, 1.84, 1.78, 1.72, 1.73, 1.68, 1.66, 1.66, 1.60,
    1.51, 1.51, 1.45, 1.45, 1.48, 1.42, 1.38, 1.36, 1.37, 1.35, 1.33, 1.32, 1.31,
)  # fmt: skip
_HOSE_AFTERNOON: Final = (
    2.68, 1.87, 1.91, 2.01, 2.16, 2.19, 2.20, 2.22, 2.27, 2.29, 2.42, 2.44, 2.71, 2.70, 2.95, 3.47, 3.92, 4.21,
)  # fmt: skip
# The same in quarters of an hour: SHS, PVS, CEO, IDC; ACV, VGI, MSR, BSR; the front VN30 future.
_HNX_MORNING: Final = (3.54, 5.32, 5.19, 5.18, 4.70, 4.44, 4.43, 4.16, 3.90, 4.07)
_HNX_AFTERNOON: Final = (6.03, 6.13, 6.55, 7.17, 8.45, 12.39)
_UPCOM_MORNING: Final = (4.76, 6.02, 5.48, 5.27, 4.83, 4.34, 4.08, 3.74, 3.48, 3.54)
_UPCOM_AFTERNOON: Final = (7.22, 6.14, 6.23, 6.28, 6.87, 8.49, 5.23, 7.97)
_FUTURE_MORNING: Final = (5.85, 6.64, 6.00, 5.05, 5.13, 4.77, 4.66, 4.47, 4.70, 4.26)
_FUTURE_AFTERNOON: Final = (5.00, 5.90, 6.65, 7.18, 8.89, 11.24)

# Percent of the day's volume in the two auctions. HOSE's opening share is its 09:15 bar less an ordinary minute.
OPENING_PERCENT: Final = {Market.HOSE: 1.36, Market.VNFE: 0.97}
CLOSING_PERCENT: Final = {Market.HOSE: 8.33, Market.HNX: 8.33, Market.VNFE: 2.62}

# Standard deviation of one-minute returns in each quarter of an hour, as a multiple of the middle of the day's.
_RESTLESSNESS: Final = (
    (9 * 60, (1.6, 1.4, 1.2, 1.12, 1.07, 1.07, 1.0, 1.0, 0.97, 1.0)),
    (13 * 60, (1.1, 1.1, 1.1, 1.15, 1.25, 1.55, 1.5, 1.2)),
)


@dataclass(frozen=True, slots=True)
class Population:
    """How the agents behave. Shares are of all acts in continuous trading; they add up to one with `makers`."""

    takers: float = 0.34  # so that a minute of a VN30 stock has trades in 94 % of all cases, as measured
    momentum: float = 0.03  # one-minute returns of the market repeat themselves: autocorrelation 0.27
    reverting: float = 0.05  # those of one stock turn back: -0.21, most of which is the bounce between bid and ask
    withdrawals: float = 0.24  # keeps the number of resting orders steady against the makers' 0.34
    level_share: float = 0.009  # of a day's volume at one price: 0.3 to 2.0 % in SSI's documented X-QUOTE of SSI
    foreigners: float = 0.10  # of traded value: median 9.8 % of buys plus sells in four days of 245 symbols
    odd_lots: float = 0.015  # acts that send an odd lot; no measurement exists
    size_spread: float = 1.1  # log standard deviation of sizes, so that minutes' volumes spread by 1.4, as measured
    market_volatility: float = 0.0068  # a day's, from 2.9 bp a minute and its autocorrelation
    own_volatility: float = 0.0093  # a day's, so that open to close comes out at the measured 1.3 %
    overnight_volatility: float = 0.0075  # close to close 1.51 %, open to close 1.30 %
    market_memory_s: float = 110.0  # smooths the market's walk: its autocorrelation is gone after four minutes
    volatility_spread: float = 0.5  # log standard deviation of the own volatility within a day: tails and clusters
    volatility_memory_s: float = 1200.0  # autocorrelation of absolute returns 0.21 after a minute, 0.05 after an hour
    day_spread: float = 0.22  # log standard deviation of a symbol's volatility from day to day
    jumps_per_day: float = 0.8  # kurtosis of one-minute returns 4 to 30 among members of VN30
    jump_size: float = 0.006


def _by_minute(*spans: tuple[int, int, tuple[float, ...]]) -> tuple[float, ...]:
    """Values of steps of equal length from a first minute of the day, as one value a minute."""
    minutes = [0.0] * (_LAST_MINUTE - _FIRST_MINUTE)
    for first, length, values in spans:
        for index, value in enumerate(values):
            for minute in range(length):
                minutes[first - _FIRST_MINUTE + index * length + minute] = value
    return tuple(minutes)


def _shares(morning: tuple[float, ...], afternoon: tuple[float, ...], first: int, length: int) -> tuple[float, ...]:
    per_minute = [tuple(percent / 100 / length for percent in half) for half in (morning, afternoon)]
    return _by_minute((first, length, per_minute[0]), (13 * 60, length, per_minute[1]))


_VOLUME_SHARES: Final = {
    Market.HOSE: _shares(_HOSE_MORNING, _HOSE_AFTERNOON, 9 * 60 + 15, 5),
    Market.HNX: _shares(_HNX_MORNING, _HNX_AFTERNOON, 9 * 60, 15),
    Market.UPCOM: _shares(_UPCOM_MORNING, _UPCOM_AFTERNOON, 9 * 60, 15),
    Market.VNFE: _shares(_FUTURE_MORNING, _FUTURE_AFTERNOON, 9 * 60, 15),
}
_MEAN_SHARE: Final = sum(_VOLUME_SHARES[Market.HOSE]) / MINUTES_PER_DAY
_AUCTION_PACE: Final = ((_FIRST_MINUTE, 15, (0.5, 1.0)), (14 * 60 + 30, 15, (1.6, 0.5)))
_PACE: Final = tuple(
    auction or share / _MEAN_SHARE
    for auction, share in zip(_by_minute(*_AUCTION_PACE), _VOLUME_SHARES[Market.HOSE], strict=True)
)
_RESTLESS_MINUTES: Final = _by_minute(*((first, 15, values) for first, values in _RESTLESSNESS))


def pace(minute_of_day: int) -> float:
    """How busy the market is, as a multiple of the mean of continuous trading; 0 while nothing trades."""
    index = minute_of_day - _FIRST_MINUTE
    return _PACE[index] if 0 <= index < len(_PACE) else 0.0


def volume_share(market: Market, minute_of_day: int) -> float:
    """The part of a day's volume that continuous trading brings in this minute."""
    index = minute_of_day - _FIRST_MINUTE
    return _VOLUME_SHARES[market][index] if 0 <= index < len(_PACE) else 0.0


def restlessness(minute_of_day: int) -> float:
    index = minute_of_day - _FIRST_MINUTE
    return _RESTLESS_MINUTES[index] or 1.0 if 0 <= index < len(_PACE) else 1.0
