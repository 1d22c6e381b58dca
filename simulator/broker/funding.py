"""Whether an account can pay for an order, or has the shares it offers; by the kind of account."""

from datetime import date

from qts.domain.market import InvestorKind, position_limit
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.values import OrderType, Side
from simulator.broker import derivatives, margin
from simulator.broker.accounts import Account, AccountKind, dearest_vnd
from simulator.broker.checks import Refusal
from simulator.broker.orders import ClientOrder
from simulator.broker.terms import Terms
from simulator.exchange.security import Security

Securities = dict[str, Security]
_LOTS_MAX = 10**10


def ceilings_vnd(orders: list[ClientOrder], securities: Securities) -> dict[str, int]:
    """Of the securities that these orders are for."""
    symbols = {order.symbol for order in orders} & securities.keys()
    return {symbol: securities[symbol].band.ceiling_vnd for symbol in symbols}


def held_cash_vnd(account: Account, orders: list[ClientOrder], securities: Securities, terms: Terms) -> int:
    """What open purchases of shares may still cost."""
    return account.held_cash_vnd(orders, ceilings_vnd(orders, securities), terms.share_fees)


def purchasing_power_vnd(account: Account, open_orders: list[ClientOrder], securities: Securities, terms: Terms) -> int:
    """Of a cash account, cash that no open purchase holds; of the others, what margin allows. May be negative."""
    match account.kind:
        case AccountKind.CASH:
            return account.cash_vnd - held_cash_vnd(account, open_orders, securities, terms)
        case AccountKind.MARGIN:
            state = margin.margin_state(account, open_orders, securities, terms)
            return margin.margin_power_vnd(account, state, terms.loan_percent, terms)
        case AccountKind.DERIVATIVES:
            return derivatives.deposit_state(account, open_orders, securities, terms).free_vnd


def funding_refusal(
    order: ClientOrder, account: Account, others: list[ClientOrder], securities: Securities, terms: Terms
) -> Refusal | None:
    """Full funding before the order in a cash account, margin or deposit in the others; only what has arrived sells."""
    if account.kind is AccountKind.DERIVATIVES:
        return _deposit_refusal(order, account, others, securities, terms)
    if order.side is Side.SELL:
        sellable = account.sellable_quantity(order.symbol, others)
        if order.open_quantity > sellable:
            return Refusal("ORD007", f"Quantity {order.open_quantity} exceeds sellable quantity {sellable}")
        return None
    if account.kind is AccountKind.MARGIN:
        return _margin_refusal(order, account, others, securities, terms)
    needed_vnd = cash_needed_vnd(
        quantity=order.open_quantity,
        price_vnd=dearest_vnd(order, ceilings_vnd([order], securities)),
        fees=terms.share_fees,
    )
    power_vnd = purchasing_power_vnd(account, others, securities, terms)
    return _power_refusal(needed_vnd, power_vnd) if needed_vnd > power_vnd else None


def max_quantity(
    account: Account,
    security: Security,
    side: Side,
    others: list[ClientOrder],
    securities: Securities,
    *,
    price_vnd: int,
    terms: Terms,
) -> int:
    """The most, in whole lots, that an order at this price would not be refused for."""
    lot = security.listing.instrument.lot_size
    low, high = 0, _LOTS_MAX
    while low < high:
        middle = (low + high + 1) // 2
        order = _probe(account, security, side, middle * lot, price_vnd)
        if funding_refusal(order, account, others, securities, terms) is None:
            low = middle
        else:
            high = middle - 1
    return low * lot


def _probe(account: Account, security: Security, side: Side, quantity: int, price_vnd: int) -> ClientOrder:
    return ClientOrder(
        order_id="",
        day=date.min,
        customer_id=account.customer_id,
        account=account.number,
        request_id="",
        unique_id="",
        symbol=security.symbol,
        market="",
        side=side,
        order_type=OrderType.LO,
        price_vnd=price_vnd,
        quantity=quantity,
        channel="",
        ip_address="",
        input_ms=0,
        modified_ms=0,
    )


def _margin_refusal(
    order: ClientOrder, account: Account, others: list[ClientOrder], securities: Securities, terms: Terms
) -> Refusal | None:
    security = securities[order.symbol]
    before = margin.margin_state(account, others, securities, terms)
    needed_vnd = margin.purchase_need_vnd(order, security, terms)
    if needed_vnd > before.excess_vnd:
        if margin.loan_percent(security, terms):
            return Refusal("ORD039", f"Margin ratio insufficient: {needed_vnd:,} of own means needed")
        return _power_refusal(needed_vnd, before.excess_vnd)
    cost_vnd = held_cash_vnd(account, [*others, order], securities, terms)
    if cost_vnd > max(0, account.cash_vnd) + margin.lendable_vnd(account, terms):
        return Refusal("ORD038", f"Out of margin room: the credit limit is {terms.credit_limit_vnd:,}")
    return None


def _deposit_refusal(
    order: ClientOrder, account: Account, others: list[ClientOrder], securities: Securities, terms: Terms
) -> Refusal | None:
    """Position limit first, then initial margin; what does not raise the margin is never refused for it."""
    worst = derivatives.worst_of_all(account, [*others, order])
    before = derivatives.deposit_state(account, others, securities, terms)
    after = derivatives.deposit_state(account, [*others, order], securities, terms)
    if after.required_vnd == before.required_vnd:
        return None
    limit = terms.position_limit_contracts or position_limit(securities[order.symbol].rules, InvestorKind.INDIVIDUAL)
    if worst > limit:
        return Refusal("ORD008", f"Position of {worst} exceeds the limit of {limit} contracts")
    value_vnd = order.open_quantity * securities[order.symbol].last_or_reference_vnd
    costs_vnd = order.open_quantity * terms.future_fee_vnd + terms.future_tax_vnd(value_vnd)
    if after.free_vnd < costs_vnd:
        return Refusal("ORD040", f"Not enough balance: initial margin {after.required_vnd:,} needed")
    return None


def _power_refusal(needed_vnd: int, power_vnd: int) -> Refusal:
    return Refusal("ORD008", f"Not enough purchasing power: {needed_vnd:,} needed, {max(0, power_vnd):,} left")
