"""FC Data REST (specs v2.2): every value a string, errors with HTTP 200, pages of at most 1,000 rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from qts.domain.market import FUTURE_MULTIPLIER_VND, VIETNAM
from qts.domain.values import Exchange, InstrumentKind
from simulator.exchange.indices import BASES_CENTIPOINTS
from simulator.exchange.security import Security
from simulator.server.answers import answer, query_of
from simulator.trading_days import day_text
from simulator.world import World

_PAGE_SIZES: Final = frozenset({10, 20, 50, 100, 1000})
_PAGES_MAX: Final = 10
_RANGE_DAYS_MAX: Final = 30
_RANGE_ERROR: Final = "Date time format dd/MM/yyyy and ('from date' <= 'to date') < now , max range 30 days"
_PAGE_ERROR: Final = "Size of a page must 10, 20, 50, 100 or 1000"
_INDEX_EXCHANGE: Final = "HOSE"

Query = dict[str, str]
Rows = list[dict[str, Any]]


class BadQuery(Exception):
    """The text goes to the caller."""


class DataApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self.calls: Final[dict[str, Callable[[Query], Rows]]] = {  # by the lower-case name at the end of the path
            "securities": self.securities,
            "securitiesdetails": self.securities_details,
            "indexcomponents": self.index_components,
            "indexlist": self.index_list,
            "dailyohlc": self.daily_ohlc,
            "intradayohlc": self.intraday_ohlc,
        }

    def respond(self, request: web.Request, name: str) -> web.Response:
        query = query_of(request)
        try:
            page, size = _page(query)
            rows = self.calls[name](query)
        except BadQuery as error:
            return answer({"data": None, "message": str(error), "status": "Error", "totalRecord": 0})
        if not rows:
            return answer({"data": [], "message": "No data found", "status": "NoDataFound", "totalRecord": 0})
        chosen = rows[(page - 1) * size : page * size]
        if name == "securitiesdetails" and chosen:
            chosen = [self._details_record(chosen, len(rows))]
        return answer({"data": chosen, "message": "Success", "status": "Success", "totalRecord": len(rows)})

    # --- calls ----------------------------------------------------------------------------------------------------

    def securities(self, query: Query) -> Rows:
        return [
            {
                "Market": _market(security),
                "Symbol": security.symbol,
                "StockName": security.listing.name_vi,
                "StockEnName": security.listing.name_en,
            }
            for security in self._of_market(query)
        ]

    def securities_details(self, query: Query) -> Rows:
        """The rows of one record's list: the list is what is paged and counted."""
        symbol = query.get("symbol", "").upper()
        return [_details(one) for one in self._of_market(query) if not symbol or one.symbol == symbol]

    def index_components(self, query: Query) -> Rows:
        wanted = query.get("indexcode", "").upper()
        members = [one for one in self._world.exchange.securities.values() if one.listing.listed_shares]
        return [
            {
                "IndexCode": code,
                "IndexName": code,
                "Exchange": _INDEX_EXCHANGE,
                "TotalSymbolNo": str(len(members)),
                "IndexComponent": [{"Isin": one.symbol, "StockSymbol": one.symbol} for one in members],
            }
            for code in BASES_CENTIPOINTS
            if members and (not wanted or code == wanted)
        ]

    def index_list(self, query: Query) -> Rows:
        if query.get("exchange", _INDEX_EXCHANGE).upper() != _INDEX_EXCHANGE:
            return []
        return [{"IndexCode": code, "IndexName": code, "Exchange": _INDEX_EXCHANGE} for code in BASES_CENTIPOINTS]

    def daily_ohlc(self, query: Query) -> Rows:
        security = self._security(query)
        first, last = self._range(query)
        if security is None:
            return []
        rows = [
            {
                "Symbol": security.symbol,
                "Market": _market(security),
                "TradingDate": day_text(bar.day),
                "Time": None,
                "Open": _price_text(security, bar.open_vnd),
                "High": _price_text(security, bar.high_vnd),
                "Low": _price_text(security, bar.low_vnd),
                "Close": _price_text(security, bar.close_vnd),
                "Volume": str(bar.volume),
                "Value": str(bar.value_vnd),
            }
            for bar in self._world.store.daily_bars(security.symbol, first, last)
        ]
        return _ordered(rows, query)

    def intraday_ohlc(self, query: Query) -> Rows:
        """One-minute bars of simulated days; `Time` is that of the last match, `Value` the close."""
        security = self._security(query)
        first, last = self._range(query)
        if query.get("resolution", "1") != "1":
            raise BadQuery("Resolution is not supported")
        if security is None:
            return []
        rows = []
        for bar in self._world.store.minute_bars(security.symbol, first, last):
            at = datetime.fromtimestamp(bar.last_ms / 1000, tz=UTC).astimezone(VIETNAM)
            close = _price_text(security, bar.close_vnd)
            rows.append(
                {
                    "Symbol": security.symbol,
                    "Value": close,
                    "TradingDate": day_text(at.date()),
                    "Time": at.strftime("%H:%M:%S"),
                    "Open": _price_text(security, bar.open_vnd),
                    "High": _price_text(security, bar.high_vnd),
                    "Low": _price_text(security, bar.low_vnd),
                    "Close": close,
                    "Volume": str(bar.volume),
                }
            )
        return _ordered(rows, query)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _details_record(self, rows: Rows, total: int) -> dict[str, Any]:
        today = self._world.exchange.day
        report_date = day_text(today) if today else ""
        return {"RType": "y", "ReportDate": report_date, "TotalNoSym": str(total), "RepeatedInfo": rows}

    def _of_market(self, query: Query) -> list[Security]:
        market = query.get("market", "").upper()
        securities = self._world.exchange.securities.values()
        return [security for security in securities if not market or _market(security) == market]

    def _security(self, query: Query) -> Security | None:
        return self._world.exchange.securities.get(query.get("symbol", "").upper())

    def _range(self, query: Query) -> tuple[date, date]:
        """Missing dates mean today."""
        today = self._world.exchange.day or datetime.now(tz=VIETNAM).date()
        first, last = _date(query.get("fromdate"), today), _date(query.get("todate"), today)
        if first > last or last > today or last - first > timedelta(days=_RANGE_DAYS_MAX):
            raise BadQuery(_RANGE_ERROR)
        return first, last


