"""A market made of events, without a broker: securities, quotes, books, indices and the state of the stream."""

import time
from datetime import date, datetime

from django.apps import apps
from django.conf import settings

from apps.marketdata.selectors import StreamState
from apps.marketdata.services.live_state import Checkpoint, LiveState
from apps.marketdata.services.master_data import load_master_data
from qts.adapters.bus import encode
from qts.adapters.ssi.market_data import ListedIndex, ListedSecurity
from qts.domain.events import IndexUpdated, OrderBookUpdated, QuoteUpdated
from qts.domain.market import price_band, round_down_to_tick, rule_book_on, tick_size_vnd, to_vietnam
from qts.domain.values import Exchange, InstrumentKind

RULES = rule_book_on(date(2026, 1, 5))

NAMES = {
    "ACB": "Ngân hàng Á Châu", "BCM": "Becamex IDC", "BID": "BIDV", "CTG": "VietinBank", "DGC": "Hóa chất Đức Giang",
    "FPT": "FPT", "GAS": "PV Gas", "GVR": "Cao su Việt Nam", "HDB": "HDBank", "HPG": "Hòa Phát", "LPB": "LPBank",
    "MBB": "MBBank", "MSN": "Masan", "MWG": "Thế giới Di động", "PLX": "Petrolimex", "SAB": "Sabeco",
    "SHB": "SHB", "SSB": "SeABank", "SSI": "Chứng khoán SSI", "STB": "Sacombank", "TCB": "Techcombank",
    "TPB": "TPBank", "VCB": "Vietcombank", "VHM": "Vinhomes", "VIB": "VIB", "VIC": "Vingroup", "VJC": "Vietjet",
    "VNM": "Vinamilk", "VPB": "VPBank", "VRE": "Vincom Retail",
}  # fmt: skip
REFERENCES_VND = {
    symbol: round_down_to_tick(RULES, Exchange.HOSE, InstrumentKind.STOCK, 9_000 + 4_350 * number)
    for number, symbol in enumerate(NAMES)
}
REFERENCES_VND["SSI"] = 25_000


class ListedEverywhere:
    """What `load_master_data` asks of FC Data."""

    def securities(self):
        return [(symbol, Exchange.HOSE) for symbol in NAMES]

    def securities_details(self):
        return [
            ListedSecurity(symbol, Exchange.HOSE, InstrumentKind.STOCK, name, name, 100, 1_000_000_000)
            for symbol, name in NAMES.items()
        ]

    def daily_ohlc(self, symbol, since, until):
        return []

    def index_list(self):
        return [ListedIndex("VNFIN", "VN Financials", "HOSE")]

    def index_components(self, _index_code):
        return ["SSI", "VCB"]


def list_securities(now: datetime) -> None:
    """Nobody has a history: as if that had been asked for, and answered with nothing."""
    day = to_vietnam(now).date()
    parts = apps.get_model("marketdata", "MasterDataPart")
    parts.objects.bulk_create(parts(trading_day=day, kind=parts.Kind.DAYS, subject=symbol) for symbol in NAMES)
    load_master_data(ListedEverywhere(), today=day, now=now)  # type: ignore[arg-type]


def quote_of(symbol: str, now: datetime, *, ticks: int = 0, total: int = 1_234_500, last_quantity: int = 500):
    """The quote of a symbol `ticks` above or below its reference, inside its band."""
    reference = REFERENCES_VND[symbol]
    band = price_band(RULES, Exchange.HOSE, InstrumentKind.STOCK, reference)
    tick = tick_size_vnd(RULES, Exchange.HOSE, InstrumentKind.STOCK, reference)
    last = min(band.ceiling_vnd, max(band.floor_vnd, reference + ticks * tick))
    return QuoteUpdated(
        symbol=symbol,
        reference_vnd=reference,
        ceiling_vnd=band.ceiling_vnd,
        floor_vnd=band.floor_vnd,
        last_vnd=last,
        last_quantity=last_quantity,
        total_quantity=total,
        total_value_vnd=total * last,
        high_vnd=max(reference, last),
        low_vnd=min(reference, last),
        average_vnd=(reference + last) // 2,
        estimated_match_vnd=0,
        aggressor="BUY",
        session="CONTINUOUS",
        status="N",
        ts_exchange_ms=round(now.timestamp() * 1000),
        ts_received_ns=time.time_ns(),
        wal_position="1:0",
    )


def book_of(quote: QuoteUpdated, *, quantity: int = 3_000) -> OrderBookUpdated:
    tick = tick_size_vnd(RULES, Exchange.HOSE, InstrumentKind.STOCK, quote.last_vnd)
    return OrderBookUpdated(
        symbol=quote.symbol,
        bids=tuple((quote.last_vnd - level * tick, quantity * (level + 1)) for level in range(3)),
        asks=tuple((quote.last_vnd + (level + 1) * tick, quantity * (3 - level)) for level in range(3)),
        session="CONTINUOUS",
        ts_exchange_ms=quote.ts_exchange_ms,
        ts_received_ns=quote.ts_received_ns,
        wal_position="1:1",
    )


def index_of(code: str, now: datetime, value_centipoints: int = 128_050) -> IndexUpdated:
    return IndexUpdated(
        index_code=code,
        value_centipoints=value_centipoints,
        prior_centipoints=127_500,
        total_quantity=512_300_000,
        total_value_vnd=12_345_600_000_000,
        advances=18,
        declines=9,
        unchanged=3,
        ceilings=1,
        floors=0,
        session="CONTINUOUS",
        ts_exchange_ms=round(now.timestamp() * 1000),
        ts_received_ns=time.time_ns(),
        wal_position="1:2",
    )


def show_market(now: datetime, *, state: StreamState = StreamState.CONNECTED) -> None:
    """Everything live: the symbols in turn above, at and below their references."""
    events = []
    for number, symbol in enumerate(NAMES):
        quote = quote_of(symbol, now, ticks=number % 5 - 2)
        events += [quote, book_of(quote)]
    events += [index_of("VNINDEX", now), index_of("VN30", now, 127_020)]
    live = LiveState(settings.REDIS_URL)
    live.write([encode(event) for event in events], Checkpoint("1:3", 0))
    report_stream(state)


def report_stream(state: StreamState, *, age_s: float = 0.2, detail: str = "") -> None:
    now_ns = time.time_ns()
    LiveState(settings.REDIS_URL).report(
        state, since_ns=now_ns, reported_ns=now_ns, last_frame_ns=now_ns - round(age_s * 1e9), detail=detail
    )
