"""The controls of the gate, one small pure function each: None lets the order pass, a Breach says why not.

A check answers only for its own rule. Where another rule already refuses (no market data, no price), it stays silent,
so that a trader reads one reason for one mistake.
"""
# ruff: noqa: ARG001 - all checks have one signature, whatever part of the snapshot each one looks at

from qts.domain.errors import Breach, RuleCode
from qts.domain.market import admits, is_on_tick, max_order_quantity, tick_size_vnd
from qts.domain.orders import OrderIntent
from qts.domain.portfolio import bounding_price_vnd, cash_needed_vnd
from qts.domain.risk.facts import MarketFacts, RiskSnapshot
from qts.domain.values import InstrumentKind, OrderType, Side


def reduces_exposure(snapshot: RiskSnapshot, intent: OrderIntent) -> bool:
    """In a cash account a sale can only lower what is held; selling more than that is another rule's refusal."""
    return intent.side is Side.SELL


# --- the request -----------------------------------------------------------------------------------------------------


def quantity_positive(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    if intent.quantity > 0:
        return None
    return Breach(RuleCode.QUANTITY_NOT_POSITIVE, limit=1, actual=intent.quantity)


def price_present(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    if intent.order_type is not OrderType.LO or (intent.price_vnd is not None and intent.price_vnd > 0):
        return None
    return Breach(RuleCode.PRICE_REQUIRED, limit=1, actual=intent.price_vnd)


def price_absent(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    if intent.order_type is OrderType.LO or intent.price_vnd is None:
        return None
    return Breach(RuleCode.PRICE_NOT_ALLOWED, actual=intent.price_vnd, detail=intent.order_type)


def symbol_known(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    return None if intent.instrument else Breach(RuleCode.UNKNOWN_SYMBOL, detail=intent.symbol)


def account_tradable(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    return None if snapshot.account.is_active else Breach(RuleCode.ACCOUNT_NOT_TRADABLE)


# --- the exchange's rules --------------------------------------------------------------------------------------------


def security_tradable(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Halted, suspended or in an unknown state; and futures, which a cash account cannot hold."""
    if intent.instrument and intent.instrument.kind is InstrumentKind.FUTURE:
        return Breach(RuleCode.SECURITY_NOT_TRADABLE, detail="derivatives need a derivatives account")
    if snapshot.market is None or snapshot.market.is_tradable:
        return None
    return Breach(RuleCode.SECURITY_NOT_TRADABLE, detail=snapshot.market.session)


def session_admits(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    market = snapshot.market
    if market is None or admits(market.instrument.exchange, market.session, intent.order_type):
        return None
    return Breach(RuleCode.SESSION_FORBIDS_ORDER_TYPE, detail=f"{intent.order_type} in {market.session}")


def price_on_tick(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    price, instrument = intent.price_vnd, intent.instrument
    if instrument is None or price is None or price <= 0 or is_on_tick(instrument.exchange, instrument.kind, price):
        return None
    return Breach(
        RuleCode.PRICE_OFF_TICK, limit=tick_size_vnd(instrument.exchange, instrument.kind, price), actual=price
    )


def price_under_ceiling(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    price, market = intent.price_vnd, _priced(snapshot)
    if market is None or price is None or price <= market.ceiling_vnd:
        return None
    return Breach(RuleCode.PRICE_ABOVE_CEILING, limit=market.ceiling_vnd, actual=price)


def price_over_floor(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    price, market = intent.price_vnd, _priced(snapshot)
    if market is None or price is None or price <= 0 or price >= market.floor_vnd:
        return None
    return Breach(RuleCode.PRICE_BELOW_FLOOR, limit=market.floor_vnd, actual=price)


def quantity_in_lots(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Round lots only: odd lots trade in a book of their own, which orders from here do not enter."""
    instrument = intent.instrument
    if instrument is None or intent.quantity <= 0 or intent.quantity % instrument.lot_size == 0:
        return None
    return Breach(RuleCode.QUANTITY_OFF_LOT, limit=instrument.lot_size, actual=intent.quantity)


def quantity_under_exchange_max(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    if intent.instrument is None:
        return None
    allowed = max_order_quantity(intent.instrument.exchange, intent.instrument.kind)
    if intent.quantity <= allowed:
        return None
    return Breach(RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX, limit=allowed, actual=intent.quantity)


# --- the firm's limits -----------------------------------------------------------------------------------------------


def kill_switch_released(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    reducing = reduces_exposure(snapshot, intent)
    scopes = [kill.scope for kill in snapshot.kills if not (reducing and kill.allows_reducing)]
    return Breach(RuleCode.KILL_SWITCH_ENGAGED, detail=", ".join(scopes)) if scopes else None


def order_value_under_max(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Both sides: a mistyped sale is as wrong as a mistyped purchase, and a large exit goes out in parts."""
    price = _dearest_price_vnd(snapshot, intent)
    return _over(snapshot, RuleCode.ORDER_VALUE_EXCEEDS_MAX, intent.quantity * price) if price else None


def position_under_max(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Held, on order and asked for, together. Purchases only: a sale brings the position down."""
    if intent.side is Side.SELL:
        return None
    account = snapshot.account
    after = account.position_quantity + account.pending_buy_quantity + intent.quantity
    return _over(snapshot, RuleCode.POSITION_EXCEEDS_MAX, after)


def daily_loss_under_max(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Purchases only: a loss limit that refused sales would lock the loss in."""
    limit = snapshot.limits.get(RuleCode.DAILY_LOSS_EXCEEDS_MAX)
    if limit is None or reduces_exposure(snapshot, intent):
        return None
    if snapshot.account.day_pnl_vnd is None:
        return Breach(
            RuleCode.CHECK_FAILED, limit=limit, detail="the day's loss is unknown: a held symbol has no price"
        )
    return _over(snapshot, RuleCode.DAILY_LOSS_EXCEEDS_MAX, -snapshot.account.day_pnl_vnd)


def open_orders_under_max(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    return _over(snapshot, RuleCode.OPEN_ORDERS_EXCEED_MAX, snapshot.account.open_order_count + 1)


def buying_power_covers(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """A cash account pays in full before the order leaves: value and fee at the dearest price it can trade at."""
    price = _dearest_price_vnd(snapshot, intent)
    if intent.side is Side.SELL or not price or intent.quantity <= 0:
        return None
    needed = cash_needed_vnd(quantity=intent.quantity, price_vnd=price, fees=snapshot.fees)
    if needed <= snapshot.account.buying_power_vnd:
        return None
    return Breach(RuleCode.BUYING_POWER_EXCEEDED, limit=snapshot.account.buying_power_vnd, actual=needed)


def shares_sellable(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """Held, arrived (13:00 of T+2) and not promised to another order; there is no short sale."""
    if intent.side is Side.BUY or intent.quantity <= snapshot.account.sellable_quantity:
        return None
    return Breach(RuleCode.SELLABLE_QUANTITY_EXCEEDED, limit=snapshot.account.sellable_quantity, actual=intent.quantity)


# --- what we know of the market --------------------------------------------------------------------------------------


def market_data_present(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    if intent.instrument is None or _priced(snapshot) is not None:
        return None
    return Breach(RuleCode.MARKET_DATA_MISSING, detail=intent.symbol)


def market_data_fresh(snapshot: RiskSnapshot, intent: OrderIntent) -> Breach | None:
    """By the age of the stream, not of the quote: in a quiet stock an old quote on a live stream is the latest one.

    Both sides, sales too: nobody knows what a price from before a silence is worth.
    """
    limit = snapshot.limits.get(RuleCode.MARKET_DATA_STALE)
    if limit is None or snapshot.market is None:
        return None
    if snapshot.market.stream_age_ms is None:
        return Breach(RuleCode.MARKET_DATA_STALE, limit=limit, detail="the market stream is not connected")
    return _over(snapshot, RuleCode.MARKET_DATA_STALE, snapshot.market.stream_age_ms)


def _over(snapshot: RiskSnapshot, code: RuleCode, actual: int) -> Breach | None:
    limit = snapshot.limits.get(code)
    return None if limit is None or actual <= limit else Breach(code, limit=limit, actual=actual)


def _priced(snapshot: RiskSnapshot) -> MarketFacts | None:
    """The market, if it has prices of this trading day."""
    market = snapshot.market
    return market if market is not None and market.has_quote and market.reference_vnd > 0 else None


def _dearest_price_vnd(snapshot: RiskSnapshot, intent: OrderIntent) -> int:
    """0 when it is not known; another rule refuses then."""
    market = _priced(snapshot)
    if intent.order_type is OrderType.LO:
        return max(0, intent.price_vnd or 0)
    if market is None:
        return 0
    return bounding_price_vnd(order_type=intent.order_type, price_vnd=intent.price_vnd, ceiling_vnd=market.ceiling_vnd)
