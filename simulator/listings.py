"""What is listed on the simulated exchanges. The members of VN30, with invented but plausible prices, are written out
here; `simulator.listings_all` adds the rest of a market.

A reference price is where the first simulated day starts, in VND; later days start at the last close. Shares are
rounded; the foreign limit is a percentage of them (banks 30 %, else 49 % unless the company set another). The value
that trades on an ordinary day is that of 2024 and 2025, rounded to ten billions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from qts.domain.market import FutureContract, Instrument
from qts.domain.values import Exchange, InstrumentKind


class SecurityState(StrEnum):
    """What the exchange has decided about a security; only the last two keep it from trading."""

    NORMAL = "NORMAL"
    WARNED = "WARNED"
    CONTROLLED = "CONTROLLED"
    RESTRICTED = "RESTRICTED"
    SUSPENDED = "SUSPENDED"
    HALTED = "HALTED"


@dataclass(frozen=True, slots=True)
class WarrantTerms:
    """A covered warrant; `ratio` (4, 1) says that four of them stand for one share."""

    underlying: str
    ratio: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Listing:
    """`daily_value_vnd` is what trades on an ordinary day, `volatility` a multiple of that of a VN30 member."""

    instrument: Instrument
    name_vi: str
    name_en: str
    reference_vnd: int
    listed_shares: int
    foreign_limit_percent: int
    aliases: tuple[str, ...] = ()  # other names of a future, such as VN30F2612 and VN30F1M
    daily_value_vnd: int = 350_000_000_000
    volatility: float = 1.0
    indices: tuple[str, ...] = ()
    contract: FutureContract | None = None
    warrant: WarrantTerms | None = None
    state: SecurityState = SecurityState.NORMAL

    @property
    def symbol(self) -> str:
        return self.instrument.symbol


# symbol, reference VND, millions of shares, foreign limit %, billions of VND traded a day, Vietnamese and English name
_VN30: Final[tuple[tuple[str, int, int, int, int, str, str], ...]] = (
    ("ACB", 25_600, 5_137, 30, 240, "Ngân hàng TMCP Á Châu", "Asia Commercial Joint Stock Bank"),
    (
        "BID",
        39_900,
        7_021,
        30,
        150,
        "Ngân hàng TMCP Đầu tư và Phát triển Việt Nam",
        "Bank for Investment and Development",
    ),
    ("BSR", 17_350, 5_007, 49, 100, "CTCP Lọc hóa dầu Bình Sơn", "Binh Son Refining and Petrochemical"),
    ("CTG", 52_600, 5_370, 30, 230, "Ngân hàng TMCP Công Thương Việt Nam", "Vietnam Bank for Industry and Trade"),
    ("FPT", 98_400, 1_703, 49, 670, "CTCP FPT", "FPT Corporation"),
    ("GAS", 64_300, 2_413, 49, 60, "Tổng Công ty Khí Việt Nam", "PetroVietnam Gas Corporation"),
    ("GVR", 28_750, 4_000, 13, 100, "Tập đoàn Công nghiệp Cao su Việt Nam", "Vietnam Rubber Group"),
    ("HDB", 31_200, 3_510, 18, 260, "Ngân hàng TMCP Phát triển TP. Hồ Chí Minh", "HDBank"),
    ("HPG", 27_150, 7_675, 49, 720, "CTCP Tập đoàn Hòa Phát", "Hoa Phat Group"),
    ("LPB", 49_200, 2_987, 5, 100, "Ngân hàng TMCP Lộc Phát Việt Nam", "Fortune Vietnam Bank"),
    ("MBB", 24_450, 8_055, 23, 440, "Ngân hàng TMCP Quân đội", "Military Commercial Joint Stock Bank"),
    ("MSN", 79_600, 1_446, 100, 470, "CTCP Tập đoàn Masan", "Masan Group Corporation"),
    ("MWG", 81_700, 1_479, 49, 510, "CTCP Đầu tư Thế giới Di động", "Mobile World Investment Corporation"),
    ("PLX", 35_050, 1_271, 20, 60, "Tập đoàn Xăng dầu Việt Nam", "Vietnam National Petroleum Group"),
    ("SAB", 47_300, 1_283, 100, 50, "Tổng CTCP Bia - Rượu - Nước giải khát Sài Gòn", "Saigon Beer Corporation"),
    ("SHB", 16_900, 4_594, 30, 660, "Ngân hàng TMCP Sài Gòn - Hà Nội", "Saigon - Hanoi Bank"),
    ("SSB", 18_450, 2_845, 5, 50, "Ngân hàng TMCP Đông Nam Á", "Southeast Asia Bank"),
    ("SSI", 35_800, 2_076, 100, 690, "CTCP Chứng khoán SSI", "SSI Securities Corporation"),
    ("STB", 53_100, 1_885, 30, 460, "Ngân hàng TMCP Sài Gòn Thương Tín", "Saigon Thuong Tin Bank"),
    ("TCB", 36_700, 7_065, 22, 460, "Ngân hàng TMCP Kỹ thương Việt Nam", "Vietnam Technological and Commercial Bank"),
    ("TPB", 17_700, 2_642, 30, 250, "Ngân hàng TMCP Tiên Phong", "Tien Phong Bank"),
    ("VCB", 61_500, 8_356, 30, 220, "Ngân hàng TMCP Ngoại thương Việt Nam", "Bank for Foreign Trade of Vietnam"),
    ("VHM", 97_800, 4_107, 50, 480, "CTCP Vinhomes", "Vinhomes Joint Stock Company"),
    ("VIB", 19_350, 3_404, 5, 160, "Ngân hàng TMCP Quốc tế Việt Nam", "Vietnam International Bank"),
    ("VIC", 124_500, 3_853, 49, 210, "Tập đoàn Vingroup", "Vingroup Joint Stock Company"),
    ("VJC", 134_200, 592, 30, 160, "CTCP Hàng không Vietjet", "Vietjet Aviation"),
    ("VNM", 60_900, 2_090, 100, 240, "CTCP Sữa Việt Nam", "Vietnam Dairy Products"),
    ("VPB", 30_150, 7_934, 30, 580, "Ngân hàng TMCP Việt Nam Thịnh Vượng", "Vietnam Prosperity Bank"),
    ("VPL", 88_300, 1_793, 49, 60, "CTCP Vinpearl", "Vinpearl Joint Stock Company"),
    ("VRE", 34_600, 2_272, 49, 230, "CTCP Vincom Retail", "Vincom Retail"),
)


def vn30_listings(symbols: list[str] | None = None) -> list[Listing]:
    """All of them, or those asked for. Raises ValueError for a symbol that is not listed."""
    listings = {
        symbol: Listing(
            instrument=Instrument(symbol, Exchange.HOSE, InstrumentKind.STOCK),
            name_vi=name_vi,
            name_en=name_en,
            reference_vnd=reference_vnd,
            listed_shares=million_shares * 1_000_000,
            foreign_limit_percent=foreign_limit_percent,
            daily_value_vnd=billions_a_day * 1_000_000_000,
            indices=("VNINDEX", "VN30"),
        )
        for symbol, reference_vnd, million_shares, foreign_limit_percent, billions_a_day, name_vi, name_en in _VN30
    }
    if symbols is None:
        return list(listings.values())
    if unknown := [symbol for symbol in symbols if symbol not in listings]:
        raise ValueError(f"not listed here: {', '.join(unknown)}; listed are {', '.join(listings)}")
    return [listings[symbol] for symbol in dict.fromkeys(symbols)]


def future_listing(symbol: str, reference_vnd: int) -> Listing:
    """An index future, for recordings of its trades."""
    return Listing(
        instrument=Instrument(symbol, Exchange.VNFE, InstrumentKind.FUTURE, lot_size=1),
        name_vi=f"Hợp đồng tương lai {symbol}",
        name_en=f"Index future {symbol}",
        reference_vnd=reference_vnd,
        listed_shares=0,
        foreign_limit_percent=100,
    )
