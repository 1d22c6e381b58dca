"""The records of the FC Data stream: JSON in JSON, numbers as floats, prices of futures in points."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import msgspec

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.matching import Fill, Level
from qts.domain.values import Exchange, InstrumentKind, Session, Side
from simulator.exchange.indices import INDEX_EXCHANGES, IndexState
from simulator.exchange.security import Security, SecurityState

HUB: Final = "FcMarketDataV2Hub"
CHANNEL_TYPES: Final = frozenset({"F", "X-QUOTE", "X-TRADE", "X", "B", "R", "MI", "OL"})
_LEVELS_SHOWN: Final = {Exchange.HOSE: 3}  # ten on the other boards
_SESSION_CODES: Final = {
    Session.PRE_OPEN: "C",
    Session.ATO: "ATO",
    Session.CONTINUOUS: "LO",
    Session.PERIODIC: "LO",
    Session.BREAK: "BREAK",
    Session.ATC: "ATC",
    Session.PLO: "PLO",
    Session.CLOSED: "C",
    Session.HALT: "HALT",
}
_ODD_LOT_SESSION_CODES: Final = {Session.BREAK: "Break", Session.CLOSED: "CLOSE", Session.PRE_OPEN: "CLOSE"}
_STATUS_CODES: Final = {
    SecurityState.NORMAL: "N",
    SecurityState.WARNED: "N",  # warned and controlled securities trade as others do
    SecurityState.CONTROLLED: "N",
    SecurityState.RESTRICTED: "ST",
    SecurityState.SUSPENDED: "S",
    SecurityState.HALTED: "H",
}
_STOCK_TYPES: Final = {
    InstrumentKind.STOCK: "Stock",
    InstrumentKind.ETF: "ETF",
    InstrumentKind.WARRANT: "CW",
    InstrumentKind.FUTURE: "Future",
}
_ODD_LOT_LEVELS: Final = 3
_SIDE_CODES: Final = {Side.BUY.value: "BU", Side.SELL.value: "SD"}
_VIETNAM_OFFSET: Final = timedelta(hours=7)

Record = dict[str, Any]


@lru_cache(maxsize=64)
def _day_and_time(epoch_s: int) -> tuple[str, str]:
    local = datetime.fromtimestamp(epoch_s, tz=UTC) + _VIETNAM_OFFSET
    return local.strftime("%d/%m/%Y"), local.strftime("%H:%M:%S")


def stamp(at_ms: int) -> Record:
    day, time = _day_and_time(at_ms // 1000)
    return {"TradingDate": day, "Time": time}


def wire_price(security: Security, price_vnd: int) -> float:
    if security.listing.instrument.kind is InstrumentKind.FUTURE:
        return price_vnd / FUTURE_MULTIPLIER_VND
    return float(price_vnd)


def session_code(session: Session) -> str:
    return _SESSION_CODES[session]


def status_code(security: Security) -> str:
    """A halt of the whole market shows in the session alone."""
    return _STATUS_CODES[security.state]


def _odd_lot_session(session: Session) -> str:
    return _ODD_LOT_SESSION_CODES.get(session) or session_code(session)


def _market(security: Security) -> str:
    exchange = security.listing.instrument.exchange
    return "DERIVATIVES" if exchange is Exchange.VNFE else exchange.value


def _average(security: Security) -> float | str:
    """Of a future it comes in VND per contract, and as NaN before the first match, as SSI sends it."""
    totals = security.totals
    if totals.quantity:
        return round(totals.value_vnd / totals.quantity, 3)
    return "NaN" if security.listing.instrument.kind is InstrumentKind.FUTURE else 0.0


def status_record(security: Security, at_ms: int) -> Record:
    """F."""
    market = _market(security)
    return {
        "RType": "F",
        "MarketId": market,
        **stamp(at_ms),
        "Symbol": security.symbol,
        "TradingSession": session_code(security.session),
        "TradingStatus": status_code(security),
        "Exchange": market,
        "TradingOlSession": _odd_lot_session(security.session) if _has_odd_lots(security) else "",
    }


_LEVEL_NAMES: Final = {
    prefix: tuple((f"{prefix}Price{number}", f"{prefix}Vol{number}") for number in range(1, 11))
    for prefix in ("Ask", "Bid")
}
_EMPTY_HALVES: Final[dict[str, Record]] = {
    prefix: dict.fromkeys((name for pair in pairs for name in pair), 0.0) for prefix, pairs in _LEVEL_NAMES.items()
}


def _half_record(security: Security, side: Side, prefix: str) -> Record:
    shown = _LEVELS_SHOWN.get(security.listing.instrument.exchange, 10)
    levels = security.book.depth(side, shown)
    if at_auction := security.book.at_auction_quantity(side):
        levels = [Level(0, at_auction), *levels][:shown]  # price 0: at whatever the auction's price will be
    points = FUTURE_MULTIPLIER_VND if security.listing.instrument.kind is InstrumentKind.FUTURE else 1
    record = _EMPTY_HALVES[prefix].copy()
    for (price_name, volume_name), (price_vnd, quantity) in zip(_LEVEL_NAMES[prefix], levels, strict=False):
        record[price_name] = price_vnd / points
        record[volume_name] = float(quantity)
    return record


def quote_record(security: Security, at_ms: int) -> Record:
    """X-QUOTE."""
    return {
        **stamp(at_ms),
        "Exchange": _market(security),
        "Symbol": security.symbol,
        "RType": "X-QUOTE",
        **_half_record(security, Side.SELL, "Ask"),
        **_half_record(security, Side.BUY, "Bid"),
        "TradingSession": session_code(security.session),
    }


def _trade_fields(security: Security, at_ms: int) -> Record:
    totals, market = security.totals, _market(security)
    change_vnd = totals.last_vnd - security.reference_vnd if totals.last_vnd else 0
    return {
        **stamp(at_ms),
        "Isin": security.symbol,
        "Symbol": security.symbol,
        "Ceiling": wire_price(security, security.band.ceiling_vnd),
        "Floor": wire_price(security, security.band.floor_vnd),
        "RefPrice": wire_price(security, security.reference_vnd),
        "AvgPrice": _average(security),
        "PriorVal": wire_price(security, security.prior_close_vnd),
        "LastPrice": wire_price(security, totals.last_vnd),
        "LastVol": float(totals.last_quantity),
        "TotalVal": float(totals.value_vnd),
        "TotalVol": float(totals.quantity),
        "MarketId": market,
        "Exchange": market,
        "TradingSession": session_code(security.session),
        "TradingStatus": status_code(security),
        "Change": wire_price(security, change_vnd),
        "RatioChange": round(change_vnd * 100 / security.reference_vnd, 2),
        "EstMatchedPrice": wire_price(security, security.estimated_match_vnd()),
        "Side": _SIDE_CODES.get(totals.aggressor, ""),
    }


def trade_record(security: Security, at_ms: int) -> Record:
    """X-TRADE."""
    totals = security.totals
    return {
        "RType": "X-TRADE",
        **_trade_fields(security, at_ms),
        "Highest": wire_price(security, totals.high_vnd),
        "Lowest": wire_price(security, totals.low_vnd),
    }


def snapshot_record(security: Security, at_ms: int) -> Record:
    """X."""
    totals = security.totals
    return {
        "RType": "X",
        **_trade_fields(security, at_ms),
        "Open": wire_price(security, totals.open_vnd),
        "High": wire_price(security, totals.high_vnd),
        "Low": wire_price(security, totals.low_vnd),
        "Close": wire_price(security, totals.last_vnd),
        **_half_record(security, Side.SELL, "Ask"),
        **_half_record(security, Side.BUY, "Bid"),
    }


def _bar_record(symbol: str, price: float, volume: int, at_ms: int) -> Record:
    ohlc = dict.fromkeys(("Open", "High", "Low", "Close"), price)
    return {"RType": "B", **stamp(at_ms), "Symbol": symbol, **ohlc, "Volume": float(volume), "Value": 0.0}


def tick_record(security: Security, fill: Fill, at_ms: int) -> Record:
    """B: one match."""
    return _bar_record(security.symbol, wire_price(security, fill.price_vnd), fill.quantity, at_ms)


def index_tick_record(state: IndexState, quantity: int, at_ms: int) -> Record:
    """B of an index: its volume is what was added to the index's total."""
    return _bar_record(state.code, state.value_centipoints / 100, quantity, at_ms)


