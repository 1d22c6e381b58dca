"""FC Data over REST: master data and price history. Everything is text on the wire and an integer here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

import httpx2
import msgspec
import stamina
import structlog

from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.http import TIMEOUT, FastConnectHttp, Reply, access_token
from qts.adapters.ssi.market_time import epoch_ms, format_day, parse_day
from qts.adapters.ssi.numbers import centipoints, points_to_vnd, points_to_vnd_rounded, rounded, whole
from qts.adapters.ssi.symbols import kind_by_form
from qts.adapters.ssi.tokens import TokenKeeper
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Exchange, InstrumentKind

T = TypeVar("T")

log = structlog.get_logger(__name__)

PAGE_SIZE = 1_000
PAGES_MAX = 10  # pageIndex goes from 1 to 10
RANGE_DAYS_MAX = 30  # of one history query

_MARKETS = {"HOSE": Exchange.HOSE, "HNX": Exchange.HNX, "UPCOM": Exchange.UPCOM, "DER": Exchange.VNFE}
_KINDS = {
    "S": InstrumentKind.STOCK,
    "ST": InstrumentKind.STOCK,
    "CW": InstrumentKind.WARRANT,
    "FU": InstrumentKind.FUTURE,
    "EF": InstrumentKind.ETF,
    "MF": InstrumentKind.ETF,
}


_DAY_PRICES = {
    "reference_vnd": "RefPrice",
    "ceiling_vnd": "CeilingPrice",
    "floor_vnd": "FloorPrice",
    "average_vnd": "AveragePrice",
    "close_vnd": "ClosePrice",
    "adjusted_close_vnd": "ClosePriceAdjusted",
}
_DAY_TOTALS = {
    "deal_quantity": "TotalDealVol",
    "deal_value_vnd": "TotalDealVal",
    "foreign_bought_quantity": "ForeignBuyVolTotal",
    "foreign_sold_quantity": "ForeignSellVolTotal",
    "foreign_bought_value_vnd": "ForeignBuyValTotal",
    "foreign_sold_value_vnd": "ForeignSellValTotal",
    "foreign_room_left": "ForeignCurrentRoom",
}


@dataclass(frozen=True, slots=True)
class ListedSecurity:
    symbol: str
    exchange: Exchange
    kind: InstrumentKind
    name_vi: str
    name_en: str
    lot_size: int  # 0 when the server does not say
    listed_shares: int


@dataclass(frozen=True, slots=True)
class ListedIndex:
    code: str
    name: str
    exchange: str


@dataclass(frozen=True, slots=True)
class DailyBar:
    """Order-matched totals of one day, unadjusted."""

    symbol: str
    day: date
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int
    value_vnd: int


@dataclass(frozen=True, slots=True)
class IntradayBar:
    """`ts_last_trade_ms` is the time of the bar's last trade, which is what the wire gives; not the bar's start."""

    symbol: str
    ts_last_trade_ms: int
    open_vnd: int
    high_vnd: int
    low_vnd: int
    close_vnd: int
    volume: int


@dataclass(frozen=True, slots=True)
class IndexDay:
    """An index at the end of a day, in hundredths of a point; `deal` is what was put through."""

    index_code: str
    day: date
    close_centipoints: int
    match_quantity: int
    match_value_vnd: int
    deal_quantity: int
    deal_value_vnd: int
    advances: int
    declines: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class DailyPrice:
    """A day of a security beyond its bar; `adjusted_close_vnd` is the only adjusted price that FC Data has."""

    symbol: str
    day: date
    reference_vnd: int
    ceiling_vnd: int
    floor_vnd: int
    average_vnd: int
    close_vnd: int
    adjusted_close_vnd: int
    deal_quantity: int
    deal_value_vnd: int
    foreign_bought_quantity: int
    foreign_sold_quantity: int
    foreign_bought_value_vnd: int
    foreign_sold_value_vnd: int
    foreign_room_left: int


class MarketDataClient:
    """Raises TransientError (network, quota, server failure) or TerminalError (refused, malformed). Thread-safe."""

    def __init__(
        self,
        base_url: str,
        credentials: DataCredentials,
        *,
        attempts: int = 3,
        timeout: httpx2.Timeout = TIMEOUT,
        wait_turn: Callable[[], None] = lambda: None,
    ) -> None:
        """`wait_turn` is called before each query, each page and each repetition: the broker counts them all."""
        self._http = FastConnectHttp(base_url, timeout=timeout)
        self._credentials = credentials
        self._attempts = attempts
        self._wait_turn = wait_turn
        self._tokens = TokenKeeper(self._log_in)

    def close(self) -> None:
        self._http.close()

    def token(self) -> str:
        """A valid access token, which the stream needs too."""
        return self._tokens.token()

    def drop_token(self, refused: str) -> None:
        self._tokens.drop(refused)

    def securities(self, market: str = "") -> list[tuple[str, str]]:
        """(symbol, market) of everything listed; `market` HOSE, HNX, UPCOM, DER or empty for all."""
        return [(_text(row, "Symbol"), _text(row, "Market")) for row in self._pages("Securities", {"market": market})]

    def securities_details(self, market: str = "", symbol: str = "") -> list[ListedSecurity]:
        """Shares, ETFs, warrants and futures; bonds and open funds, which are not traded here, are left out, and so is
        one whose details cannot be read: the others are worth having."""
        found: list[ListedSecurity] = []
        for page in self._pages("SecuritiesDetails", {"market": market, "symbol": symbol}):
            rows = page.get("RepeatedInfo")
            if not isinstance(rows, list):
                raise TerminalError("SecuritiesDetails: RepeatedInfo is missing")
            found.extend(security for row in rows if (security := _readable(row)) is not None)
        return found

    def index_list(self, exchange: str = "") -> list[ListedIndex]:
        """Of one exchange (HOSE or HNX), or of all."""
        rows = self._pages("IndexList", {"exchange": exchange})
        return [ListedIndex(_text(row, "IndexCode"), _text(row, "IndexName"), _text(row, "Exchange")) for row in rows]

    def index_components(self, index_code: str) -> list[str]:
        """The symbols of one index; none where the broker tells of none. Codes are compared without their case."""
        symbols: list[str] = []
        for row in self._pages("IndexComponents", {"indexCode": index_code}):
            if _text(row, "IndexCode").upper() != index_code.upper():
                continue
            members = row.get("IndexComponent")
            if not isinstance(members, list):
                raise TerminalError("IndexComponents: IndexComponent is missing")
            symbols.extend(_text(one, "StockSymbol") for one in members if isinstance(one, dict))
        return list(dict.fromkeys(symbols))

    def daily_ohlc(self, symbol: str, since: date, until: date) -> list[DailyBar]:
        """Oldest first, both days included; longer ranges are asked for in parts of 30 days."""
        bars: list[DailyBar] = []
        for first, last in _ranges(since, until):
            span = {"symbol": symbol, "fromDate": format_day(first), "toDate": format_day(last), "ascending": "True"}
            bars.extend(_daily_bar(row) for row in self._pages("DailyOhlc", span))
        return bars

    def intraday_ohlc(self, symbol: str, since: date, until: date) -> list[IntradayBar]:
        """Minute bars, oldest first, both days included."""
        bars: list[IntradayBar] = []
        for first, last in _ranges(since, until):
            span = {
                "symbol": symbol,
                "fromDate": format_day(first),
                "toDate": format_day(last),
                "ascending": "True",
                "resolution": "1",
            }
            bars.extend(_intraday_bar(row) for row in self._pages("IntradayOhlc", span))
        return bars

    def daily_index(self, index_code: str, since: date, until: date) -> list[IndexDay]:
        """Oldest first, both days included. A day whose index is not computed yet (0) is left out."""
        days: list[IndexDay] = []
        for first, last in _ranges(since, until):
            span = {"fromDate": format_day(first), "toDate": format_day(last), "ascending": "True"}
            days.extend(map(_index_day, self._pages("DailyIndex", {"indexId": index_code, **span})))
        return sorted((one for one in days if one.close_centipoints), key=lambda one: one.day)

    def daily_stock_price(self, symbol: str, since: date, until: date) -> list[DailyPrice]:
        """Oldest first, both days included."""
        days: list[DailyPrice] = []
        for first, last in _ranges(since, until):
            span = {"fromDate": format_day(first), "toDate": format_day(last)}
            days.extend(map(_daily_price, self._pages("DailyStockPrice", {"symbol": symbol, **span})))
        return sorted(days, key=lambda one: one.day)

    def _pages(self, name: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The rows of all pages. A record of SecuritiesDetails holds many securities: totalRecord counts those."""
        seen = 0
        for page in range(1, PAGES_MAX + 1):
            reply = self._get(name, {**params, "pageIndex": str(page), "pageSize": str(PAGE_SIZE)})
            rows = reply.data if isinstance(reply.data, list) else []
            yield from (row for row in rows if isinstance(row, dict))
            seen += PAGE_SIZE
            if not rows or seen >= rounded(reply.document.get("totalRecord")):
                return
        raise TerminalError(f"{name}: more rows than the {PAGES_MAX * PAGE_SIZE} that can be paged through")

    def _get(self, name: str, params: Mapping[str, str]) -> Reply:
        for attempt in stamina.retry_context(on=TransientError, attempts=self._attempts, timeout=30.0):
            with attempt:
                reply = self._get_once(name, params)
        if reply.status not in {"Success", "NoDataFound"}:
            raise TerminalError(f"{name}: {reply.message or reply.status}")
        return reply

    def _get_once(self, name: str, params: Mapping[str, str]) -> Reply:
        token = self._tokens.token()
        self._wait_turn()
        reply = self._http.query("GET", f"api/v2/Market/{name}", token=token, params=params)
        if reply.unauthorised:
            self._tokens.drop(token)
            raise TransientError(f"{name}: the token was refused")
        return reply

    def _log_in(self) -> str:
        body = {"consumerID": self._credentials.consumer_id, "consumerSecret": self._credentials.consumer_secret}
        return access_token(self._http.query("POST", "api/v2/Market/AccessToken", body=msgspec.json.encode(body)))


