"""The orders that the gate is measured with, and how fast a check gets through them. Standard library and domain only,
so that they can be measured beside a package in an environment that holds nothing but it."""

import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qts.domain.errors import RuleCode
from qts.domain.market import Instrument, built_in_history
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.risk import LIMIT_CODES, RULES, AccountFacts, ActivityFacts, Binds, MarketFacts, RiskSnapshot
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session, Side

SEED = 7
SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
Asked = tuple[RiskSnapshot, OrderIntent]


def cases(count: int) -> list[Asked]:
    """Orders round SSI at 25,000; one in a hundred is off the tick."""
    chance = random.Random(SEED)
    found = []
    for number in range(count):
        side, order_type = chance.choice(list(Side)), chance.choice([OrderType.LO] * 9 + [OrderType.MTL])
        price = 25_000 + 50 * chance.randint(-20, 20) + (0 if number % 100 else 1)
        request = OrderRequest(
            "SSI", side, order_type, 100 * chance.randint(1, 50), price if order_type is OrderType.LO else None, "b"
        )
        found.append((_snapshot(chance), OrderIntent(request, SSI, "strategy")))
    return found


def _snapshot(chance: random.Random) -> RiskSnapshot:
    position = 100 * chance.randint(50, 200)
    return replace(
        BASE,
        account=replace(BASE.account, position_quantity=position, sellable_quantity=position),
        market=replace(MARKET, last_vnd=25_000 + 50 * chance.randint(-4, 4)),
    )


MARKET = MarketFacts(
    instrument=SSI,
    reference_vnd=25_000,
    ceiling_vnd=26_750,
    floor_vnd=23_250,
    session=Session.CONTINUOUS,
    is_tradable=True,
    has_quote=True,
    stream_age_ms=120,
    last_vnd=25_000,
    average_vnd=25_010,
    quote_age_ms=120,
    day_volume=8_000_000,
    average_volume=20_000_000,
    listed_quantity=1_500_000_000,
    foreign_room_left=800_000_000,
    master_data_age_days=0,
)
BASE = RiskSnapshot(
    rules=built_in_history().newest,
    account=AccountFacts(
        is_active=True,
        buying_power_vnd=10**10,
        position_quantity=10_000,
        pending_buy_quantity=0,
        sellable_quantity=10_000,
        open_order_count=3,
        day_pnl_vnd=-1_000_000,
        realised_today_vnd=-500_000,
        equity_vnd=10**10,
        peak_equity_vnd=10**10,
        held_vnd=10**9,
        working_buys_vnd=10**8,
        working_sales_vnd=10**8,
        sector_vnd=10**9,
    ),
    market=MARKET,
    limits={
        code: {Binds.FLOOR: 0, Binds.WIDEST: 1, Binds.LOWEST: 99 if code is RuleCode.ODD_LOT_NOT_ADMITTED else 10**13}[
            RULES[code].binds
        ]
        for code in LIMIT_CODES
    },
    activity=ActivityFacts(
        day_value_vnd=10**8,
        day_symbol_quantity=1_000,
        day_order_count=40,
        day_trade_count=20,
        user_rate=1,
        strategy_rate=1,
        account_rate=1,
        broker_rate=2,
        repeated_count=2,
        same_order_age_ms=60_000,
        signal_age_ms=4,
    ),
)


def rate(
    check: Callable[[Any, Any], object],
    asked: Sequence[tuple[Any, Any]],
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    gc.collect()
    started = clock()
    for snapshot, intent in asked:
        check(snapshot, intent)
    return len(asked) / (clock() - started)
