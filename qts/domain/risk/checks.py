"""The controls that answer by themselves, one small pure function each: None lets the order pass.

A check answers only for its own rule. Where another rule already refuses (no market data, no price), it stays silent,
so that a trader reads one reason for one mistake.
"""

from qts.domain.errors import Breach, RuleCode
from qts.domain.market import admits, admits_odd_lot, is_odd_lot, max_order_quantity, round_lot, tick_size_vnd
from qts.domain.portfolio import cash_needed_vnd
from qts.domain.risk.case import Case
from qts.domain.values import InstrumentKind, OrderType, Session, Side

AUCTIONS = frozenset({Session.ATO, Session.ATC, Session.PERIODIC, Session.PLO})

# --- the request -----------------------------------------------------------------------------------------------------


def quantity_positive(case: Case) -> Breach | None:
    if case.quantity > 0:
        return None
    return Breach(RuleCode.QUANTITY_NOT_POSITIVE, limit=1, actual=case.quantity)


def price_present(case: Case) -> Breach | None:
    if case.dearest_vnd or case.order_type is not OrderType.LO:
        return None
    return Breach(RuleCode.PRICE_REQUIRED, limit=1, actual=case.price_vnd)


def price_absent(case: Case) -> Breach | None:
    if case.price_vnd is None or case.order_type is OrderType.LO:
        return None
    return Breach(RuleCode.PRICE_NOT_ALLOWED, actual=case.price_vnd, detail=case.order_type)


def symbol_known(case: Case) -> Breach | None:
    return None if case.instrument is not None else Breach(RuleCode.UNKNOWN_SYMBOL, detail=case.symbol)


def account_tradable(case: Case) -> Breach | None:
    return None if case.account.is_active else Breach(RuleCode.ACCOUNT_NOT_TRADABLE)


def actor_permitted(case: Case) -> Breach | None:
    return None if case.activity.actor_may_trade else Breach(RuleCode.ACTOR_NOT_PERMITTED)


# --- the exchange's rules --------------------------------------------------------------------------------------------


def security_tradable(case: Case) -> Breach | None:
    """Halted, suspended or in an unknown state; futures in an account for shares, and the other way round."""
    if case.instrument is not None:
        is_future = case.instrument.kind is InstrumentKind.FUTURE
        if is_future and case.account.deposit is None:
            return Breach(RuleCode.SECURITY_NOT_TRADABLE, detail="derivatives need a derivatives account")
        if case.account.deposit is not None and not is_future:
            return Breach(RuleCode.SECURITY_NOT_TRADABLE, detail="a derivatives account holds futures only")
    if case.market is None or case.market.is_tradable:
        return None
    return Breach(RuleCode.SECURITY_NOT_TRADABLE, detail=case.market.session)


def security_not_warned(case: Case) -> Breach | None:
    """Purchases only: who holds a security that is about to be delisted must be able to leave it."""
    if case.market is None or not case.market.is_warned:
        return None
    return Breach(RuleCode.SECURITY_WARNED, actual=case.quantity, detail=case.symbol)


def session_admits(case: Case) -> Breach | None:
    market = case.market
    if market is None or admits(case.rules, market.instrument.exchange, market.session, case.order_type):
        return None
    return Breach(RuleCode.SESSION_FORBIDS_ORDER_TYPE, detail=f"{case.order_type} in {market.session}")


def price_on_tick(case: Case) -> Breach | None:
    price, instrument = case.price_vnd, case.instrument
    if instrument is None or price is None or price <= 0:
        return None
    tick = tick_size_vnd(case.rules, instrument.exchange, instrument.kind, price)
    return None if price % tick == 0 else Breach(RuleCode.PRICE_OFF_TICK, limit=tick, actual=price)


def price_under_ceiling(case: Case) -> Breach | None:
    price, market = case.price_vnd, case.priced
    if market is None or price is None or price <= market.ceiling_vnd:
        return None
    return Breach(RuleCode.PRICE_ABOVE_CEILING, limit=market.ceiling_vnd, actual=price)


