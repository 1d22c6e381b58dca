"""A derivatives account: initial margin of what could be held, use of the deposit, and the answers about it."""

from typing import Any, NamedTuple

from qts.domain.market import FUTURE_MULTIPLIER_VND
from qts.domain.values import Session, Side
from simulator.broker.accounts import Account, ContractPosition
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security

Securities = dict[str, Security]
_WARNING_PERCENTS = (75.0, 85.0, 90.0)


class DepositState(NamedTuple):
    """`equity_vnd` is the deposit with the day's gains and losses, `required_vnd` the initial margin."""

    equity_vnd: int
    required_vnd: int
    floating_vnd: int
    realised_vnd: int

    @property
    def free_vnd(self) -> int:
        return self.equity_vnd - self.required_vnd

    @property
    def used_percent(self) -> float:
        if not self.required_vnd:
            return 0.0
        return round(self.required_vnd * 100 / self.equity_vnd, 2) if self.equity_vnd > 0 else 100.0


def worst_net(account: Account, symbol: str, orders: list[ClientOrder]) -> int:
    """The most contracts, long or short, that position and open orders together can become."""
    position = account.contracts.get(symbol, ContractPosition())
    bought = sum(one.open_quantity for one in orders if one.symbol == symbol and one.side is Side.BUY)
    sold = sum(one.open_quantity for one in orders if one.symbol == symbol and one.side is Side.SELL)
    return max(abs(position.net + bought), abs(position.net - sold), abs(position.net))


def worst_of_all(account: Account, orders: list[ClientOrder]) -> int:
    """Over all months together, as the position limit counts."""
    return sum(worst_net(account, symbol, orders) for symbol in {*account.contracts, *(one.symbol for one in orders)})


def deposit_state(account: Account, orders: list[ClientOrder], securities: Securities, terms: Terms) -> DepositState:
    required_vnd = floating_vnd = realised_vnd = 0
    symbols = {*account.contracts, *(order.symbol for order in orders)}
    for symbol in symbols & securities.keys():
        last_vnd = securities[symbol].last_or_reference_vnd
        position = account.contracts.get(symbol, ContractPosition())
        required_vnd += terms.future_margin_vnd(worst_net(account, symbol, orders) * last_vnd)
        floating_vnd += position.floating_vnd(last_vnd)
        realised_vnd += position.realised_vnd
    return DepositState(account.cash_vnd + floating_vnd + realised_vnd, required_vnd, floating_vnd, realised_vnd)


def positions_answer(account: Account, securities: Securities) -> dict[str, Any]:
    """derivPosition: open ones, and those that were closed today."""
    rows = {
        symbol: position_row(symbol, position, securities.get(symbol))
        for symbol, position in sorted(account.contracts.items())
    }
    return {
        "account": account.number,
        "openPosition": [row for row in rows.values() if row["net"]],
        "closePosition": [row for row in rows.values() if not row["net"]],
    }


def position_row(symbol: str, position: ContractPosition, security: Security | None) -> dict[str, Any]:
    """Prices in points, gains in VND."""
    last_vnd = security.last_or_reference_vnd if security is not None else 0
    is_open = security is not None and security.session not in (Session.PRE_OPEN, Session.CLOSED)
    return {
        "marketID": "VNFE",
        "instrumentID": symbol,
        "longQty": max(0, position.net),
        "shortQty": max(0, -position.net),
        "net": position.net,
        "bidAvgPrice": _points(position.bought_value_vnd, position.bought),
        "askAvgPrice": _points(position.sold_value_vnd, position.sold),
        "tradePrice": _points(position.cost_vnd, position.net),
        "marketPrice": last_vnd / FUTURE_MULTIPLIER_VND if is_open else 0.0,
        "floatingPL": float(position.floating_vnd(last_vnd)),
        "tradingPL": float(position.realised_vnd),
    }


def deposit_answer(account: Account, orders: list[ClientOrder], securities: Securities, terms: Terms) -> dict[str, Any]:
    """derivAcctBal. The clearing house's side of the deposit is the same here: nothing is deposited elsewhere."""
    state = deposit_state(account, orders, securities, terms)
    called_vnd = max(0, state.required_vnd - state.equity_vnd)
    withdrawable_vnd = max(0, min(account.cash_vnd, state.free_vnd))
    assets = {
        "cash": account.cash_vnd,
        "validNonCash": 0,
        "totalValue": account.cash_vnd,
        "maxValidNonCash": 0,
        "cashWithdrawable": withdrawable_vnd,
        "ee": state.free_vnd,
    }
    warnings = {f"usedLimitWarningLevel{level}": percent for level, percent in enumerate(_WARNING_PERCENTS, 1)}
    margins = {
        "marginReq": state.required_vnd,
        "accountRatio": state.used_percent,
        **warnings,
        "marginCall": called_vnd,
    }
    return {
        "account": account.number,
        "accountBalance": state.equity_vnd,
        "fee": account.fees_today_vnd,
        "commission": account.taxes_today_vnd,
        "interest": 0,
        "loan": 0,
        "deliveryAmount": 0,
        "floatingPL": state.floating_vnd,
        "totalPL": state.floating_vnd + state.realised_vnd,
        "marginable": account.cash_vnd,
        "depositable": withdrawable_vnd,
        "rcCall": called_vnd,
        "withdrawable": withdrawable_vnd,
        "nonCashDrawableRCCall": 0,
        "internalAssets": assets,
        "exchangeAssets": dict(assets),
        "internalMargin": {"initialMargin": state.required_vnd, "deliveryMargin": 0, **margins},
        "exchangeMargin": margins,
    }


def _points(value_vnd: int, contracts: int) -> float:
    return round(value_vnd / contracts / FUTURE_MULTIPLIER_VND, 2) if contracts else 0.0