def _ranges(since: date, until: date) -> Iterator[tuple[date, date]]:
    while since <= until:
        last = min(until, since + timedelta(days=RANGE_DAYS_MAX - 1))
        yield since, last
        since = last + timedelta(days=1)


def _readable(row: Any) -> ListedSecurity | None:
    try:
        return _security(row)
    except (ValueError, TypeError, AttributeError) as error:
        log.warning("security_unreadable", row=str(row)[:300], reason=str(error))
        return None


def _security(row: Mapping[str, Any]) -> ListedSecurity | None:
    symbol, market = _text(row, "Symbol"), _text(row, "Exchange") or _text(row, "MarketId")
    exchange = _MARKETS.get(market.upper())
    kind = _KINDS.get(_text(row, "SecType").upper()) or kind_by_form(symbol)
    if exchange is None or kind is None or _text(row, "SecType").upper() in {"BO", "OF", "B"}:
        return None
    return ListedSecurity(
        symbol=symbol,
        exchange=exchange,
        kind=kind,
        name_vi=_text(row, "SymbolName"),
        name_en=_text(row, "SymbolEngName"),
        lot_size=whole(row.get("LotSize")),
        listed_shares=whole(row.get("ListedShare")),
    )


def _daily_bar(row: Mapping[str, Any]) -> DailyBar:
    return DailyBar(
        day=_read(parse_day, _text(row, "TradingDate")),
        volume=_read(rounded, row.get("Volume")),
        value_vnd=_read(rounded, row.get("Value")),
        **_prices(row),
    )


