"""A market in which everything is allowed, and orders written as a trader says them: "BUY 300 SSI @ 25_050"."""

from dataclasses import replace
from typing import Any

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.risk import AccountFacts, MarketFacts, RiskSnapshot
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
)
LIMITS = {
    RuleCode.ORDER_VALUE_EXCEEDS_MAX: 100_000_000,
    RuleCode.POSITION_EXCEEDS_MAX: 20_000,
    RuleCode.DAILY_LOSS_EXCEEDS_MAX: 5_000_000,
    RuleCode.OPEN_ORDERS_EXCEED_MAX: 3,
    RuleCode.MARKET_DATA_STALE: 15_000,
}
QUIET = RiskSnapshot(account=ACCOUNT, market=MARKET, limits=LIMITS)


def order(text: str, instrument: Instrument | None = SSI) -> OrderIntent:
    """`SIDE quantity symbol [@ price] [TYPE]`; LO unless the type stands at the end."""
    side, quantity, symbol, *rest = text.split()
    price = int(rest[rest.index("@") + 1]) if "@" in rest else None
    order_type = OrderType(rest[-1]) if rest and rest[-1] in OrderType.__members__ else OrderType.LO
    request = OrderRequest(symbol, Side(side), order_type, int(quantity), price, client_order_id="test")
    return OrderIntent(request, instrument)


def with_account(**facts: Any) -> RiskSnapshot:
    return replace(QUIET, account=replace(ACCOUNT, **facts))


def with_market(**facts: Any) -> RiskSnapshot:
    return replace(QUIET, market=replace(MARKET, **facts))
