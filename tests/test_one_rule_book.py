"""One book for all: for any rows and any order, the gate, the simulator's broker and the backtest's gate say the same
of sessions, types, steps, lots, largest orders and bands; and a form offers what the gate takes."""

from datetime import date, time

from hypothesis import given, settings
from hypothesis import strategies as st

from qts.domain.errors import RuleCode
from qts.domain.market import (
    Instrument,
    RuleHistory,
    RuleSubject,
    built_in_history,
    order_types,
    price_band,
    round_lot,
    session_at,
    tick_ladder,
)
from qts.domain.market.rule_rows import row_of
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.risk import AccountFacts, MarketFacts, RiskSnapshot, evaluate
from qts.domain.values import Exchange, InstrumentKind, OrderType, Session, Side
from simulator.broker import checks
from simulator.exchange.security import Security
from simulator.tests.brokerage import listing

DAYS = [date(2012, 6, 1), date(2016, 9, 12), date(2020, 12, 31), date(2021, 1, 4), date(2024, 6, 3), date(2026, 11, 23)]
BOARDS = [Exchange.HOSE, Exchange.HNX, Exchange.UPCOM]
RICH = AccountFacts(
    is_active=True,
    buying_power_vnd=10**15,
    position_quantity=10**9,
    pending_buy_quantity=0,
    sellable_quantity=10**9,
    open_order_count=0,
    day_pnl_vnd=0,
)
# the wire's code of a refusal by the exchange's rules, and the gate's
SAME = {
    "ORD010": {RuleCode.SESSION_FORBIDS_ORDER_TYPE},
    "ORD016": {RuleCode.SESSION_FORBIDS_ORDER_TYPE},
    "ORD018": {RuleCode.ODD_LOT_NOT_ADMITTED},
    "ORD005": {RuleCode.QUANTITY_OFF_LOT},
    "ORD008": {RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX},
    "ORD003": {RuleCode.PRICE_ABOVE_CEILING},
    "ORD002": {RuleCode.PRICE_BELOW_FLOOR},
    "ORD004": {RuleCode.PRICE_OFF_TICK},
}
COMPARED = frozenset().union(*SAME.values())


def changed(lot: int, step: int, percent: int) -> RuleHistory:
    """The book as it might be one day."""
    day, hose = date(2026, 11, 23), Exchange.HOSE
    band = {"daily_percent": percent, "wide_percent": max(percent, 20), "wide_after_sessions": 25}
    return built_in_history().with_rows(
        [
            row_of((RuleSubject.LOT, hose, None), day, lot, "a test"),
            row_of((RuleSubject.TICKS, hose, InstrumentKind.STOCK), day, [[0, step]], "a test"),
            row_of((RuleSubject.BAND, hose, None), day, band, "a test"),
        ]
    )


histories = st.one_of(
    st.just(built_in_history()),
    st.builds(changed, st.sampled_from([1, 10, 50, 500]), st.sampled_from([10, 50, 500]), st.integers(3, 25)),
)


def gate_says(
    rules, instrument: Instrument, session: Session, order: OrderRequest, reference_vnd: int
) -> set[RuleCode]:
    band = price_band(rules, instrument.exchange, instrument.kind, reference_vnd)
    snapshot = RiskSnapshot(
        account=RICH,
        market=MarketFacts(
            instrument=instrument,
            reference_vnd=reference_vnd,
            ceiling_vnd=band.ceiling_vnd,
            floor_vnd=band.floor_vnd,
            session=session,
            is_tradable=True,
            has_quote=True,
            stream_age_ms=0,
        ),
        limits={RuleCode.ODD_LOT_NOT_ADMITTED: 10**6},
        rules=rules,
    )
    return {breach.code for breach in evaluate(snapshot, OrderIntent(order, instrument)) if breach.code in COMPARED}


def simulator_says(
    rules, exchange: Exchange, session: Session, order: OrderRequest, reference_vnd: int
) -> set[RuleCode]:
    """Every refusal, not the first one alone: each question is asked for itself."""
    security = Security(listing("AAA", exchange, reference_vnd), reference_vnd, 0, rules=rules)
    security.begin_day(reference_vnd, rules)
    security.session = security.scheduled = session
    security.totals.last_vnd = reference_vnd
    found = [
        checks.session_refusal(order.order_type, security),
        checks.lot_refusal(order.quantity, order.order_type, security),
    ]
    if order.price_vnd is not None:
        found.append(checks.price_refusal(order.price_vnd, security))
    return set().union(*(SAME[refusal.code] for refusal in found if refusal is not None))


@settings(max_examples=300, deadline=None)
@given(
    history=histories,
    day=st.sampled_from(DAYS),
    exchange=st.sampled_from(BOARDS),
    order_type=st.sampled_from(OrderType),
    minute=st.integers(8 * 60, 15 * 60 + 30),
    quantity=st.one_of(st.integers(1, 1_200), st.sampled_from([499_900, 500_000, 500_100])),
    reference_steps=st.integers(1, 120),
    price_vnd=st.integers(900, 130_000),
)
def test_gate_and_simulator_agree_on_every_order(  # noqa: PLR0917  # the columns of the table
    history, day, exchange, order_type, minute, quantity, reference_steps, price_vnd
):
    rules = history.on(day)
    at, reference_vnd = time(minute // 60, minute % 60), reference_steps * 1_000
    session = session_at(rules, exchange, at)
    order = OrderRequest(
        "AAA", Side.BUY, order_type, quantity, price_vnd if order_type is OrderType.LO else None, client_order_id="x"
    )
    instrument = Instrument("AAA", exchange, InstrumentKind.STOCK)
    told = gate_says(rules, instrument, session, order, reference_vnd)
    theirs = simulator_says(rules, exchange, session, order, reference_vnd)
    bounds = {RuleCode.PRICE_ABOVE_CEILING, RuleCode.PRICE_BELOW_FLOOR}
    if theirs & bounds:  # the exchange names the bound alone
        told -= {RuleCode.PRICE_OFF_TICK}
    assert told == theirs


@given(
    history=histories,
    day=st.sampled_from(DAYS),
    exchange=st.sampled_from([Exchange.HOSE, Exchange.HNX, Exchange.UPCOM]),
)
def test_what_a_form_offers_is_what_the_gate_takes_at_some_time_of_the_day(history, day, exchange):
    rules = history.on(day)
    instrument = Instrument("AAA", exchange, InstrumentKind.STOCK)
    lot = round_lot(rules, exchange, InstrumentKind.STOCK)
    taken = set()
    for minute in range(8 * 60, 15 * 60 + 30, 5):
        session = session_at(rules, exchange, time(minute // 60, minute % 60))
        for one in OrderType:
            order = OrderRequest(
                "AAA", Side.BUY, one, lot, 20_000 if one is OrderType.LO else None, client_order_id="x"
            )
            if not gate_says(rules, instrument, session, order, 20_000):
                taken.add(one)
    assert taken == set(order_types(rules, exchange))
    for first_vnd, step in tick_ladder(rules, exchange, InstrumentKind.STOCK):
        assert first_vnd % step == 0
