"""Queries of FC Trading REST (specs v2.4; cash, rights and shares as SSI's Java client reads them)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from aiohttp import web

from qts.domain.market import to_vietnam
from qts.domain.values import Side
from simulator.broker import checks, derivatives, funding, ledger, margin
from simulator.broker.accounts import Account, AccountKind, Owner
from simulator.broker.customers import Customer
from simulator.broker.notices import error_fields, wire_price
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security
from simulator.server.answers import failure, success
from simulator.server.trading_api_rights import RightsQueries
from simulator.server.trading_api_signed import ACCOUNT_UNKNOWN
from simulator.trading_days import day_text
from simulator.wire.texts import day_of, decimal_number
from simulator.world import World

_DATES_REQUIRED: Final = "'Start Date' must not be empty; StartDate is required."
_ACCOUNT_EMPTY: Final = "'Account' must not be empty"
_NO_INSTRUMENT: Final = "Instrument is not exist."  # sic
_SHARES: Final = frozenset({AccountKind.CASH, AccountKind.MARGIN})
_CONTRACTS: Final = frozenset({AccountKind.DERIVATIVES})
_ANY: Final = frozenset(AccountKind)
_MARGIN: Final = frozenset({AccountKind.MARGIN})
_MAX_PRICE: Final = 1e12

Parameters = dict[str, str]
Handler = Callable[[Account, Parameters], web.Response]


class TradingQueries:
    """`handlers` by lower-case path after `api/v2/Trading/`, or after `api/v2/` for cash, rights and shares."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rights = RightsQueries(world)
        self._for: Final[dict[str, tuple[frozenset[AccountKind], Handler]]] = {
            "orderbook": (_ANY, self.order_book),
            "auditorderbook": (_ANY, self.audit_order_book),
            "orderhistory": (_ANY, self.order_history),
            "cashacctbal": (_SHARES, self.cash_balance),
            "derivacctbal": (_CONTRACTS, self.deposit),
            "ppmmraccount": (_MARGIN, self.margin_account),
            "stockposition": (_SHARES, self.stock_position),
            "derivposition": (_CONTRACTS, self.contract_positions),
            "maxbuyqty": (_ANY, self.max_buy_quantity),
            "maxsellqty": (_ANY, self.max_sell_quantity),
            "cash/cashinadvanceamount": (_SHARES, self.advance_amounts),
            "cash/unsettlesoldtransaction": (_SHARES, self.unsettled_sales),
            "cash/transferhistories": (_ANY, _nothing("transferHistories", with_account=False)),
            "cash/cashinadvancehistories": (_SHARES, self._rights.advances),
            "cash/estcashinadvancefee": (_SHARES, self.advance_fee),
            "ors/dividend": (_SHARES, self._rights.dividends),
            "ors/exercisablequantity": (_SHARES, self._rights.exercisable),
            "ors/histories": (_SHARES, self._rights.subscriptions),
            "stock/transferable": (_SHARES, self.transferable_shares),
            "stock/transferhistories": (_SHARES, _nothing("stockTransferHistories")),
        }
        self.handlers: Final = frozenset(self._for)

    def answer(self, customer: Customer, name: str, parameters: Parameters) -> web.Response:
        """An account of another kind than the call is for does not exist for it."""
        kinds, handler = self._for[name]
        number = parameters.get("account", "")
        if not number and name == "derivposition":
            return failure(_ACCOUNT_EMPTY)
        account = self._world.broker.account_of(customer, number)
        if account is None or account.kind not in kinds:
            return failure(ACCOUNT_UNKNOWN)
        return handler(account, parameters)

    # --- orders ---------------------------------------------------------------------------------------------------

    def order_book(self, account: Account, parameters: Parameters) -> web.Response:
        rows = [_order_row(order) for order in self._orders_of(account)]
        return success({"account": account.number, "orders": rows})

    def audit_order_book(self, account: Account, parameters: Parameters) -> web.Response:
        rows = [{**_order_row(order), "lastErrorEvent": _last_error(order)} for order in self._orders_of(account)]
        return success({"account": account.number, "orders": rows})

    def order_history(self, account: Account, parameters: Parameters) -> web.Response:
        first, last = day_of(parameters.get("startdate", "")), day_of(parameters.get("enddate", ""))
        if first is None or last is None:
            return failure(_DATES_REQUIRED)
        orders = self._world.journal.orders(first, last)
        rows = [_order_row(order) for order in orders if order.account == account.number]
        return success({"orderHistories": rows, "account": account.number})

    # --- balances -------------------------------------------------------------------------------------------------

    def cash_balance(self, account: Account, parameters: Parameters) -> web.Response:
        day = _today(self._world)
        return success(ledger.cash_balance(account, self._open(account), self._securities, day, self._terms))

    def deposit(self, account: Account, parameters: Parameters) -> web.Response:
        return success(derivatives.deposit_answer(account, self._open(account), self._securities, self._terms))

    def margin_account(self, account: Account, parameters: Parameters) -> web.Response:
        return success(margin.margin_account_answer(account, self._open(account), self._securities, self._terms))

    def stock_position(self, account: Account, parameters: Parameters) -> web.Response:
        day, calendar = _today(self._world), self._world.exchange.calendar
        return success(ledger.stock_positions(account, self._open(account), self._securities, day, calendar))

    def contract_positions(self, account: Account, parameters: Parameters) -> web.Response:
        return success(derivatives.positions_answer(account, self._securities))

    def max_buy_quantity(self, account: Account, parameters: Parameters) -> web.Response:
        """Without a price at the dearest one."""
        security, price_vnd = self._security(parameters), self._price_vnd(parameters)
        if security is None:
            return failure(_NO_INSTRUMENT)
        if (refusal := _market_refusal(account, security)) is not None:
            return failure(refusal)
        if price_vnd is None:
            return failure("Price is invalid")
        price_vnd = price_vnd or security.band.ceiling_vnd
        orders = self._open(account)
        power_vnd = funding.purchasing_power_vnd(account, orders, self._securities, self._terms)
        ratio = 100
        if account.kind is AccountKind.DERIVATIVES:
            ratio = self._terms.future_margin_percent
        elif account.kind is AccountKind.MARGIN:
            loan = margin.loan_percent(security, self._terms)
            state = margin.margin_state(account, orders, self._securities, self._terms)
            power_vnd = margin.margin_power_vnd(account, state, loan, self._terms)
            ratio = 100 - loan
        quantity = self._most(account, security, Side.BUY, price_vnd)
        if account.owner is Owner.FOREIGN and account.kind is not AccountKind.DERIVATIVES:
            lot = security.listing.instrument.lot_size
            quantity = min(quantity, security.room_left // lot * lot)
        return success(
            {
                "account": account.number,
                "maxBuyQty": quantity,
                "marginRatio": f"{ratio}%",
                "purchasingPower": max(0, power_vnd),
            }
        )

    def max_sell_quantity(self, account: Account, parameters: Parameters) -> web.Response:
        """The price is not documented and not looked at."""
        security, orders = self._security(parameters), self._open(account)
        if security is not None and (refusal := _market_refusal(account, security)) is not None:
            return failure(refusal)
        if account.kind is not AccountKind.DERIVATIVES:
            symbol = parameters.get("instrumentid", "").upper()
            quantity = account.sellable_quantity(symbol, orders)
        elif security is None:
            return failure(_NO_INSTRUMENT)
        else:
            quantity = self._most(account, security, Side.SELL, security.last_or_reference_vnd)
        return success({"account": account.number, "maxSellQty": quantity})

    # --- cash and shares on their way -----------------------------------------------------------------------------

    def advance_amounts(self, account: Account, parameters: Parameters) -> web.Response:
        """Proceeds by the day of their arrival: what is advanced on them, which begins with the first, and what may
        be still."""
        rows, advanced_vnd = [], account.advanced_vnd
        for due_ms in sorted({lot.arrives_ms for lot in account.cash_lots}):
            lots = [lot for lot in account.cash_lots if lot.arrives_ms == due_ms]
            net_vnd = sum(lot.amount_vnd for lot in lots)
            taken_vnd = min(advanced_vnd, net_vnd)
            advanced_vnd -= taken_vnd
            rows.append(
                {
                    "DueDate": _due_text(due_ms),
                    "SellValue": net_vnd + sum(lot.fee_vnd + lot.tax_vnd for lot in lots),
                    "NetSellValue": net_vnd,
                    "Advance": taken_vnd,
                    "CashAdvance": net_vnd - taken_vnd,
                }
            )
        return success({"CIAAmounts": rows, "account": account.number})

    def unsettled_sales(self, account: Account, parameters: Parameters) -> web.Response:
        """By order; of one day of arrival where that is asked for."""
        asked = parameters.get("settledate")
        if asked is not None and day_of(asked) is None:
            return failure("Settle Date is invalid")
        net_vnd: dict[str, int] = {}
        for lot in account.cash_lots:
            if asked in (None, _due_text(lot.arrives_ms)):
                net_vnd[lot.order_id] = net_vnd.get(lot.order_id, 0) + lot.amount_vnd
        days = [lot.trade_day for lot in account.cash_lots]
        orders = self._world.journal.orders(min(days), max(days)) if days else []
        rows = [
            {
                "TradeDate": day_text(order.day),
                "InstrumentID": order.symbol,
                "Quantity": order.filled_quantity,
                "Price": order.average_vnd,
                "NetSellValue": net_vnd[order.order_id],
            }
            for order in orders
            if order.order_id in net_vnd
        ]
        return success({"orders": rows, "account": account.number})

    def advance_fee(self, account: Account, parameters: Parameters) -> web.Response:
        """Of what can be advanced of the amount."""
        amount, receive = _number(parameters.get("ciaamount")), _number(parameters.get("receiveamount"))
        if amount is None or receive is None:
            return failure("Amount is invalid")
        asked_vnd = max(0, min(int(amount), self._world.cashier.advanceable_vnd(account)))
        fee_vnd = self._world.cashier.advance_fee_vnd(account, asked_vnd)
        return success({"account": account.number, "cIAAmount": amount, "receiveAmount": receive, "fee": fee_vnd})

    def transferable_shares(self, account: Account, parameters: Parameters) -> web.Response:
        orders = self._open(account)
        rows = [
            {"instrumentID": symbol, "quantity": quantity, "instrumentType": "S"}
            for symbol in sorted(account.holdings)
            if (quantity := account.sellable_quantity(symbol, orders))
        ]
        return success({"transferableStocks": rows, "account": account.number})

    # --- inside ---------------------------------------------------------------------------------------------------

    @property
    def _securities(self) -> dict[str, Security]:
        return self._world.exchange.securities

    @property
    def _terms(self) -> Terms:
        return self._world.broker.terms

    def _open(self, account: Account) -> list[ClientOrder]:
        return self._world.broker.open_orders(account.number)

    def _orders_of(self, account: Account) -> list[ClientOrder]:
        return [order for order in self._world.broker.orders.values() if order.account == account.number]

    def _security(self, parameters: Parameters) -> Security | None:
        return self._world.exchange.find(parameters.get("instrumentid", "").upper())

    def _price_vnd(self, parameters: Parameters) -> int | None:
        """0 where none is given, None for one that is no price."""
        security, price = self._security(parameters), _number(parameters.get("price"))
        if price is None or security is None:
            return None
        return checks.price_vnd_of(price, security.listing.instrument.kind)

    def _most(self, account: Account, security: Security, side: Side, price_vnd: int) -> int:
        orders = self._open(account)
        return funding.max_quantity(
            account, security, side, orders, self._securities, price_vnd=price_vnd, terms=self._terms
        )


def _nothing(name: str, *, with_account: bool = True) -> Handler:
    """A list that is always empty here: nothing of the kind happens."""

    def handler(account: Account, _parameters: Parameters) -> web.Response:
        return success({name: [], "account": account.number} if with_account else {name: []})

    return handler


def _market_refusal(account: Account, security: Security) -> str | None:
    """An account is for shares or for contracts, never for both."""
    market = checks.market_of(security)
    if (market == checks.DERIVATIVES) is (account.kind is AccountKind.DERIVATIVES):
        return None
    return f"Account {account.number} is not opened for market {market}"


def _today(world: World) -> date:
    if world.broker.day is None:
        raise RuntimeError("the market has no day yet")
    return world.broker.day


def _due_text(arrives_ms: int) -> str:
    return day_text(to_vietnam(datetime.fromtimestamp(arrives_ms / 1000, UTC)).date())


def _number(text: str | None) -> float | None:
    """0 where none is given, None for what is no sensible amount."""
    number = decimal_number(text or "0")
    return number if number is not None and number <= _MAX_PRICE else None


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
        "rejectReason": order.reject_code or "0",
        "lastErrorEvent": None,
    }


def _last_error(order: ClientOrder) -> dict[str, Any] | None:
    if not order.error_code:
        return None
    return error_fields(order, 0, code=order.error_code, message=order.error_text)