def price_over_floor(case: Case) -> Breach | None:
    price, market = case.price_vnd, case.priced
    if market is None or price is None or price >= market.floor_vnd or price <= 0:
        return None
    return Breach(RuleCode.PRICE_BELOW_FLOOR, limit=market.floor_vnd, actual=price)


def quantity_in_lots(case: Case) -> Breach | None:
    """Odd lots trade in a book of their own; they are no matter of this rule where an officer admits them."""
    instrument, quantity = case.instrument, case.quantity
    if instrument is None or quantity <= 0:
        return None
    lot = round_lot(case.rules, instrument.exchange, instrument.kind)
    if quantity % lot == 0 or (quantity < lot and RuleCode.ODD_LOT_NOT_ADMITTED in case.limits):
        return None
    return Breach(RuleCode.QUANTITY_OFF_LOT, limit=lot, actual=quantity)


def odd_lot_admitted(case: Case) -> Breach | None:
    """The firm must have said how large one may be, and the exchange takes limit orders in some sessions only."""
    limit, instrument, market = case.limits.get(RuleCode.ODD_LOT_NOT_ADMITTED), case.instrument, case.market
    if limit is None or instrument is None or market is None:
        return None
    if not is_odd_lot(case.rules, instrument.exchange, instrument.kind, case.quantity):
        return None
    if case.quantity <= limit and admits_odd_lot(case.rules, instrument.exchange, market.session, case.order_type):
        return None
    detail = f"{case.order_type} in {market.session}"
    return Breach(RuleCode.ODD_LOT_NOT_ADMITTED, limit=limit, actual=case.quantity, detail=detail)


def quantity_under_exchange_max(case: Case) -> Breach | None:
    instrument = case.instrument
    if instrument is None:
        return None
    allowed = max_order_quantity(case.rules, instrument.exchange, instrument.kind)
    if case.quantity <= allowed:
        return None
    return Breach(RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX, limit=allowed, actual=case.quantity)


def no_opposite_order_in_auction(case: Case) -> Breach | None:
    """One owner must not stand on both sides of one auction, whatever the prices."""
    market, opposite = case.market, case.activity.opposite_count
    if not opposite or market is None or market.session not in AUCTIONS:
        return None
    return Breach(RuleCode.OPPOSITE_ORDER_IN_AUCTION, limit=0, actual=opposite, detail=market.session)


def no_self_match(case: Case) -> Breach | None:
    """In continuous trading: an order that would meet an own working one. An order without a price meets anything."""
    activity, market = case.activity, case.market
    if not activity.opposite_count or market is None or market.session in AUCTIONS:
        return None
    price, theirs = case.price_vnd, activity.opposite_price_vnd
    if activity.opposite_unpriced_count or price is None or theirs is None:
        return Breach(RuleCode.SELF_MATCH, limit=theirs, actual=price)
    apart = price > theirs if case.is_sale else price < theirs
    return None if apart else Breach(RuleCode.SELF_MATCH, limit=theirs, actual=price)


# --- slips of the hand -----------------------------------------------------------------------------------------------


def price_unit_plausible(case: Case) -> Breach | None:
    """A price in thousands or in tens of thousands, as boards and news write it, that would fit the band in dong."""
    price, market = case.price_vnd, case.priced
    if price is None or market is None or price <= 0 or market.floor_vnd <= price <= market.ceiling_vnd:
        return None
    for factor in (10, 100, 1_000):
        if market.floor_vnd <= price * factor <= market.ceiling_vnd:
            return Breach(RuleCode.PRICE_UNIT_IMPLAUSIBLE, actual=price, detail=f"{price * factor} is in the band")
        if market.floor_vnd * factor <= price <= market.ceiling_vnd * factor:
            return Breach(RuleCode.PRICE_UNIT_IMPLAUSIBLE, actual=price, detail=f"{price // factor} is in the band")
    return None