def _intraday_bar(row: Mapping[str, Any]) -> IntradayBar:
    return IntradayBar(
        ts_last_trade_ms=_read(lambda day: epoch_ms(day, _text(row, "Time")), _text(row, "TradingDate")),
        volume=_read(rounded, row.get("Volume")),
        **_prices(row),
    )


def _index_day(row: Mapping[str, Any]) -> IndexDay:
    return IndexDay(
        index_code=_text(row, "IndexId"),
        day=_read(parse_day, _text(row, "TradingDate")),
        close_centipoints=_read(centipoints, row.get("IndexValue")),
        match_quantity=_read(rounded, row.get("TotalMatchVol")),
        match_value_vnd=_read(rounded, row.get("TotalMatchVal")),
        deal_quantity=_read(rounded, row.get("TotalDealVol")),
        deal_value_vnd=_read(rounded, row.get("TotalDealVal")),
        advances=_read(whole, row.get("Advances")),
        declines=_read(whole, row.get("Declines")),
        unchanged=_read(whole, row.get("NoChanges")),
    )


def _daily_price(row: Mapping[str, Any]) -> DailyPrice:
    symbol = _text(row, "Symbol")
    price = points_to_vnd_rounded if kind_by_form(symbol) is InstrumentKind.FUTURE else rounded
    return DailyPrice(
        symbol=symbol,
        day=_read(parse_day, _text(row, "TradingDate")),
        **{name: _read(price, row.get(wire)) for name, wire in _DAY_PRICES.items()},
        **{name: _read(rounded, row.get(wire)) for name, wire in _DAY_TOTALS.items()},
    )


def _prices(row: Mapping[str, Any]) -> dict[str, Any]:
    symbol = _text(row, "Symbol")
    price = points_to_vnd if kind_by_form(symbol) is InstrumentKind.FUTURE else whole
    prices = {f"{name.lower()}_vnd": _read(price, row.get(name)) for name in ("Open", "High", "Low", "Close")}
    return {"symbol": symbol, **prices}


def _read(convert: Callable[[Any], T], value: Any) -> T:
    try:
        return convert(value)
    except ValueError as error:
        raise TerminalError(f"FC Data: {error}") from error


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""
