"""Queries of FC Trading about dividends, rights and advances, in the fields that SSI's Java client reads."""

from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web

from qts.domain.market import to_vietnam
from simulator.broker.accounts import Account, NewShares, SubscriptionRight
from simulator.server.answers import success
from simulator.trading_days import day_text
from simulator.world import World

_WAITING = "Pending"


class RightsQueries:
    def __init__(self, world: World) -> None:
        self._world = world

    def dividends(self, account: Account, _parameters: dict[str, str]) -> web.Response:
        """What came off shares and has not arrived: cash, and new shares."""
        rows = [
            _row(
                one.entitlement_id,
                one.symbol,
                one.quantity,
                close=one.ex_date,
                paid_ms=one.arrives_ms,
                amount=one.amount_vnd - one.tax_vnd,
            )
            for one in account.dividends
        ]
        rows += [_bonus_row(one) for one in account.new_shares if not one.cost_vnd]
        return success({"dividends": rows, "account": account.number})

    def exercisable(self, account: Account, _parameters: dict[str, str]) -> web.Response:
        rows = [_exercisable_row(right) for right in account.rights if right.left]
        return success({"exercisableQuantities": rows, "account": account.number})

    def subscriptions(self, account: Account, _parameters: dict[str, str]) -> web.Response:
        """Paid and not listed yet."""
        rows = [
            {
                "transactionID": one.entitlement_id,
                "instrumentID": one.symbol,
                "exercisedReceivedQty": one.quantity,
                "amount": one.cost_vnd,
                "status": _WAITING,
                "underlyingInstrumentID": one.symbol,
            }
            for one in account.new_shares
            if one.cost_vnd
        ]
        return success({"onlineRightSubscriptionHistories": rows, "account": account.number})

    def advances(self, account: Account, _parameters: dict[str, str]) -> web.Response:
        rows = [
            {
                "TransactionID": one.transaction_id,
                "DateTime": str(one.at_ms),
                "TotalAmount": one.amount_vnd,
                "Details": [{"Type": "Fee", "Value": one.fee_vnd, "SettleDate": ""}],
                "Status": "Success",
            }
            for one in account.advances
        ]
        return success({"CIAHistories": rows, "account": account.number})


def _bonus_row(new: NewShares) -> dict[str, Any]:
    return _row(new.entitlement_id, new.symbol, 0, close=new.ex_date, paid_ms=new.arrives_ms, shares=new.quantity)


def _row(
    entitlement_id: str, symbol: str, quantity: int, *, close: date, paid_ms: int, amount: int = 0, shares: int = 0
) -> dict[str, Any]:
    paid_on = _day_text(paid_ms)
    return {
        "stockDividend": bool(shares),
        "instrumentID": symbol,
        "quantity": quantity,
        "executedRate": "",
        "closeDate": day_text(close),
        "paidDate": paid_on,
        "amount": amount,
        "status": _WAITING,
        "receivedQuantity": shares,
        "issueInstrument": symbol,
        "distributedFlag": False,
        "payableDate": paid_on,
        "subscriptionPrice": 0,
        "subscriptionAmount": 0,
        "subscriptionQuantity": 0,
        "subscriptionPeriodFrom": "",
        "subscriptionPeriodTo": "",
        "entitlementID": entitlement_id,
    }


def _exercisable_row(right: SubscriptionRight) -> dict[str, Any]:
    return {
        "EntitlementID": right.entitlement_id,
        "InstrumentID": right.symbol,
        "SubscriptionPrice": right.price_vnd,
        "ExecutedRateFrom": right.held,
        "ExecutedRateTo": right.entitled,
        "SubscriptionPeriodFrom": day_text(right.ex_date),
        "SubscriptionPeriodTo": day_text(right.until),
        "ExerciseableQuantity": right.left,
        "ExerciseableReceiveQuantity": right.left,
        "ExercisedQuantity": right.entitled - right.left,
        "ExercisedReceiveQuantity": right.entitled - right.left,
        "PayableDate": _day_text(right.listed_ms),
    }


def _day_text(at_ms: int) -> str:
    return day_text(to_vietnam(datetime.fromtimestamp(at_ms / 1000, UTC)).date())
