"""Each row: what is asked, what the gate sees, and every breach with its limit and actual. No row, no breach."""

from dataclasses import replace

import pytest

from qts.domain.errors import Breach, RuleCode
from qts.domain.risk import LIMIT_CODES, RULES, KillState, RiskSnapshot, Rule, Unit, evaluate, plan_of
from qts.domain.risk.tests.orders import FUTURE, QUIET, order, with_account, with_market
from qts.domain.risk.tests.test_exchange_controls import EXCHANGE_CASES
from qts.domain.risk.tests.test_limit_controls import LIMIT_CASES
from qts.domain.values import Session

HALF_STOP = KillState("account:1", allows_reducing=True)
FULL_STOP = KillState("firm", allows_reducing=False)


@pytest.mark.parametrize(
    "asked",
    [
        "BUY 300 SSI @ 25050",
        "SELL 3900 SSI @ 25050",
        "BUY 100 SSI @ 26750",
        "SELL 100 SSI @ 23250",
        "BUY 3700 SSI MTL",
    ],
)
def test_an_ordinary_order_passes(asked):
    assert evaluate(QUIET, order(asked)) == ()


CASES: list[tuple[str, RiskSnapshot, list[tuple[RuleCode, int | None, int | None]]]] = [
    ("BUY 0 SSI @ 25050", QUIET, [(RuleCode.QUANTITY_NOT_POSITIVE, 1, 0)]),
    ("BUY -100 SSI @ 25050", QUIET, [(RuleCode.QUANTITY_NOT_POSITIVE, 1, -100)]),
    ("BUY 100 SSI", QUIET, [(RuleCode.PRICE_REQUIRED, 1, None)]),
    ("BUY 100 SSI @ 0", QUIET, [(RuleCode.PRICE_REQUIRED, 1, 0)]),
    ("SELL 100 SSI @ -25050", QUIET, [(RuleCode.PRICE_REQUIRED, 1, -25_050)]),
    ("BUY 100 SSI @ 25050 MTL", QUIET, [(RuleCode.PRICE_NOT_ALLOWED, None, 25_050)]),
    # the exchange
    ("BUY 100 SSI @ 25030", QUIET, [(RuleCode.PRICE_OFF_TICK, 50, 25_030)]),
    ("BUY 100 SSI @ 26800", QUIET, [(RuleCode.PRICE_ABOVE_CEILING, 26_750, 26_800)]),
    ("SELL 100 SSI @ 23200", QUIET, [(RuleCode.PRICE_BELOW_FLOOR, 23_250, 23_200)]),
    ("BUY 150 SSI @ 25050", QUIET, [(RuleCode.QUANTITY_OFF_LOT, 100, 150)]),
    ("SELL 50 SSI @ 25050", QUIET, [(RuleCode.QUANTITY_OFF_LOT, 100, 50)]),
    (
        "SELL 500100 SSI @ 25050",
        replace(with_account(sellable_quantity=600_000), limits={}),
        [(RuleCode.QUANTITY_EXCEEDS_EXCHANGE_MAX, 500_000, 500_100)],
    ),
    ("BUY 100 SSI ATO", QUIET, [(RuleCode.SESSION_FORBIDS_ORDER_TYPE, None, None)]),
    ("BUY 100 SSI @ 25050", with_market(session=Session.BREAK), [(RuleCode.SESSION_FORBIDS_ORDER_TYPE, None, None)]),
    ("SELL 100 SSI @ 25050", with_market(session=Session.CLOSED), [(RuleCode.SESSION_FORBIDS_ORDER_TYPE, None, None)]),
    (
        "SELL 100 SSI @ 25050",
        with_market(session=Session.HALT, is_tradable=False),
        [(RuleCode.SECURITY_NOT_TRADABLE, None, None), (RuleCode.SESSION_FORBIDS_ORDER_TYPE, None, None)],
    ),
    # the firm's limits: on the limit passes, one over it does not
    ("BUY 4000 SSI @ 25000", QUIET, []),
    ("BUY 4100 SSI @ 25000", QUIET, [(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 100_000_000, 102_500_000)]),
    ("SELL 4100 SSI @ 25000", QUIET, [(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 100_000_000, 102_500_000)]),
    ("BUY 3800 SSI MTL", QUIET, [(RuleCode.ORDER_VALUE_EXCEEDS_MAX, 100_000_000, 101_650_000)]),  # at the ceiling
    ("BUY 400 SSI @ 25000", with_account(position_quantity=19_600), []),
    (
        "BUY 400 SSI @ 25000",
        with_account(position_quantity=19_000, pending_buy_quantity=700),
        [(RuleCode.POSITION_EXCEEDS_MAX, 20_000, 20_100)],
    ),
    ("SELL 400 SSI @ 25000", with_account(position_quantity=90_000), []),
    ("BUY 100 SSI @ 25000", with_account(day_pnl_vnd=-5_000_000), []),
    (
        "BUY 100 SSI @ 25000",
        with_account(day_pnl_vnd=-5_000_001),
        [(RuleCode.DAILY_LOSS_EXCEEDS_MAX, 5_000_000, 5_000_001)],
    ),
    ("SELL 100 SSI @ 25000", with_account(day_pnl_vnd=-900_000_000), []),  # a stop must get out
    ("BUY 100 SSI @ 25000", with_account(day_pnl_vnd=None), [(RuleCode.CHECK_FAILED, 5_000_000, None)]),
    ("SELL 100 SSI @ 25000", with_account(day_pnl_vnd=None), []),
    ("BUY 100 SSI @ 25000", with_account(open_order_count=2), []),
    ("SELL 100 SSI @ 25000", with_account(open_order_count=3), [(RuleCode.OPEN_ORDERS_EXCEED_MAX, 3, 4)]),
    # 100 x 25,000 and a fee of 3,750
    ("BUY 100 SSI @ 25000", with_account(buying_power_vnd=2_503_750), []),
    (
        "BUY 100 SSI @ 25000",
        with_account(buying_power_vnd=2_503_749),
        [(RuleCode.BUYING_POWER_EXCEEDED, 2_503_749, 2_503_750)],
    ),
    # at the auction's worst price: 100 x 26,750 and 4,012
    (
        "BUY 100 SSI ATC",
        replace(with_market(session=Session.ATC), account=replace(QUIET.account, buying_power_vnd=2_679_011)),
        [(RuleCode.BUYING_POWER_EXCEEDED, 2_679_011, 2_679_012)],
    ),
    ("SELL 100 SSI @ 25000", with_account(buying_power_vnd=0), []),
    ("SELL 100 SSI @ 25000", with_account(sellable_quantity=99), [(RuleCode.SELLABLE_QUANTITY_EXCEEDED, 99, 100)]),
    ("BUY 100 SSI @ 25000", with_account(sellable_quantity=0), []),
    ("BUY 100 SSI @ 25000", with_account(is_active=False), [(RuleCode.ACCOUNT_NOT_TRADABLE, None, None)]),
    # what is known of the market
    ("SELL 100 SSI @ 25000", with_market(has_quote=False), [(RuleCode.MARKET_DATA_MISSING, None, None)]),
    ("BUY 100 SSI @ 25000", replace(QUIET, market=None), [(RuleCode.MARKET_DATA_MISSING, None, None)]),
    ("SELL 100 SSI @ 25000", with_market(stream_age_ms=15_000), []),
    ("SELL 100 SSI @ 25000", with_market(stream_age_ms=15_001), [(RuleCode.MARKET_DATA_STALE, 15_000, 15_001)]),
    ("BUY 100 SSI @ 25000", with_market(stream_age_ms=None), [(RuleCode.MARKET_DATA_STALE, 15_000, None)]),
    # the kill switch
    ("BUY 100 SSI @ 25000", replace(QUIET, kills=(FULL_STOP,)), [(RuleCode.KILL_SWITCH_ENGAGED, None, None)]),
    ("SELL 100 SSI @ 25000", replace(QUIET, kills=(FULL_STOP,)), [(RuleCode.KILL_SWITCH_ENGAGED, None, None)]),
    ("BUY 100 SSI @ 25000", replace(QUIET, kills=(HALF_STOP,)), [(RuleCode.KILL_SWITCH_ENGAGED, None, None)]),
    ("SELL 100 SSI @ 25000", replace(QUIET, kills=(HALF_STOP,)), []),
    (
        "SELL 100 SSI @ 25000",
        replace(QUIET, kills=(HALF_STOP, FULL_STOP)),
        [(RuleCode.KILL_SWITCH_ENGAGED, None, None)],
    ),
    # the checks before the open: neither side passes
    ("BUY 100 SSI @ 25000", with_account(is_armed=False), [(RuleCode.ACCOUNT_NOT_ARMED, None, None)]),
    ("SELL 100 SSI @ 25000", with_account(is_armed=False), [(RuleCode.ACCOUNT_NOT_ARMED, None, None)]),
    ("BUY 100 SSI @ 25000", with_market(is_armed=False), [(RuleCode.SYMBOL_NOT_ARMED, None, None)]),
    ("SELL 100 SSI @ 25000", with_market(is_armed=False), [(RuleCode.SYMBOL_NOT_ARMED, None, None)]),
    # all at once: nothing hides behind the first refusal
    (
        "BUY 5130 SSI @ 26830",
        replace(with_account(buying_power_vnd=0, day_pnl_vnd=-6_000_000), kills=(FULL_STOP,)),
        [
            (RuleCode.PRICE_OFF_TICK, 50, 26_830),
            (RuleCode.PRICE_ABOVE_CEILING, 26_750, 26_830),
            (RuleCode.QUANTITY_OFF_LOT, 100, 5_130),
            (RuleCode.KILL_SWITCH_ENGAGED, None, None),
            (RuleCode.ORDER_VALUE_EXCEEDS_MAX, 100_000_000, 137_637_900),
            (RuleCode.DAILY_LOSS_EXCEEDS_MAX, 5_000_000, 6_000_000),
            (RuleCode.BUYING_POWER_EXCEEDED, 0, 137_844_356),
        ],
    ),
]


