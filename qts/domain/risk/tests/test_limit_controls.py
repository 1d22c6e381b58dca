"""Each limit on the number that still passes and on the first that does not; what is unknown is refused."""

from dataclasses import replace

import pytest

from qts.domain.errors import RuleCode
from qts.domain.risk import LIMIT_CODES, RULES, Binds, Typed, evaluate
from qts.domain.risk.tests.orders import QUIET, order, under, with_account, with_activity, with_market

BUY, SELL = "BUY 100 SSI @ 25000", "SELL 100 SSI @ 25000"  # 2,500,000 VND
POOR = with_account(equity_vnd=20_000_000, held_vnd=10_000_000, position_quantity=400, sector_vnd=7_500_000)
BUSY = with_account(working_buys_vnd=3_000_000, working_sales_vnd=2_000_000, held_vnd=10_000_000)

# what is asked, the snapshot, the code, what is measured (a limit of just that passes), and the next limit
EDGES = [
    (BUY, QUIET, RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 100, 99),
    (SELL, QUIET, RuleCode.ORDER_QUANTITY_EXCEEDS_MAX, 100, 99),
    (SELL, QUIET, RuleCode.SYMBOL_RESTRICTED, 100, 0),
    (BUY, QUIET, RuleCode.SYMBOL_NOT_ALLOWED, 1, 0),
    (SELL, QUIET, RuleCode.SYMBOL_NOT_ALLOWED, 1, 0),
    ("BUY 100 SSI @ 25050", QUIET, RuleCode.PRICE_FAR_FROM_LAST, 20, 19),
    ("SELL 100 SSI @ 24950", QUIET, RuleCode.PRICE_FAR_FROM_LAST, 20, 19),
    (BUY, with_market(last_vnd=24_850), RuleCode.PRICE_FAR_FROM_LAST, 61, 60),  # 60.36, rounded against the order
    (BUY, with_market(reference_vnd=24_000), RuleCode.PRICE_FAR_FROM_REFERENCE, 417, 416),
    (BUY, with_market(average_vnd=26_000), RuleCode.PRICE_FAR_FROM_AVERAGE, 385, 384),
    (BUY, with_activity(same_order_age_ms=999), RuleCode.DUPLICATE_ORDER, 999, 1_000),
    (BUY, with_activity(day_value_vnd=7_500_000), RuleCode.DAY_VALUE_EXCEEDS_MAX, 10_000_000, 9_999_999),
    (SELL, with_activity(day_value_vnd=7_500_000), RuleCode.DAY_VALUE_EXCEEDS_MAX, 10_000_000, 9_999_999),
    (SELL, BUSY, RuleCode.OPEN_VALUE_EXCEEDS_MAX, 7_500_000, 7_499_999),
    (BUY, with_activity(user_rate=4), RuleCode.USER_RATE_EXCEEDS_MAX, 5, 4),
    (BUY, with_activity(strategy_rate=4), RuleCode.STRATEGY_RATE_EXCEEDS_MAX, 5, 4),
    (SELL, with_activity(account_rate=4), RuleCode.ACCOUNT_RATE_EXCEEDS_MAX, 5, 4),
    (BUY, with_activity(broker_rate=4), RuleCode.BROKER_RATE_EXCEEDS_MAX, 5, 4),
    (BUY, with_activity(day_order_count=20), RuleCode.ORDERS_PER_TRADE_EXCEED_MAX, 21, 20),
    (
        BUY,
        with_activity(day_order_count=20, day_trade_count=2),
        RuleCode.ORDERS_PER_TRADE_EXCEED_MAX,
        11,
        10,
    ),
    (BUY, with_activity(repeated_count=9), RuleCode.REPEATED_EXECUTION_EXCEEDS_MAX, 10, 9),
    (BUY, with_activity(signal_age_ms=700), RuleCode.SIGNAL_TOO_OLD, 700, 699),
    (BUY, with_activity(day_symbol_quantity=900), RuleCode.PARTICIPATION_EXCEEDS_MAX, 10, 9),
    (BUY, with_activity(day_symbol_quantity=901), RuleCode.PARTICIPATION_EXCEEDS_MAX, 11, 10),
    # 10,100 shares at 200 a day
    (BUY, with_market(average_volume=1_000), RuleCode.DAYS_TO_EXIT_EXCEED_MAX, 51, 50),
    # (400 + 100) x 25,000 in 20,000,000
    (BUY, POOR, RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX, 6_250, 6_249),
    (BUY, POOR, RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX, 5_000, 4_999),
    (BUY, BUSY, RuleCode.GROSS_EXPOSURE_EXCEEDS_MAX, 17_500_000, 17_499_999),
    (BUY, BUSY, RuleCode.NET_EXPOSURE_EXCEEDS_MAX, 13_500_000, 13_499_999),
    (BUY, POOR, RuleCode.LEVERAGE_EXCEEDS_MAX, 6_250, 6_249),
    (BUY, POOR, RuleCode.MARGIN_RATIO_BELOW_MIN, 16_000, 16_001),
    (BUY, with_account(realised_today_vnd=-500), RuleCode.REALISED_LOSS_EXCEEDS_MAX, 500, 499),
    (BUY, with_account(equity_vnd=899_990_000), RuleCode.DRAWDOWN_EXCEEDS_MAX, 1_001, 1_000),
    (BUY, with_market(foreign_room_left=400), RuleCode.FOREIGN_ROOM_EXCEEDED, 300, 301),
    (BUY, with_market(listed_quantity=202_000), RuleCode.OWNERSHIP_EXCEEDS_MAX, 500, 499),
    (SELL, with_market(quote_age_ms=60_000), RuleCode.QUOTE_STALE, 60_000, 59_999),
    (SELL, with_market(master_data_age_days=3), RuleCode.MASTER_DATA_STALE, 3, 2),
    (SELL, with_market(gap_count=2), RuleCode.MARKET_DATA_GAP, 2, 1),
]
LIMIT_CASES = [
    (asked, under(snapshot, **{code: refuses}), [(code, refuses, actual)])
    for asked, snapshot, code, actual, refuses in EDGES
]


