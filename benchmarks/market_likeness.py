"""How much a generated market is like the real one: `python -m benchmarks.market_likeness --help`.

Simulates days of the members of VN30 and lays them beside recorded one-minute bars: the volume curve, the distribution
of one-minute returns, the spread and the depth. Prints the distances and draws them. Of the recorded bars nothing but
these statistics is kept.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from qts.domain.market import VIETNAM, tick_size_vnd
from qts.domain.matching import BookOrder, Fill
from qts.domain.values import Session, Side
from simulator.exchange.exchange import END_OF_TIME_MS, StockExchange
from simulator.exchange.order_flow import OrderFlow
from simulator.exchange.security import Security, new_security
from simulator.listings import vn30_listings
from simulator.trading_days import vietnam_calendar

Floats = npt.NDArray[np.float64]
MORNING: Final = range(9 * 60 + 15, 11 * 60 + 30)
AFTERNOON: Final = range(13 * 60, 14 * 60 + 30)
MINUTES: Final = (*MORNING, *AFTERNOON)
CLOSE_MINUTE: Final = 14 * 60 + 45
_LUNCH_AT: Final = len(MORNING) - 1  # the return over the lunch break is none of one minute
_FIRST_DAY: Final = date(2026, 3, 2)
_SHARED: Final = Path(os.environ.get("QTS_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
_RECORDED: Final = _SHARED / "intraday" / "vn_minute_2024.csv.gz"


@dataclass(frozen=True, slots=True)
class Likeness:
    """Statistics of days of symbols. `returns` are log returns of single minutes in basis points, `ticks` in steps."""

    volume_curve: Floats  # the mean share of each minute; the opening auction is in the first, the closing one last
    returns_bp: Floats
    returns_ticks: Floats
    day_moves_bp: Floats  # from the first minute's close to the last one's in continuous trading
    restlessness_bp: Floats  # root mean square of returns by minute
    echo: tuple[float, ...]  # autocorrelation of absolute returns after 1, 5, 15 and 30 minutes
    bounce: float  # autocorrelation of returns after one minute


class _Watcher:
    """Collects minute bars; as a source of the exchange it looks at the books once a minute."""

    def __init__(self, exchange: StockExchange) -> None:
        self._exchange = exchange
        self._next_ms = END_OF_TIME_MS
        self.volumes: dict[tuple[date, str, int], int] = {}
        self.closes: dict[tuple[date, str, int], int] = {}
        self.spreads: list[int] = []
        self.depths: list[float] = []
        self.seen: list[tuple[str, int]] = []

    def traded(self, security: Security, fill: Fill, at_ms: int) -> None:
        minute = (at_ms // 60_000 + 7 * 60) % (24 * 60)
        day = self._exchange.day
        if day is not None:
            key = (day, security.symbol, minute)
            self.volumes[key] = self.volumes.get(key, 0) + fill.quantity
            self.closes[key] = fill.price_vnd

    def next_ms(self) -> int:
        return self._next_ms

    def run(self) -> None:
        self._next_ms = self._exchange.now_ms + 60_000
        for security in self._exchange.securities.values():
            book, instrument = security.book, security.listing.instrument
            bid_vnd, ask_vnd = book.best_bid(), book.best_ask()
            if security.session is not Session.CONTINUOUS or bid_vnd is None or ask_vnd is None:
                continue
            self.spreads.append(
                (ask_vnd - bid_vnd) // tick_size_vnd(security.rules, instrument.exchange, instrument.kind, bid_vnd)
            )
            ordinary = security.listing.daily_value_vnd / security.reference_vnd
            self.depths += [level.quantity / ordinary for side in Side for level in book.depth(side, 1)]

    def day_began(self, day: date) -> None:
        self._next_ms = self._exchange.now_ms

    def odd_lot_traded(self, security: Security, fill: Fill, at_ms: int) -> None: ...
    def book_changed(self, security: Security) -> None: ...
    def room_changed(self, security: Security) -> None: ...
    def session_changed(self, security: Security, at_ms: int) -> None: ...
    def expired(self, security: Security, order: BookOrder, at_ms: int) -> None: ...
    def day_ended(self, day: date) -> None: ...


@dataclass(frozen=True, slots=True)
class Simulated:
    likeness: Likeness
    bars: pd.DataFrame
    spreads_ticks: Floats
    depths: Floats  # quantity at a best price as a share of an ordinary day's volume
    volume_ratio: float  # of the day's volume to the ordinary day's


def simulate(days: int, seed: int, activity: float = 1.0) -> Simulated:
    calendar, listings = vietnam_calendar(), vn30_listings()
    exchange = StockExchange([new_security(listing) for listing in listings], calendar)
    flow, watcher = OrderFlow(exchange, seed, 1.0, activity=activity), _Watcher(exchange)
    exchange.listeners += [flow, watcher]
    exchange.sources += [flow, watcher]
    day = _FIRST_DAY
    for _ in range(days):
        for at in (time(8, 59), time(15, 5)):
            exchange.advance(datetime.combine(day, at, tzinfo=VIETNAM))
        day = calendar.next_trading_day(day)
    rows = [(*key, watcher.closes[key], volume) for key, volume in watcher.volumes.items()]
    bars = pd.DataFrame(rows, columns=["day", "symbol", "minute", "close", "volume"])
    ordinary = sum(listing.daily_value_vnd / listing.reference_vnd for listing in listings)
    return Simulated(
        likeness=likeness_of(bars),
        bars=bars,
        spreads_ticks=np.array(watcher.spreads, dtype=float),
        depths=np.array(watcher.depths),
        volume_ratio=float(bars.volume.sum() / days / ordinary),
    )


def recorded_bars(file: Path = _RECORDED, until: date = date(2024, 12, 31)) -> pd.DataFrame:
    """The members of VN30 that the recording has; prices in VND."""
    members = {listing.symbol for listing in vn30_listings()} - {"BSR"}  # on UPCOM in that year
    bars = pd.read_csv(file)
    bars = bars[bars.symbol.isin(members)]
    at = pd.to_datetime(bars.time)
    bars = bars.assign(day=at.dt.date, minute=at.dt.hour * 60 + at.dt.minute, close=(bars.close * 1000).round())
    return bars.loc[bars.day <= until, ["day", "symbol", "minute", "close", "volume"]]


def likeness_of(bars: pd.DataFrame) -> Likeness:
    totals = bars.groupby(["symbol", "day"]).volume.transform("sum")
    shares = (bars.volume / totals).groupby(bars.minute).sum() / bars.groupby(["symbol", "day"]).ngroups
    closes = bars.pivot_table(index=["symbol", "day"], columns="minute", values="close").reindex(columns=MINUTES)
    prices = closes.ffill(axis=1).to_numpy(dtype=float)
    returns = np.diff(np.log(prices), axis=1)
    returns[:, _LUNCH_AT] = np.nan
    steps = np.where(prices < 10_000, 10, np.where(prices < 50_000, 50, 100))[:, 1:]
    ticks = np.diff(prices, axis=1) / steps
    return Likeness(
        volume_curve=shares.reindex([*MINUTES, CLOSE_MINUTE], fill_value=0.0).to_numpy(),
        returns_bp=_known(returns) * 1e4,
        returns_ticks=_known(np.where(np.isnan(returns), np.nan, ticks)),
        day_moves_bp=_known(np.log(prices[:, -1] / prices[:, 0])) * 1e4,
        restlessness_bp=np.sqrt(np.nanmean(np.delete(returns, _LUNCH_AT, axis=1) ** 2, axis=0)) * 1e4,
        echo=tuple(_autocorrelation(np.abs(returns), lag) for lag in (1, 5, 15, 30)),
        bounce=_autocorrelation(returns, 1),
    )


def _known(values: Floats) -> Floats:
    found: Floats = values[~np.isnan(values)]
    return found


def _autocorrelation(values: Floats, lag: int) -> float:
    before, after = values[:, :-lag].ravel(), values[:, lag:].ravel()
    known = ~np.isnan(before) & ~np.isnan(after)
    return float(np.corrcoef(before[known], after[known])[0, 1])


def ks_distance(one: Floats, other: Floats) -> float:
    """Kolmogorov-Smirnov: the largest difference between the two distribution functions."""
    points = np.concatenate([one, other])
    points.sort()
    parts = [np.searchsorted(np.sort(values), points, side="right") / len(values) for values in (one, other)]
    return float(np.max(np.abs(parts[0] - parts[1])))


def curve_distance(one: Floats, other: Floats) -> float:
    """L1: the share of the day's volume that would have to move to another minute, times two."""
    return float(np.sum(np.abs(one - other)))