@pytest.mark.parametrize(("asked", "snapshot", "expected"), CASES)
def test_the_gate_names_every_broken_rule_and_no_other(asked, snapshot, expected):
    found = [(breach.code, breach.limit, breach.actual) for breach in evaluate(snapshot, order(asked))]
    assert found == expected


def test_an_unknown_symbol_is_refused_for_that_alone():
    assert evaluate(replace(QUIET, market=None), order("BUY 100 XXX @ 25050", instrument=None)) == (
        Breach(RuleCode.UNKNOWN_SYMBOL, detail="XXX"),
    )


def test_a_future_is_no_matter_for_a_cash_account():
    market = with_market(instrument=FUTURE, reference_vnd=125_000_000, ceiling_vnd=133_750_000, floor_vnd=116_250_000)
    codes = [breach.code for breach in evaluate(replace(market, limits={}), order("BUY 1 VN30F1M @ 125000000", FUTURE))]
    assert codes == [RuleCode.SECURITY_NOT_TRADABLE]


def test_a_rule_without_a_limit_in_force_does_not_bind():
    lost = replace(with_account(day_pnl_vnd=-(10**12), open_order_count=10**6), limits={})
    assert evaluate(lost, order("BUY 100 SSI @ 25000")) == ()


def test_a_check_that_raises_is_a_refusal_and_the_others_are_still_asked():
    def broken(case):
        raise ZeroDivisionError("limit / 0")

    rules = [Rule(RuleCode.PRICE_OFF_TICK, Unit.VND, "", "", check=broken), RULES[RuleCode.QUANTITY_OFF_LOT]]
    found = evaluate(QUIET, order("BUY 150 SSI @ 25000"), plan_of(rules))
    assert found == (
        Breach(RuleCode.CHECK_FAILED, detail="PRICE_OFF_TICK: ZeroDivisionError"),
        Breach(RuleCode.QUANTITY_OFF_LOT, limit=100, actual=150),
    )


