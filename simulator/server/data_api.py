"""FC Data REST (specs v2.2): every value a string, errors with HTTP 200, pages of at most 1,000 rows."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import InstrumentKind
from simulator.exchange.indices import INDEX_EXCHANGES, index_codes, index_members
from simulator.exchange.security import Security
from simulator.server.answers import answer, query_of
from simulator.server.data_history import History
from simulator.server.data_indices import INDEX_EXCHANGE, DailyIndices
from simulator.server.data_queries import BadQuery, Query, Rows, market_of, page_of
from simulator.server.faults import Faults
from simulator.trading_days import day_text
from simulator.world import World

_TYPES: Final = {  # the live service says S of a share where the specification says ST
    InstrumentKind.STOCK: "S",
    InstrumentKind.ETF: "EF",
    InstrumentKind.WARRANT: "CW",
    InstrumentKind.FUTURE: "FU",
}
_BACK_TEST: Final = "backtest"  # in the official clients; the live service says "Not support"


class DataApi:
    def __init__(self, world: World, faults: Callable[[], Faults]) -> None:
        self._world = world
        history = History(world, lambda: faults().range_days_max)
        indices = DailyIndices(world, history)
        self.calls: Final[dict[str, Callable[[Query], Rows]]] = {  # by the lower-case name at the end of the path
            "securities": self.securities,
            "securitiesdetails": self.securities_details,
            "indexcomponents": self.index_components,
            "indexlist": self.index_list,
            "dailyohlc": history.daily_ohlc,
            "intradayohlc": history.intraday_ohlc,
            "dailyindex": indices.daily_index,
            "dailystockprice": history.daily_stock_price,
        }

    def knows(self, name: str) -> bool:
        return name in self.calls or name == _BACK_TEST

    def respond(self, request: web.Request, name: str) -> web.Response:
        query = query_of(request)
        try:
            if name == _BACK_TEST:
                raise BadQuery("Not support")
            page, size = page_of(query)
            rows = self.calls[name](query)
        except BadQuery as error:
            return answer({"data": None, "status": "Error", "message": str(error)})  # as recorded live
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
                "Market": market_of(security),
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
        securities = list(self._world.exchange.securities.values())
        return [
            {
                "IndexCode": code,
                "IndexName": code,
                "Exchange": INDEX_EXCHANGES.get(code, INDEX_EXCHANGE),
                "TotalSymbolNo": str(len(members)),
                "IndexComponent": [{"Isin": one.symbol, "StockSymbol": one.symbol} for one in members],
            }
            for code in index_codes(securities)
            if (not wanted or code.upper() == wanted) and (members := index_members(code, securities))
        ]

    def index_list(self, query: Query) -> Rows:
        wanted = query.get("exchange", "").upper()
        exchanges = {
            code: INDEX_EXCHANGES.get(code, INDEX_EXCHANGE)
            for code in index_codes(self._world.exchange.securities.values())
        }
        return [
            {"IndexCode": code, "IndexName": code, "Exchange": exchange}
            for code, exchange in exchanges.items()
            if wanted in ("", exchange)
        ]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _details_record(self, rows: Rows, total: int) -> dict[str, Any]:
        today = self._world.exchange.day
        report_date = day_text(today) if today else ""
        return {"RType": "y", "ReportDate": report_date, "TotalNoSym": str(total), "RepeatedInfo": rows}

    def _of_market(self, query: Query) -> list[Security]:
        market = query.get("market", "").upper()
        securities = self._world.exchange.securities.values()
        return [security for security in securities if not market or market_of(security) == market]


def _details(security: Security) -> dict[str, Any]:
    listing, is_future = security.listing, security.listing.instrument.kind is InstrumentKind.FUTURE
    ticks = {f"{name}{band}": None for band in range(1, 5) for name in ("TickPrice", "TickIncrement")}
    return {
        "Isin": None,
        "Symbol": security.symbol,
        "SymbolName": listing.name_vi,
        "SymbolEngName": listing.name_en,
        "SecType": _TYPES[listing.instrument.kind],
        "MarketId": market_of(security),
        "Exchange": market_of(security),
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
