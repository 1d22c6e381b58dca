"""The gate: full checks a second in one process with every control on, and what a snapshot of a running system costs.

The orders are of all kinds and sizes, every limit is in force and wide, nearly all of them pass: what a trading day is
like. The floor is six bare comparisons, a fill and its position in one plain function.
"""

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.demo_system import ArrangedSystem
from benchmarks.figures import Section, percentile
from qts.domain.errors import RuleCode
from qts.domain.market import Instrument
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.risk import (
    LIMIT_CODES,
    RULES,
    AccountFacts,
    ActivityFacts,
    Binds,
    MarketFacts,
    RiskSnapshot,
    evaluate,
)
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session, Side
from qts.embedded.options import ROOT

RUNS, ORDERS, SEED = 5, 40_000, 7
SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
Asked = tuple[RiskSnapshot, OrderIntent]


def run_gate(section: Section, *, quick: bool) -> None:
    section.begin(f"the gate alone, {len(RULES)} controls, {len(LIMIT_CODES)} limits in force")
    asked = cases(ORDERS // 10 if quick else ORDERS)
    passed = sum(not evaluate(*each) for each in asked)
    assert 0.9 < passed / len(asked) < 1, f"{passed} of {len(asked)} pass"
    rates, floors = [], []
    for _ in range(RUNS):
        rates.append(_rate(evaluate, asked))
        floors.append(_rate(_Floor().check, asked))
    section.add("full checks in one process", "orders/s", rates)
    by_processor = [_rate(evaluate, asked, time.process_time) for _ in range(RUNS)]
    section.add("full checks in one second of processor time", "orders/s", by_processor)
    section.add("floor: six comparisons and a fill", "orders/s", floors)
    section.add_ratio("full checks against the floor", rates, floors)
    micros = [micro for _ in range(RUNS) for micro in _each_us(asked)]
    for percent in (50, 99, 99.9):
        section.add(f"one full check, p{percent}", "us", [percentile(micros, percent)])


def run_snapshot(section: Section, system: ArrangedSystem, *, quick: bool) -> None:
    """Inside of the running system, as the orders' service builds it: books, limits, orders, live market."""
    command = [sys.executable, "-m", "benchmarks.risk_snapshot", system.account_id, "200" if quick else "2000"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | system.environment, capture_output=True, text=True, check=True
    )
    for name, millis in json.loads(done.stdout).items():
        for percent in (50, 99):
            section.add(f"snapshot, {name}, p{percent}", "ms", [percentile(millis, percent)])


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


class _Floor:
    """What a loop without any of this would do."""

    def __init__(self) -> None:
        self.position, self.cash_vnd, self.cost_vnd, self.open = 0, 10**15, 0, 0

    def check(self, snapshot: RiskSnapshot, intent: OrderIntent) -> bool:
        price, quantity = 25_000, intent.request.quantity
        value = price * quantity
        if quantity % 100 or price % 50 or not 23_250 <= price <= 26_750 or value > 10**13:
            return False
        if value > self.cash_vnd or self.open > 100:
            return False
        self.position += quantity
        self.cash_vnd -= value
        self.cost_vnd += value
        return True


def _rate(
    check: Callable[[RiskSnapshot, OrderIntent], object],
    asked: list[Asked],
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    gc.collect()
    started = clock()
    for snapshot, intent in asked:
        check(snapshot, intent)
    return len(asked) / (clock() - started)


def _each_us(asked: list[Asked]) -> list[float]:
    clock, micros = time.perf_counter_ns, []
    for snapshot, intent in asked:
        started = clock()
        evaluate(snapshot, intent)
        micros.append((clock() - started) / 1_000)
    return micros
