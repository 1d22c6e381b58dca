"""A whole market: 1,600 listed symbols on HOSE, HNX and UPCOM, generated once and for all from a fixed seed.

The members of VN30 are the written ones; the others are invented: symbols, names, prices, shares. What they trade a
day falls with their rank as in daily bars of 552 real stocks, June 2024 to December 2025: 720 / (1 + rank / 40) ^ 2.6
billion VND. Prices are lognormal around the medians of those bars (HOSE 20, HNX 16, UPCOM 13 thousand VND).
"""

import math
from random import Random
from typing import Final

from qts.domain.market import Instrument, built_in_history, round_down_to_tick
from qts.domain.values import Exchange, InstrumentKind
from simulator.listings import Listing, SecurityState, WarrantTerms, vn30_listings

_SEED: Final = "listings"
_CONSONANTS: Final = "BCDGHKLMNPQRSTVX"
_ALL: Final = "ABCDEGHIKLMNOPQRSTUVXY"
_TRADES_VI: Final = (
    "Xây dựng",
    "Thủy sản",
    "Dược phẩm",
    "Vận tải",
    "Thép",
    "Điện lực",
    "Cao su",
    "Chứng khoán",
    "Nhựa",
)
_TRADES_EN: Final = (
    "Construction",
    "Seafood",
    "Pharma",
    "Transport",
    "Steel",
    "Power",
    "Rubber",
    "Securities",
    "Plastics",
)
_PLACES: Final = ("Hà Nội", "Sài Gòn", "Đà Nẵng", "Cần Thơ", "Bình Dương", "Đồng Nai", "Hải Phòng", "Nghệ An", "Huế")
# how many stocks, those of VN30 included, the median price in VND, and the index that they are in
_BOARDS: Final = (
    (Exchange.HOSE, 395, 20_000, "VNINDEX"),
    (Exchange.HNX, 310, 15_000, "HNXIndex"),
    (Exchange.UPCOM, 880, 13_000, "HNXUpcomIndex"),
)
# the first invented stock's rank by value traded, and the step from one to the next
_RANK_OFFSETS: Final = {Exchange.HOSE: 25, Exchange.HNX: 70, Exchange.UPCOM: 110}
_RANK_STEPS: Final = {Exchange.HOSE: 1.6, Exchange.HNX: 3.6, Exchange.UPCOM: 1.7}
_FUNDS: Final = ("E1VFVN30", "FUEVFVND", "FUESSVFL", "FUEVN100", "FUEMAV30")
_WARRANTS_ON: Final = ("HPG", "FPT", "MWG", "VHM", "STB", "VPB", "MBB", "TCB", "ACB", "SSI")
_STATES: Final = (SecurityState.WARNED, SecurityState.CONTROLLED, SecurityState.RESTRICTED, SecurityState.SUSPENDED)
_UNUSUAL_SHARE: Final = 0.05


def all_listings() -> list[Listing]:
    """1,600 of them: 1,585 stocks, 5 funds and 10 covered warrants. Futures are listed by the day: see `futures`."""
    rng = Random(_SEED)
    listings = vn30_listings()
    taken = {listing.symbol for listing in listings}
    for exchange, count, median_vnd, index in _BOARDS:
        missing = count - sum(listing.instrument.exchange is exchange for listing in listings)
        for number in range(missing):
            rank = _RANK_OFFSETS[exchange] + number * _RANK_STEPS[exchange]
            listings.append(_stock(rng, _symbol(rng, taken), exchange, rank=rank, median_vnd=median_vnd, index=index))
    listings += [_fund(rng, symbol) for symbol in _FUNDS]
    by_symbol = {listing.symbol: listing for listing in listings}
    return listings + [_warrant(by_symbol[symbol]) for symbol in _WARRANTS_ON]


def value_of_rank_vnd(rank: float) -> int:
    """What the security of this rank trades on an ordinary day."""
    return int(720e9 / math.pow(1 + rank / 40, 2.6))


def _symbol(rng: Random, taken: set[str]) -> str:
    while True:
        symbol = rng.choice(_CONSONANTS) + rng.choice(_ALL) + rng.choice(_ALL)
        if symbol not in taken:
            taken.add(symbol)
            return symbol


def _stock(rng: Random, symbol: str, exchange: Exchange, *, rank: float, median_vnd: int, index: str) -> Listing:
    price_vnd = min(300_000, max(1_500, int(median_vnd * rng.lognormvariate(0.0, 0.75))))
    daily_vnd = value_of_rank_vnd(rank * rng.uniform(0.85, 1.15))
    company_vnd = daily_vnd * rng.lognormvariate(6.5, 0.8) + 5e10
    trade = rng.randrange(len(_TRADES_VI))
    place = rng.choice(_PLACES)
    is_unusual = rng.random() < _UNUSUAL_SHARE
    return Listing(
        instrument=Instrument(symbol, exchange, InstrumentKind.STOCK),
        name_vi=f"CTCP {_TRADES_VI[trade]} {place} {symbol}",
        name_en=f"{symbol} {_TRADES_EN[trade]} Joint Stock Company",
        reference_vnd=round_down_to_tick(built_in_history().newest, exchange, InstrumentKind.STOCK, price_vnd),
        listed_shares=max(1, round(company_vnd / price_vnd / 1e6)) * 1_000_000,
        foreign_limit_percent=rng.choice((0, 30, 49, 49, 49, 100)),
        daily_value_vnd=daily_vnd,
        volatility=1.0 + min(1.5, rank / 600) * rng.uniform(0.3, 1.2),
        indices=(index,),
        state=rng.choice(_STATES) if is_unusual else SecurityState.NORMAL,
    )


def _fund(rng: Random, symbol: str) -> Listing:
    return Listing(
        instrument=Instrument(symbol, Exchange.HOSE, InstrumentKind.ETF),
        name_vi=f"Quỹ ETF {symbol}",
        name_en=f"{symbol} exchange-traded fund",
        reference_vnd=rng.randrange(1_200, 3_500) * 10,
        listed_shares=rng.randrange(20, 300) * 1_000_000,
        foreign_limit_percent=100,
        daily_value_vnd=rng.randrange(5, 60) * 1_000_000_000,
        volatility=0.4,
    )


def _warrant(underlying: Listing) -> Listing:
    """Four warrants for a share, at about a tenth of a quarter of its price."""
    return Listing(
        instrument=Instrument(f"C{underlying.symbol}2601", Exchange.HOSE, InstrumentKind.WARRANT),
        name_vi=f"Chứng quyền {underlying.symbol} 2601",
        name_en=f"Covered warrant on {underlying.symbol} 2601",
        reference_vnd=max(10, underlying.reference_vnd // 400 * 10),
        listed_shares=10_000_000,
        foreign_limit_percent=100,
        daily_value_vnd=1_500_000_000,
        warrant=WarrantTerms(underlying.symbol, (4, 1)),
    )
