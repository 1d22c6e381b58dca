"""A margin account: what the broker lends on shares, and when it calls for more.

Own means must cover the part of each share's value that is not lent on (half of it at least, by Decision 87/QD-UBCK of
the State Securities Commission); what they cover beyond that is the excess equity, and buys again. Shares of UPCOM,
covered warrants and securities that are not in a normal state are not lent on.
"""

from typing import Any, NamedTuple

from qts.domain.values import Exchange, InstrumentKind, Side
from simulator.broker.accounts import Account, dearest_vnd
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security, SecurityState

Securities = dict[str, Security]


class MarginState(NamedTuple):
    """`own_part_vnd` is what own means must cover of the shares held, `held_vnd` of open purchases."""

    market_value_vnd: int
    lent_on_value_vnd: int
    own_part_vnd: int
    held_vnd: int
    receivable_vnd: int
    equity_vnd: int

    @property
    def excess_vnd(self) -> int:
        """Negative when own means cover too little."""
        return self.equity_vnd - self.own_part_vnd - self.held_vnd


def loan_percent(security: Security, terms: Terms) -> int:
    instrument = security.listing.instrument
    is_lent_on = (
        instrument.exchange in (Exchange.HOSE, Exchange.HNX)
        and instrument.kind in (InstrumentKind.STOCK, InstrumentKind.ETF)
        and security.state is SecurityState.NORMAL
    )
    return terms.loan_percent if is_lent_on else 0


def own_part_vnd(value_vnd: int, security: Security, terms: Terms) -> int:
    """Rounded up: the loan is never more than its share."""
    return -(-value_vnd * (100 - loan_percent(security, terms)) // 100)


def purchase_need_vnd(order: ClientOrder, security: Security, terms: Terms) -> int:
    """Own means for what is still to be bought: its own part at the dearest price, and the fee."""
    value_vnd = order.open_quantity * dearest_vnd(order, {order.symbol: security.band.ceiling_vnd})
    return own_part_vnd(value_vnd, security, terms) + terms.share_fees.fee_vnd(value_vnd)


def margin_state(account: Account, open_orders: list[ClientOrder], securities: Securities, terms: Terms) -> MarginState:
    market_value_vnd = lent_on_value_vnd = own_vnd = 0
    for symbol, holding in account.holdings.items():
        if (security := securities.get(symbol)) is None:
            continue
        value_vnd = holding.quantity * security.last_or_reference_vnd
        market_value_vnd += value_vnd
        own_vnd += own_part_vnd(value_vnd, security, terms)
        lent_on_value_vnd += value_vnd if loan_percent(security, terms) else 0
    held_vnd = sum(
        purchase_need_vnd(order, securities[order.symbol], terms)
        for order in open_orders
        if order.side is Side.BUY and order.symbol in securities
    )
    receivable_vnd = account.receivable_vnd()
    owed_vnd = account.debt_vnd + account.interest_vnd + account.advanced_vnd
    equity_vnd = account.cash_vnd + receivable_vnd + market_value_vnd - owed_vnd
    return MarginState(market_value_vnd, lent_on_value_vnd, own_vnd, held_vnd, receivable_vnd, equity_vnd)


def margin_action(account: Account, state: MarginState, terms: Terms) -> str:
    """The account's state against the call and the forced sale: SAFE, CALL or FORCESELL."""
    if not account.debt_vnd:
        return "SAFE"
    equity_share = state.equity_vnd * 100
    if equity_share < state.market_value_vnd * terms.forced_sale_percent:
        return "FORCESELL"
    return "CALL" if equity_share < state.market_value_vnd * terms.call_percent else "SAFE"


def lendable_vnd(account: Account, terms: Terms) -> int:
    return max(0, terms.credit_limit_vnd - account.debt_vnd)


def margin_power_vnd(account: Account, state: MarginState, loan_percent: int, terms: Terms) -> int:
    """What may still be bought of securities that are lent on at this percentage."""
    by_excess_vnd = max(0, state.excess_vnd) * 100 // (100 - loan_percent)
    return min(by_excess_vnd, max(0, account.cash_vnd - state.held_vnd) + lendable_vnd(account, terms))


def margin_account_answer(
    account: Account, open_orders: list[ClientOrder], securities: Securities, terms: Terms
) -> dict[str, Any]:
    """ppmmraccount, its fields in the order of the specification."""
    state = margin_state(account, open_orders, securities, terms)
    owed_vnd = account.debt_vnd + account.interest_vnd
    value_vnd = state.market_value_vnd
    action = margin_action(account, state, terms)
    called_vnd = max(0, value_vnd * terms.call_percent // 100 - state.equity_vnd) if owed_vnd else 0
    forced_vnd = max(0, value_vnd * terms.forced_sale_percent // 100 - state.equity_vnd) if owed_vnd else 0
    unmatched = {
        side: sum(
            one.open_quantity * dearest_vnd(one, {one.symbol: securities[one.symbol].band.ceiling_vnd})
            for one in open_orders
            if one.side is side and one.symbol in securities
        )
        for side in Side
    }
    excess_vnd = max(0, state.excess_vnd)
    return {
        "collateralAsset": value_vnd,
        "callLMW": float(terms.call_percent),
        "liability": owed_vnd,
        "eeOrigin": state.equity_vnd - state.own_part_vnd,
        "forceLMV": float(terms.forced_sale_percent),
        "equity": state.equity_vnd,
        "ee": state.excess_vnd,
        "callMargin": called_vnd,
        "cashBalance": account.cash_vnd,
        "purchasingPower": margin_power_vnd(account, state, terms.loan_percent, terms),
        "callForcesell": forced_vnd,
        "lmv": value_vnd,
        "marginCall": called_vnd if action != "SAFE" else 0,
        "withdrawal": max(0, min(account.cash_vnd - state.held_vnd, state.excess_vnd)),
        "collateralA": state.lent_on_value_vnd,
        "action": action,
        "marginRatio": round(state.equity_vnd * 100 / value_vnd, 2) if value_vnd and owed_vnd else 100.0,
        "debt": account.debt_vnd,
        "accruedInterest": account.interest_vnd,
        "holdRight": 0,
        "preLoan": 0,
        "fees": account.fees_today_vnd,
        "buyUnmatch": unmatched[Side.BUY],
        "ap": 0,
        "apT1": 0,
        "sellUnmatch": unmatched[Side.SELL],
        "cia": account.advanced_vnd,
        "ar": state.receivable_vnd,
        "arT1": 0,
        "ppCredit": lendable_vnd(account, terms),
        "creditLimit": terms.credit_limit_vnd,
        "totalAssets": account.cash_vnd + state.receivable_vnd + value_vnd - account.advanced_vnd,
        "marginCallLMVSold": called_vnd * 100 // terms.call_percent,
        "lmvNonMarginable": value_vnd - state.lent_on_value_vnd,
        "eeCredit": min(excess_vnd, lendable_vnd(account, terms)),
        "totalEquity": state.equity_vnd,
        **{f"eE{percent}": excess_vnd * 100 // percent for percent in (90, 80, 70, 60, 50)},
    }
