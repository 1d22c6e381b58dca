"""FC Trading REST (specs v2.4): signed order calls and queries. Business refusals are HTTP 200 with status 400."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from simulator.broker import checks, ledger
from simulator.broker.accounts import Account
from simulator.broker.notices import wire_price
from simulator.broker.orders import ClientOrder
from simulator.exchange.security import Security
from simulator.server.access import Access, Caller
from simulator.server.answers import failure, query_of, success, unauthorized
from simulator.server.faults import Faults
from simulator.server.pacemaker import Pacemaker
from simulator.wire.keys import is_signed
from simulator.wire.trading_requests import CancelOrder, ModifyOrder, NewOrder, SignedRequest
from simulator.world import World

_ACCOUNT_UNKNOWN: Final = "Account is not exist."  # sic
_DATES_REQUIRED: Final = "'Start Date' must not be empty; StartDate is required."
_RATE_LIMITS: Final = (
    {"endpoint": "*", "period": "1s", "limit": 50},
    {"endpoint": "*", "period": "5s", "limit": 200},
)

_Request = TypeVar("_Request", bound=SignedRequest)


class LostAnswer(Exception):
    """The connection shall end without an answer."""


class TradingApi:
    """`faults` is replaced by the control API, so it is asked for at each call."""

    def __init__(self, world: World, access: Access, pacemaker: Pacemaker, faults: Callable[[], Faults]) -> None:
        self._world = world
        self._access = access
        self._pacemaker = pacemaker
        self._faults = faults
        self.order_calls: Final = {
            "neworder": self.new_order,
            "derneworder": self.new_order,
            "cancelorder": self.cancel_order,
            "dercancelorder": self.cancel_order,
            "modifyorder": self.modify_order,
            "dermodifyorder": self.modify_order,
        }
        self.queries: Final = {
            "orderbook": self.order_book,
            "auditorderbook": self.audit_order_book,
            "cashacctbal": self.cash_balance,
            "stockposition": self.stock_position,
            "orderhistory": self.order_history,
            "maxbuyqty": self.max_buy_quantity,
            "maxsellqty": self.max_sell_quantity,
        }

    # --- signed calls ---------------------------------------------------------------------------------------------

    async def new_order(self, request: web.Request) -> web.Response:
        given = await self._signed(request, NewOrder)
        if isinstance(given, web.Response):
            return given
        caller, order_request = given
        order = self._world.intake.new_order(caller.customer, order_request, _ip_of(request))
        if isinstance(order, str):
            return failure(order)
        self._accepted()
        await self._misbehave()
        return success(
            {
                "requestID": order_request.request_id,
                "requestData": {
                    "instrumentID": order_request.instrument_id,
                    "market": order_request.market,
                    "buySell": order_request.buy_sell,
                    "orderType": order_request.order_type,
                    "channelID": order_request.channel_id,
                    "price": order_request.price,
                    "quantity": int(order_request.quantity),
                    "account": order_request.account,
                    **dict.fromkeys(("stopOrder", "stopPrice", "stopType", "stopStep", "lossStep", "profitStep"), 0),
                    "stopOrder": False,
                    "stopType": "",
                },
            }
        )

    async def cancel_order(self, request: web.Request) -> web.Response:
        given = await self._signed(request, CancelOrder)
        if isinstance(given, web.Response):
            return given
        caller, cancel = given
        refusal = self._world.intake.cancel_order(caller.customer, cancel, _ip_of(request))
        if refusal is not None:
            return failure(refusal)
        self._accepted()
        return success(
            {
                "requestID": cancel.request_id,
                "requestData": {
                    "orderID": cancel.order_id,
                    "account": cancel.account,
                    "marketID": cancel.market_id,
                    "instrumentID": cancel.instrument_id,
                    "buySell": cancel.buy_sell,
                    "requestID": cancel.request_id,
                },
            }
        )

    async def modify_order(self, request: web.Request) -> web.Response:
        given = await self._signed(request, ModifyOrder)
        if isinstance(given, web.Response):
            return given
        caller, change = given
        refusal = self._world.intake.modify_order(caller.customer, change, _ip_of(request))
        if refusal is not None:
            return failure(refusal)
        self._accepted()
        return success(
            {
                "requestID": change.request_id,
                "requestData": {
                    "orderID": change.order_id,
                    "price": change.price,
                    "quantity": int(change.quantity),
                    "account": change.account,
                    "instrumentID": change.instrument_id,
                    "marketID": change.market_id,
                    "buySell": change.buy_sell,
                    "orderType": change.order_type,
                },
            }
        )

    async def _signed(self, request: web.Request, kind: type[_Request]) -> tuple[Caller, _Request] | web.Response:
        """The caller and the body, when token, signature over the very bytes, and second factor are right."""
        caller = self._access.caller(request)
        body = await request.read()
        if caller is None or not is_signed(caller.customer.public_key, body, request.headers.get("X-Signature", "")):
            return unauthorized()
        try:
            given = msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            return failure(f"Bad request: {error}")
        if not caller.is_saved and not self._access.is_second_factor(caller.customer, given.code):
            return failure("Wrong OTP")
        self._pacemaker.catch_up()
        return caller, given

    def _accepted(self) -> None:
        """The request is durable before it is answered; the exchange hears of it just after."""
        self._pacemaker.tell()
        asyncio.get_running_loop().call_soon(self._pacemaker.beat)

    async def _misbehave(self) -> None:
        faults = self._faults()
        if faults.new_order_delay_ms:
            await asyncio.sleep(faults.new_order_delay_ms / 1000)
        if faults.lost_answers > 0:
            faults.lost_answers -= 1
            raise LostAnswer

    # --- queries --------------------------------------------------------------------------------------------------

    def query(self, request: web.Request, name: str) -> web.Response:
        caller = self._access.caller(request)
        if caller is None:
            return unauthorized()
        if name == "ratelimit":
            return success(list(_RATE_LIMITS))
        parameters = query_of(request)
        account = self._world.broker.account_of(caller.customer, parameters.get("account", ""))
        if account is None:
            return failure(_ACCOUNT_UNKNOWN)
        return self.queries[name](account, parameters)

    def order_book(self, account: Account, parameters: dict[str, str]) -> web.Response:
        rows = [_order_row(order) for order in self._orders_of(account)]
        return success({"account": account.number, "orders": rows})

    def audit_order_book(self, account: Account, parameters: dict[str, str]) -> web.Response:
        rows = [{**_order_row(order), "lastErrorEvent": _last_error(order)} for order in self._orders_of(account)]
        return success({"account": account.number, "orders": rows})

    def order_history(self, account: Account, parameters: dict[str, str]) -> web.Response:
        first, last = _day(parameters.get("startdate")), _day(parameters.get("enddate"))
        if first is None or last is None:
            return failure(_DATES_REQUIRED)
        orders = self._world.journal.orders(first, last)
        rows = [_order_row(order) for order in orders if order.account == account.number]
        return success({"orderHistories": rows, "account": account.number})

    def cash_balance(self, account: Account, parameters: dict[str, str]) -> web.Response:
        exchange = self._world.exchange
        open_orders = self._world.broker.open_orders(account.number)
        return success(ledger.cash_balance(account, open_orders, exchange.securities, _today(self._world)))

    def stock_position(self, account: Account, parameters: dict[str, str]) -> web.Response:
        exchange = self._world.exchange
        open_orders = self._world.broker.open_orders(account.number)
        day = _today(self._world)
        return success(ledger.stock_positions(account, open_orders, exchange.securities, day, exchange.calendar))

    def max_buy_quantity(self, account: Account, parameters: dict[str, str]) -> web.Response:
        security = self._security(parameters)
        if security is None:
            return failure("Instrument is not exist.")
        open_orders = self._world.broker.open_orders(account.number)
        power_vnd = ledger.purchasing_power_vnd(account, open_orders, self._world.exchange.securities)
        instrument = security.listing.instrument
        price_vnd = checks.price_vnd_of(float(parameters.get("price", 0) or 0), instrument.kind)
        quantity = ledger.max_buy_quantity(power_vnd, price_vnd or security.band.ceiling_vnd, instrument.lot_size)
        return success(
            {
                "account": account.number,
                "maxBuyQty": quantity,
                "marginRatio": "100%",
                "purchasingPower": max(0, power_vnd),
            }
        )

    def max_sell_quantity(self, account: Account, parameters: dict[str, str]) -> web.Response:
        open_orders = self._world.broker.open_orders(account.number)
        symbol = parameters.get("instrumentid", "").upper()
        return success({"account": account.number, "maxSellQty": account.sellable_quantity(symbol, open_orders)})

    def _orders_of(self, account: Account) -> list[ClientOrder]:
        return [order for order in self._world.broker.orders.values() if order.account == account.number]

    def _security(self, parameters: dict[str, str]) -> Security | None:
        return self._world.exchange.securities.get(parameters.get("instrumentid", "").upper())


def _today(world: World) -> date:
    if world.broker.day is None:
        raise RuntimeError("the market has no day yet")
    return world.broker.day


def _ip_of(request: web.Request) -> str:
    return request.remote or ""


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  a date has no time zone
    except ValueError:
        return None


def _order_row(order: ClientOrder) -> dict[str, Any]:
    """A row of orderBook; `uniqueID` is the requestID of the last action on the order."""
    return {
        "uniqueID": order.unique_id,
        "orderID": order.order_id,
        "buySell": order.side.value[0],
        "price": wire_price(order, order.price_vnd),
        "quantity": order.quantity,
        "filledQty": order.filled_quantity,
        "orderStatus": order.status.value,
        "marketID": order.market,
        "inputTime": str(order.input_ms),
        "modifiedTime": str(order.modified_ms),
        "instrumentID": order.symbol,
        "orderType": order.order_type.value,
        "cancelQty": order.cancelled_quantity,
        "avgPrice": wire_price(order, order.average_vnd),
        "isForcesell": "F",
        "isShortsell": "F",
        "rejectReason": order.error_code or "0",
        "lastErrorEvent": None,
    }


def _last_error(order: ClientOrder) -> dict[str, Any] | None:
    if not order.error_code:
        return None
    return {"errorCode": order.error_code, "message": order.error_text, "orderID": order.order_id}