def _row(name: str, likeness: Likeness) -> str:
    returns, ticks = likeness.returns_bp, likeness.returns_ticks
    kurtosis = np.mean((returns - returns.mean()) ** 4) / np.var(returns) ** 2
    echo = " ".join(f"{value:5.2f}" for value in likeness.echo)
    curve = likeness.volume_curve
    return (
        f"{name:10} sd {returns.std():5.1f} bp {ticks.std():5.2f} ticks  zero {np.mean(ticks == 0):4.2f}  "
        f"kurtosis {kurtosis:6.1f}  day {likeness.day_moves_bp.std():5.0f} bp  bounce {likeness.bounce:5.2f}  "
        f"echo {echo}  first minute {curve[0]:.4f} close {curve[-1]:.4f}"
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market_likeness")
    parser.add_argument("--days", type=int, default=5, help="simulated days")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--activity", type=float, default=1.0, help="of the population, 1 is the demo's")
    parser.add_argument("--recorded", type=Path, default=_RECORDED, help="one-minute bars, CSV")
    parser.add_argument("--picture", type=Path, help="draw the comparison into this PNG")
    given = parser.parse_args(arguments)
    if not given.recorded.exists():
        print(f"{given.recorded.name} is not part of this repository; set QTS_SHARED_DATA to its folder")
        return 2
    real = likeness_of(recorded_bars(given.recorded))
    simulated = simulate(given.days, given.seed, given.activity)
    print(_row("recorded", real))
    print(_row("simulated", simulated.likeness))
    print(f"volume {simulated.volume_ratio:.2f} of the ordinary day's")
    spreads, depths = simulated.spreads_ticks, simulated.depths
    print(f"spread 1 tick {np.mean(spreads == 1):.2f}, 2 ticks {np.mean(spreads == 2):.2f}, mean {spreads.mean():.2f}")
    print(f"best level holds {np.median(depths) * 100:.2f} % of the day's volume (median)")
    print(f"KS of returns, bp {ks_distance(real.returns_bp, simulated.likeness.returns_bp):.3f}")
    print(f"KS of returns, ticks {ks_distance(real.returns_ticks, simulated.likeness.returns_ticks):.3f}")
    print(f"KS of moves of a day {ks_distance(real.day_moves_bp, simulated.likeness.day_moves_bp):.3f}")
    print(f"L1 of the volume curve {curve_distance(real.volume_curve, simulated.likeness.volume_curve):.3f}")
    if given.picture is not None:
        from benchmarks.market_picture import draw  # only who draws needs matplotlib

        draw(given.picture, real, simulated)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
