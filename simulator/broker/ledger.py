"""The answers about a share account: cash, shares, and how much more can be bought."""

from datetime import date
from typing import Any

from qts.domain.market import TradingCalendar
from qts.domain.portfolio import Holding
from qts.domain.values import Session, Side
from simulator.broker import funding
from simulator.broker.accounts import Account
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security


def cash_balance(
    account: Account, open_orders: list[ClientOrder], securities: dict[str, Security], day: date, terms: Terms
) -> dict[str, Any]:
    """cashAcctBal. Proceeds of today's sales arrive on T2, all older ones by T1."""
    held_vnd = funding.held_cash_vnd(account, open_orders, securities, terms)
    power_vnd = funding.purchasing_power_vnd(account, open_orders, securities, terms)
    receiving_t2_vnd = account.receivable_vnd(day)
    receiving_vnd = account.receivable_vnd()
    unmatched_sell_vnd = sum(order.open_quantity * order.price_vnd for order in open_orders if order.side is Side.SELL)
    market_value_vnd = sum(
        holding.quantity * securities[symbol].last_or_reference_vnd
        for symbol, holding in account.holdings.items()
        if symbol in securities
    )
    return {
        "account": account.number,
        "cashBal": account.cash_vnd,
        "cashOnHold": held_vnd,
        "secureAmount": held_vnd,
        "withdrawable": max(0, account.cash_vnd - held_vnd),
        "receivingCashT1": receiving_vnd - receiving_t2_vnd,
        "receivingCashT2": receiving_t2_vnd,
        "matchedBuyVolume": account.bought_today_vnd,
        "matchedSellVolume": account.sold_today_vnd,
        "debt": account.debt_vnd + account.interest_vnd,
        "unMatchedBuyVolume": held_vnd,
        "unMatchedSellVolume": unmatched_sell_vnd,
        "paidCashT1": 0,
        "paidCashT2": 0,
        "cia": account.advanced_vnd,
        "purchasingPower": max(0, power_vnd),
        "totalAssets": account.cash_vnd + receiving_vnd + market_value_vnd - account.advanced_vnd,
    }


def stock_positions(
    account: Account,
    open_orders: list[ClientOrder],
    securities: dict[str, Security],
    day: date,
    calendar: TradingCalendar,
) -> dict[str, Any]:
    """stockPosition; a market price is 0 outside the sessions. `bonus` are new shares that are not listed yet: they are
    in neither `onHand` nor `sellableQty`."""
    yesterday = calendar.previous_trading_day(day)
    before = calendar.previous_trading_day(yesterday)
    positions = []
    total_vnd = 0
    for symbol in sorted({*account.holdings, *account.sold_today, *(new.symbol for new in account.new_shares)}):
        holding, coming = account.holdings.get(symbol, Holding()), account.coming_shares(symbol)
        sold_today = account.sold_today.get(symbol, 0)
        if not holding.quantity and not sold_today and not coming:
            continue
        security = securities.get(symbol)
        is_open = security is not None and security.session not in (Session.PRE_OPEN, Session.CLOSED)
        last_vnd = security.last_or_reference_vnd if security is not None else 0
        total_vnd += holding.quantity * last_vnd
        offered = sum(o.open_quantity for o in open_orders if o.side is Side.SELL and o.symbol == symbol)
        positions.append(
            {
                "marketID": "VN",
                "instrumentID": symbol,
                "onHand": holding.quantity,
                "block": 0,
                "bonus": coming,
                "buyT0": account.bought_quantity(symbol, day),
                "buyT1": account.bought_quantity(symbol, yesterday),
                "buyT2": account.bought_quantity(symbol, before),
                "sellT0": sold_today,
                "sellT1": 0,
                "sellT2": 0,
                "avgPrice": holding.average_cost_vnd,
                "mortgage": 0,
                "sellableQty": account.sellable_quantity(symbol, open_orders),
                "holdForTrade": offered,
                "marketPrice": last_vnd if is_open else 0,
            }
        )
    return {"account": account.number, "totalMarketValue": total_vnd, "stockPositions": positions}
