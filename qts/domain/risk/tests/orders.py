"""A market in which everything is allowed, and orders written as a trader says them: "BUY 300 SSI @ 25_050"."""

from dataclasses import replace
from datetime import date
from typing import Any

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument, rule_book_on
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.risk import AccountFacts, ActivityFacts, MarketFacts, RiskSnapshot
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session, Side

SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
FUTURE = Instrument("VN30F1M", Exchange.VNFE, InstrumentKind.FUTURE, lot_size=1)

ACCOUNT = AccountFacts(
    is_active=True,
    buying_power_vnd=1_000_000_000,
    position_quantity=10_000,
    pending_buy_quantity=0,
    sellable_quantity=10_000,
    open_order_count=0,
    day_pnl_vnd=0,
    equity_vnd=1_000_000_000,
    peak_equity_vnd=1_000_000_000,
    held_vnd=250_000_000,
    sector_vnd=250_000_000,
)
MARKET = MarketFacts(
    instrument=SSI,
    reference_vnd=25_000,
    ceiling_vnd=26_750,
    floor_vnd=23_250,
    session=Session.CONTINUOUS,
    is_tradable=True,
    has_quote=True,
    stream_age_ms=200,
    last_vnd=25_000,
    average_vnd=25_000,
    quote_age_ms=200,
    day_volume=1_000_000,
    average_volume=1_000_000,
    listed_quantity=1_000_000_000,
    foreign_room_left=100_000_000,
    master_data_age_days=0,
)
LIMITS = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: 100_000_000,
    RuleCode.POSITION_EXCEEDS_MAX: 20_000,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: 5_000_000,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: 3,
    RuleCode.MARKET_DATA_STALE: 15_000,
}
QUIET = RiskSnapshot(account=ACCOUNT, market=MARKET, limits=LIMITS, rules=rule_book_on(date(2026, 1, 5)))


def order(text: str, instrument: Instrument | None = SSI, confirmed: dict[RuleCode, int] | None = None) -> OrderIntent:
    """`SIDE quantity symbol [@ price] [TYPE]`; LO unless the type stands at the end."""
    side, quantity, symbol, *rest = text.split()
    price = int(rest[rest.index("@") + 1]) if "@" in rest else None
    order_type = OrderType(rest[-1]) if rest and rest[-1] in OrderType.__members__ else OrderType.LO
    typed = tuple((confirmed or {}).items())
    request = OrderRequest(symbol, Side(side), order_type, int(quantity), price, "test", typed)
    return OrderIntent(request, instrument)


def with_account(**facts: Any) -> RiskSnapshot:
    return replace(QUIET, account=replace(ACCOUNT, **facts))


def with_market(**facts: Any) -> RiskSnapshot:
    return replace(QUIET, market=replace(MARKET, **facts))


def with_activity(**facts: Any) -> RiskSnapshot:
    return replace(QUIET, activity=ActivityFacts(**facts))


def under(snapshot: RiskSnapshot, **limits: int) -> RiskSnapshot:
    """Nothing but these limits in force: `under(QUIET, ORDER_QUANTITY_EXCEEDS_MAX=300)`."""
    return replace(snapshot, limits={RuleCode(code): limit for code, limit in limits.items()})