@pytest.mark.parametrize(("asked", "snapshot", "code", "actual", "refuses"), EDGES)
def test_a_limit_lets_its_own_number_pass_and_not_the_next(asked, snapshot, code, actual, refuses):
    assert evaluate(under(snapshot, **{code: actual}), order(asked)) == ()
    (breach,) = evaluate(under(snapshot, **{code: refuses}), order(asked))
    assert (breach.code, breach.limit, breach.actual) == (code, refuses, actual)


UNKNOWN = [
    (with_account(equity_vnd=None), RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_account(equity_vnd=0), RuleCode.LEVERAGE_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_account(sector_vnd=None), RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_account(held_vnd=None), RuleCode.GROSS_EXPOSURE_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_account(held_vnd=None), RuleCode.NET_EXPOSURE_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_account(equity_vnd=None), RuleCode.MARGIN_RATIO_BELOW_MIN, RuleCode.CHECK_FAILED),
    (with_account(peak_equity_vnd=None), RuleCode.DRAWDOWN_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_market(average_volume=None), RuleCode.DAYS_TO_EXIT_EXCEED_MAX, RuleCode.CHECK_FAILED),
    (with_market(listed_quantity=0), RuleCode.OWNERSHIP_EXCEEDS_MAX, RuleCode.CHECK_FAILED),
    (with_market(foreign_room_left=None), RuleCode.FOREIGN_ROOM_EXCEEDED, RuleCode.CHECK_FAILED),
    (with_market(quote_age_ms=None), RuleCode.QUOTE_STALE, RuleCode.QUOTE_STALE),
    (with_market(master_data_age_days=None), RuleCode.MASTER_DATA_STALE, RuleCode.MASTER_DATA_STALE),
]


@pytest.mark.parametrize(("snapshot", "code", "told"), UNKNOWN)
def test_what_a_limit_needs_and_nobody_knows_is_a_refusal_that_says_so(snapshot, code, told):
    (breach,) = evaluate(under(snapshot, **{code: 1}), order(BUY))
    assert (breach.code, breach.limit, breach.actual) == (told, 1, None)
    assert breach.detail
    assert evaluate(under(snapshot), order(BUY)) == ()  # without the limit nobody asks


@pytest.mark.parametrize(
    "code",
    [
        RuleCode.DUPLICATE_ORDER,
        RuleCode.SIGNAL_TOO_OLD,
        RuleCode.USER_RATE_EXCEEDS_MAX,
        RuleCode.STRATEGY_RATE_EXCEEDS_MAX,
        RuleCode.REPEATED_EXECUTION_EXCEEDS_MAX,
    ],
)
def test_a_limit_of_a_sender_leaves_orders_of_others_alone(code):
    assert evaluate(under(QUIET, **{code: 0}), order(BUY)) == ()