def room_record(security: Security, at_ms: int) -> Record:
    """R."""
    totals, listing, market = security.totals, security.listing, _market(security)
    return {
        "RType": "R",
        **stamp(at_ms),
        "Isin": security.symbol,
        "Symbol": security.symbol,
        "TotalRoom": float(listing.listed_shares * listing.foreign_limit_percent // 100),
        "CurrentRoom": float(security.room_left),
        "BuyVol": float(totals.foreign_bought_quantity),
        "SellVol": float(totals.foreign_sold_quantity),
        "BuyVal": float(totals.foreign_bought_value_vnd),
        "SellVal": float(totals.foreign_sold_value_vnd),
        "MarketId": market,
        "Exchange": market,
    }


def _has_odd_lots(security: Security) -> bool:
    return security.listing.instrument.kind is not InstrumentKind.FUTURE


def odd_lot_board(security: Security) -> tuple[object, ...]:
    """What a reader of OL waits for: when it is another one, there is something to tell."""
    book = security.odd_book
    halves = (book.depth(side, _ODD_LOT_LEVELS) if len(book) else () for side in Side)
    return *halves, security.odd_totals.trade_count, _odd_lot_session(security.session)


def odd_lot_record(security: Security, at_ms: int) -> Record:
    """OL: three levels and the last match of the odd-lot board; the totals include round lots."""
    totals, odd = security.totals, security.odd_totals
    change_vnd = odd.last_vnd - security.reference_vnd if odd.last_vnd else 0
    record: Record = {
        "RType": "OL",
        **stamp(at_ms),
        "StockNo": crc32(security.symbol.encode()) % 10_000,
        "Symbol": security.symbol,
        "Ceiling": security.band.ceiling_vnd,
        "Floor": security.band.floor_vnd,
        "RefPrice": security.reference_vnd,
        "Open": totals.open_vnd,
        "High": totals.high_vnd,
        "Low": totals.low_vnd,
        "LastPrice": odd.last_vnd,
        "LastVol": odd.last_quantity,
        "TotalVal": float(totals.value_vnd + odd.value_vnd),
        "TotalVol": totals.quantity + odd.quantity,
    }
    for side, prefix in ((Side.BUY, "Bid"), (Side.SELL, "Ask")):
        levels = security.odd_book.depth(side, _ODD_LOT_LEVELS)
        levels += [Level(0, 0)] * (_ODD_LOT_LEVELS - len(levels))
        record |= {f"{prefix}Price{number}": level.price_vnd for number, level in enumerate(levels, start=1)}
        record |= {f"{prefix}Vol{number}": level.quantity for number, level in enumerate(levels, start=1)}
    return record | {
        "Exchange": _market(security),
        "TradingSession": _odd_lot_session(security.session),
        "TradingStatus": status_code(security),
        "Change": change_vnd,
        "RatioChange": round(change_vnd * 100 / security.reference_vnd, 2),
        "StockType": _STOCK_TYPES[security.listing.instrument.kind],
    }


def index_record(state: IndexState, session: Session, at_ms: int) -> Record:
    """MI."""
    change = state.value_centipoints - state.prior_centipoints
    return {
        "IndexId": state.code,
        "IndexValue": state.value_centipoints / 100,
        "PriorIndexValue": state.prior_centipoints / 100,
        **stamp(at_ms),
        "TotalTrade": 0.0,
        "TotalQtty": float(state.total_quantity),
        "TotalValue": float(state.total_value_vnd),
        "IndexName": state.code,
        "Advances": state.advances,
        "NoChanges": state.unchanged,
        "Declines": state.declines,
        "Ceilings": state.ceilings,
        "Floors": state.floors,
        "Change": change / 100,
        "RatioChange": round(change * 100 / state.prior_centipoints, 2),
        "TotalQttyPt": 0.0,
        "TotalValuePt": 0.0,
        "Exchange": INDEX_EXCHANGES.get(state.code, Exchange.HOSE),
        "AllQty": float(state.total_quantity),
        "AllValue": float(state.total_value_vnd),
        "IndexType": "Main",
        "TradingSession": session_code(session),
        "MarketId": INDEX_EXCHANGES.get(state.code, Exchange.HOSE),
        "RType": "MI",
        "TotalQttyOd": 0.0,
        "TotalValueOd": 0.0,
    }


_ENCODER: Final = msgspec.json.Encoder()


def broadcast_argument(data_type: str, record: Record) -> str:
    """What stands in a frame's `A`: the JSON text of a string that holds the JSON of DataType and Content."""
    content = _ENCODER.encode(record).decode()
    return _ENCODER.encode(_ENCODER.encode({"DataType": data_type, "Content": content}).decode()).decode()
