"""What the broker says of an account: shares, cash, margin, futures, and how much more may be ordered."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qts.adapters.ssi.numbers import Number, points_to_vnd_rounded, rounded, whole
from qts.domain.errors import TerminalError


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    symbol: str
    on_hand: int
    sellable: int
    bought_today: int
    bought_yesterday: int  # T+1
    bought_before: int  # T+2, arriving
    sold_today: int
    average_price_vnd: int
    coming: int = 0  # new shares by a corporate action, in neither `on_hand` nor `sellable`


@dataclass(frozen=True, slots=True)
class BrokerCash:
    account: str
    balance_vnd: int
    on_hold_vnd: int
    withdrawable_vnd: int
    purchasing_power_vnd: int
    receiving_t1_vnd: int
    receiving_t2_vnd: int
    debt_vnd: int
    advanced_vnd: int = 0


@dataclass(frozen=True, slots=True)
class BrokerMargin:
    """ppmmraccount, VND. `excess_vnd` (ee) are own means that are free, after what open purchases hold."""

    cash_vnd: int
    debt_vnd: int
    interest_vnd: int
    advanced_vnd: int
    receivable_vnd: int
    market_value_vnd: int
    equity_vnd: int
    excess_vnd: int
    credit_limit_vnd: int
    fees_today_vnd: int
    called_vnd: int
    action: str


@dataclass(frozen=True, slots=True)
class BrokerDeposit:
    """derivAcctBal, VND. `cash_vnd` is the deposit before the day's gains, `balance_vnd` with them."""

    cash_vnd: int
    balance_vnd: int
    floating_vnd: int
    gains_vnd: int
    required_vnd: int
    withdrawable_vnd: int
    fees_today_vnd: int
    taxes_today_vnd: int


@dataclass(frozen=True, slots=True)
class BrokerContracts:
    """A row of derivPosition. `carried_price_vnd` is what an open contract is carried at, 0 without any."""

    symbol: str
    net: int
    carried_price_vnd: int
    floating_vnd: int
    closed_gain_vnd: int


def position_of(row: Mapping[str, Any]) -> BrokerPosition:
    return BrokerPosition(
        symbol=str(row.get("instrumentID", "")),
        on_hand=integer_of(row, "onHand"),
        sellable=integer_of(row, "sellableQty"),
        bought_today=integer_of(row, "buyT0"),
        bought_yesterday=integer_of(row, "buyT1"),
        bought_before=integer_of(row, "buyT2"),
        sold_today=integer_of(row, "sellT0"),
        average_price_vnd=integer_of(row, "avgPrice"),
        coming=integer_of(row, "bonus") if row.get("bonus") is not None else 0,
    )


def cash_of(data: Any, account: str) -> BrokerCash:
    row = _record(data, "cashAcctBal", "cashBal")
    return BrokerCash(
        account=account,
        balance_vnd=integer_of(row, "cashBal"),
        on_hold_vnd=integer_of(row, "cashOnHold"),
        withdrawable_vnd=integer_of(row, "withdrawable"),
        purchasing_power_vnd=integer_of(row, "purchasingPower"),
        receiving_t1_vnd=integer_of(row, "receivingCashT1"),
        receiving_t2_vnd=integer_of(row, "receivingCashT2"),
        debt_vnd=integer_of(row, "debt"),
        advanced_vnd=integer_of(row, "cia") if row.get("cia") is not None else 0,
    )


def margin_of(data: Any) -> BrokerMargin:
    row = _record(data, "ppmmraccount", "cashBalance")
    return BrokerMargin(
        cash_vnd=integer_of(row, "cashBalance"),
        debt_vnd=integer_of(row, "debt"),
        interest_vnd=integer_of(row, "accruedInterest"),
        advanced_vnd=integer_of(row, "cia"),
        receivable_vnd=integer_of(row, "ar"),
        market_value_vnd=integer_of(row, "lmv"),
        equity_vnd=integer_of(row, "equity"),
        excess_vnd=integer_of(row, "ee"),
        credit_limit_vnd=integer_of(row, "creditLimit"),
        fees_today_vnd=integer_of(row, "fees"),
        called_vnd=integer_of(row, "marginCall"),
        action=str(row.get("action", "")),
    )


def deposit_of(data: Any) -> BrokerDeposit:
    row = _record(data, "derivAcctBal", "accountBalance")
    assets = _record(row.get("internalAssets"), "derivAcctBal.internalAssets", "cash")
    margin = _record(row.get("internalMargin"), "derivAcctBal.internalMargin", "marginReq")
    return BrokerDeposit(
        cash_vnd=integer_of(assets, "cash"),
        balance_vnd=integer_of(row, "accountBalance"),
        floating_vnd=integer_of(row, "floatingPL"),
        gains_vnd=integer_of(row, "totalPL"),
        required_vnd=integer_of(margin, "marginReq"),
        withdrawable_vnd=integer_of(row, "withdrawable"),
        fees_today_vnd=integer_of(row, "fee"),
        taxes_today_vnd=integer_of(row, "commission"),
    )


def contracts_of(row: Mapping[str, Any]) -> BrokerContracts:
    try:
        return BrokerContracts(
            symbol=str(row.get("instrumentID", "")),
            net=whole(row.get("net")),
            carried_price_vnd=points_to_vnd_rounded(row.get("tradePrice")),
            floating_vnd=rounded(row.get("floatingPL")),
            closed_gain_vnd=rounded(row.get("tradingPL")),
        )
    except ValueError as error:
        raise TerminalError(f"derivPosition: {error}") from error


def quantity_of(data: Any, name: str) -> int:
    return integer_of(_record(data, name, name), name)


def _record(data: Any, call: str, needed: str) -> Mapping[str, Any]:
    if not isinstance(data, dict) or data.get(needed) is None:
        raise TerminalError(f"{call}: no {needed}")
    return data


def integer_of(row: Mapping[str, Any], name: str) -> int:
    value: Number = row.get(name)
    try:
        return rounded(value) if name == "avgPrice" else whole(value)
    except ValueError as error:
        raise TerminalError(f"{name}: {error}") from error


def points_text(price_vnd: int, unit_vnd: int) -> str:
    """A price as a query writes it, without a float on the way: of a future in points."""
    return f"{Decimal(price_vnd) / unit_vnd:f}"