def quantity_unit_plausible(case: Case) -> Breach | None:
    """More shares than there are: somebody typed an amount of money."""
    listed = case.market.listed_quantity if case.market is not None else 0
    if case.quantity <= listed or listed == 0:
        return None
    return Breach(RuleCode.QUANTITY_UNIT_IMPLAUSIBLE, limit=listed, actual=case.quantity)


# --- the firm's word -------------------------------------------------------------------------------------------------


def kill_switch_released(case: Case) -> Breach | None:
    if not case.snapshot.kills:
        return None
    scopes = [kill.scope for kill in case.snapshot.kills if not (case.reduces and kill.allows_reducing)]
    return Breach(RuleCode.KILL_SWITCH_ENGAGED, detail=", ".join(scopes)) if scopes else None


def account_armed(case: Case) -> Breach | None:
    """Sales too: until books, log-in and data of the day are checked nobody knows what there is to sell."""
    return None if case.account.is_armed else Breach(RuleCode.ACCOUNT_NOT_ARMED)


def symbol_armed(case: Case) -> Breach | None:
    """Sales too: a symbol of another day may have another band, another lot, another exchange by now."""
    market = case.market
    if market is None or market.is_armed:
        return None
    said = f"was last told on {market.told_on}" if market.told_on else "was never told"
    return Breach(RuleCode.SYMBOL_NOT_ARMED, detail=f"{case.symbol} {said}")


# --- the books -------------------------------------------------------------------------------------------------------


def buying_power_covers(case: Case) -> Breach | None:
    """Value and fee at the dearest price it can trade at. A cash account pays in full before the order leaves; on
    margin own means pay their part and the credit reaches for the rest; contracts find their initial margin free."""
    figure = power_needed(case)
    if figure is None or figure[1] <= figure[0]:
        return None
    return Breach(RuleCode.BUYING_POWER_EXCEEDED, limit=figure[0], actual=figure[1])


def power_needed(case: Case) -> tuple[int, int] | None:
    """What is there and what the order needs of it, VND; None where the order has no value."""
    if case.value_vnd <= 0 or case.quantity <= 0:
        return None
    deposit, means, fees = case.account.deposit, case.account.means, case.snapshot.fees
    if deposit is not None:
        if case.symbol not in deposit.months:  # without a price nobody can tell what it binds
            return 0, case.value_vnd
        return deposit.free_vnd, deposit.needed_vnd(case.symbol, _side(case), case.quantity)
    needed = cash_needed_vnd(quantity=case.quantity, price_vnd=case.dearest_vnd, fees=fees)
    if means is None:
        return case.account.buying_power_vnd, needed
    own_needed = means.own_needed_vnd(case.quantity, case.dearest_vnd, fees)
    if needed > means.spendable_vnd:
        return means.spendable_vnd, needed
    return means.own_vnd, own_needed


def contracts_within_limit(case: Case) -> Breach | None:
    """Over all months together, with what works; what binds no more margin passes."""
    deposit = case.account.deposit
    if deposit is None or case.symbol not in deposit.months or case.quantity <= 0:
        return None
    if not deposit.exceeds_limit(case.symbol, _side(case), case.quantity):
        return None
    after = deposit.with_order(case.symbol, _side(case), case.quantity)
    return Breach(RuleCode.CONTRACTS_EXCEED_MAX, limit=deposit.terms.contracts_max, actual=after.contracts)


def _side(case: Case) -> Side:
    return Side.SELL if case.is_sale else Side.BUY


def shares_sellable(case: Case) -> Breach | None:
    """Held, arrived (13:00 of T+2) and not promised to another order; there is no short sale of shares."""
    if not case.is_sale or case.account.deposit is not None or case.quantity <= case.account.sellable_quantity:
        return None
    return Breach(RuleCode.SELLABLE_QUANTITY_EXCEEDED, limit=case.account.sellable_quantity, actual=case.quantity)


def market_data_present(case: Case) -> Breach | None:
    if case.priced is not None or case.instrument is None:
        return None
    return Breach(RuleCode.MARKET_DATA_MISSING, detail=case.symbol)