def test_before_the_first_match_only_the_reference_says_how_far_a_price_is():
    early = with_market(last_vnd=0, average_vnd=0)
    limits = {"PRICE_FAR_FROM_LAST": 1, "PRICE_FAR_FROM_AVERAGE": 1, "PRICE_FAR_FROM_REFERENCE": 1}
    codes = [breach.code for breach in evaluate(under(early, **limits), order("BUY 100 SSI @ 25500"))]
    assert codes == [RuleCode.PRICE_FAR_FROM_REFERENCE]


SOFT = [code for code in LIMIT_CODES if RULES[code].is_soft]


def test_the_soft_limits_are_those_against_slips_of_the_hand():
    assert SOFT == [
        RuleCode.PRICE_FAR_FROM_LAST,
        RuleCode.PRICE_FAR_FROM_REFERENCE,
        RuleCode.PRICE_FAR_FROM_AVERAGE,
        RuleCode.DUPLICATE_ORDER,
        RuleCode.PARTICIPATION_EXCEEDS_MAX,
    ]


@pytest.mark.parametrize("code", SOFT)
def test_a_soft_limit_is_passed_by_typing_the_right_number_again_and_no_other(code):
    snapshot = under(
        replace(with_activity(same_order_age_ms=0), market=with_market(day_volume=1).market),
        **{code: 5_000 if RULES[code].binds is Binds.FLOOR else 1},
    )
    right, wrong = (25_500, 100) if RULES[code].typed is Typed.PRICE else (100, 25_500)
    asked = "BUY 100 SSI @ 25500"
    assert evaluate(snapshot, order(asked, confirmed={code: right})) == ()
    assert [breach.code for breach in evaluate(snapshot, order(asked, confirmed={code: wrong}))] == [code]
    assert [breach.code for breach in evaluate(snapshot, order(asked))] == [code]


def test_a_hard_limit_is_not_passed_by_typing_anything():
    snapshot = under(QUIET, ORDER_QUANTITY_EXCEEDS_MAX=99)
    for typed in (100, 99, 25_000):
        confirmed = {RuleCode.ORDER_QUANTITY_EXCEEDS_MAX: typed}
        assert len(evaluate(snapshot, order(BUY, confirmed=confirmed))) == 1


def test_of_several_limits_the_one_that_refuses_most_counts_but_for_the_allow_list():
    tightest = {code: RULES[code].tightest(1, 2) for code in LIMIT_CODES}
    highest = {code for code, limit in tightest.items() if limit == 2}
    assert highest == {
        RuleCode.DUPLICATE_ORDER,
        RuleCode.MARGIN_RATIO_BELOW_MIN,
        RuleCode.FOREIGN_ROOM_EXCEEDED,
        RuleCode.SYMBOL_NOT_ALLOWED,
    }


@pytest.mark.parametrize(
    ("code", "before", "after", "is_looser"),
    [
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, 1, 2, True),
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, 2, 1, False),
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, 2, 2, False),
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, None, 2, False),
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, 2, None, True),
        (RuleCode.ORDER_VALUE_EXCEEDS_MAX, None, None, False),
        (RuleCode.MARGIN_RATIO_BELOW_MIN, 1, 2, False),
        (RuleCode.MARGIN_RATIO_BELOW_MIN, 2, 1, True),
        # the allow-list: 0 closes, 1 opens, nothing lies between
        (RuleCode.SYMBOL_NOT_ALLOWED, None, 0, False),
        (RuleCode.SYMBOL_NOT_ALLOWED, 0, None, True),
        (RuleCode.SYMBOL_NOT_ALLOWED, None, 1, True),
        (RuleCode.SYMBOL_NOT_ALLOWED, 1, None, False),
        # without a limit no odd lot passes; with an account's own limit gone, the firm's larger one counts
        (RuleCode.ODD_LOT_NOT_ADMITTED, None, 99, True),
        (RuleCode.ODD_LOT_NOT_ADMITTED, None, 0, False),
        (RuleCode.ODD_LOT_NOT_ADMITTED, 99, 0, False),
        (RuleCode.ODD_LOT_NOT_ADMITTED, 99, None, True),
        (RuleCode.ODD_LOT_NOT_ADMITTED, None, None, False),
        (RuleCode.ODD_LOT_NOT_ADMITTED, 99, 10, False),
    ],
)
def test_a_change_is_looser_when_it_lets_something_pass_that_was_refused(code, before, after, is_looser):
    assert RULES[code].is_looser(before, after) is is_looser