def _page(query: Query) -> tuple[int, int]:
    try:
        page, size = int(query.get("pageindex", "1")), int(query.get("pagesize", "10"))
    except ValueError as error:
        raise BadQuery(_PAGE_ERROR) from error
    if size not in _PAGE_SIZES:
        raise BadQuery(_PAGE_ERROR)
    if not 1 <= page <= _PAGES_MAX:
        raise BadQuery("Page index must be from 1 to 10")
    return page, size


def _date(text: str | None, default: date) -> date:
    if text is None:
        return default
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  a date has no time zone
    except ValueError as error:
        raise BadQuery(_RANGE_ERROR) from error


def _ordered(rows: Rows, query: Query) -> Rows:
    return rows if query.get("ascending", "true").lower() == "true" else rows[::-1]


def _market(security: Security) -> str:
    exchange = security.listing.instrument.exchange
    return "DER" if exchange is Exchange.VNFE else exchange.value


def _price_text(security: Security, price_vnd: int) -> str:
    if security.listing.instrument.kind is InstrumentKind.FUTURE:
        return f"{price_vnd / FUTURE_MULTIPLIER_VND:g}"
    return str(price_vnd)


def _details(security: Security) -> dict[str, Any]:
    listing, is_future = security.listing, security.listing.instrument.kind is InstrumentKind.FUTURE
    ticks = {f"{name}{band}": None for band in range(1, 5) for name in ("TickPrice", "TickIncrement")}
    return {
        "Isin": None,
        "Symbol": security.symbol,
        "SymbolName": listing.name_vi,
        "SymbolEngName": listing.name_en,
        "SecType": "FU" if is_future else "S",
        "MarketId": _market(security),
        "Exchange": _market(security),
        "Issuer": None,
        "LotSize": str(listing.instrument.lot_size),
        "IssueDate": "",
        "MaturityDate": "",
        "FirstTradingDate": "",
        "LastTradingDate": "",
        "ContractMultiplier": str(FUTURE_MULTIPLIER_VND if is_future else 0),
        "SettlMethod": "C" if is_future else "",
        "Underlying": "VN30" if is_future else None,
        "PutOrCall": None,
        "ExercisePrice": "0",
        "ExerciseStyle": "",
        "ExcerciseRatio": "0",
        "ListedShare": str(listing.listed_shares),
        **ticks,
    }