ELSEWHERE = {RuleCode.UNKNOWN_SYMBOL, RuleCode.CONTRACTS_EXCEED_MAX}  # the latter in test_futures_gate


@pytest.mark.parametrize("code", RULES, ids=str)
def test_every_rule_is_explained_in_both_languages_and_refuses_somewhere(code):
    rule = RULES[code]
    assert rule.code is code
    assert rule.help_vi.endswith(".")
    assert rule.help_en.endswith(".")
    assert rule.help_vi != rule.help_en
    assert rule.fact
    rows = [*CASES, *EXCHANGE_CASES, *LIMIT_CASES]
    assert code in {breach[0] for _, _, breaches in rows for breach in breaches} | ELSEWHERE


def test_limits_have_units_and_loss_limits_let_sales_out():
    assert all(RULES[code].unit is not Unit.NONE for code in LIMIT_CODES)
    starved = with_account(
        position_quantity=10**6, day_pnl_vnd=-(10**12), buying_power_vnd=-(10**12), equity_vnd=1, held_vnd=10**12
    )
    only_purchases = {code: 0 for code in LIMIT_CODES if not RULES[code].applies_to_sales}
    assert len(only_purchases) == 13
    assert len(evaluate(replace(starved, limits=only_purchases), order("BUY 100 SSI @ 25000"))) > 8
    assert evaluate(replace(starved, limits=only_purchases), order("SELL 100 SSI @ 25000")) == ()
