"""The exchange's rules that need more than the order itself, and slips of the hand."""

from dataclasses import replace

import pytest

from qts.domain.errors import RuleCode
from qts.domain.risk import evaluate
from qts.domain.risk.tests.orders import QUIET, order, under, with_activity, with_market
from qts.domain.values import Session

NO_RIGHT = with_activity(actor_may_trade=False)
OWN_SALE = with_activity(opposite_count=1, opposite_price_vnd=25_050)
OWN_SALES_AT_MARKET = with_activity(opposite_count=2, opposite_price_vnd=25_050, opposite_unpriced_count=1)
ODD_LOTS = under(QUIET, ODD_LOT_NOT_ADMITTED=99)


def in_session(snapshot, session):
    return replace(snapshot, market=replace(QUIET.market, session=session))


EXCHANGE_CASES = [
    ("BUY 100 SSI @ 25000", NO_RIGHT, [(RuleCode.ACTOR_NOT_PERMITTED, None, None)]),
    ("SELL 100 SSI @ 25000", NO_RIGHT, [(RuleCode.ACTOR_NOT_PERMITTED, None, None)]),
    # about to be delisted: out, but not in
    ("BUY 200 SSI @ 25000", with_market(is_warned=True), [(RuleCode.SECURITY_WARNED, None, 200)]),
    ("SELL 200 SSI @ 25000", with_market(is_warned=True), []),
    # odd lots pass where the firm admits them, in the sessions in which the exchange takes them
    ("BUY 99 SSI @ 25000", ODD_LOTS, []),
    ("SELL 1 SSI @ 25000", in_session(ODD_LOTS, Session.ATC), []),
    ("BUY 150 SSI @ 25000", ODD_LOTS, [(RuleCode.QUANTITY_OFF_LOT, 100, 150)]),
    ("BUY 99 SSI MTL", ODD_LOTS, [(RuleCode.ODD_LOT_NOT_ADMITTED, 99, 99)]),
    ("BUY 40 SSI @ 25000", under(QUIET, ODD_LOT_NOT_ADMITTED=30), [(RuleCode.ODD_LOT_NOT_ADMITTED, 30, 40)]),
    (
        "BUY 10 SSI @ 25000",
        in_session(ODD_LOTS, Session.BREAK),
        [(RuleCode.SESSION_FORBIDS_ORDER_TYPE, None, None), (RuleCode.ODD_LOT_NOT_ADMITTED, 99, 10)],
    ),
    # prices as boards write them
    (
        "BUY 100 SSI @ 25",
        QUIET,
        [
            (RuleCode.PRICE_OFF_TICK, 10, 25),
            (RuleCode.PRICE_BELOW_FLOOR, 23_250, 25),
            (RuleCode.PRICE_UNIT_IMPLAUSIBLE, None, 25),
        ],
    ),
    (
        "SELL 100 SSI @ 250000",
        replace(QUIET, limits={}),
        [(RuleCode.PRICE_ABOVE_CEILING, 26_750, 250_000), (RuleCode.PRICE_UNIT_IMPLAUSIBLE, None, 250_000)],
    ),
    ("SELL 100 SSI @ 20000", QUIET, [(RuleCode.PRICE_BELOW_FLOOR, 23_250, 20_000)]),
    (
        "SELL 1000 SSI @ 25000",
        with_market(listed_quantity=900),
        [(RuleCode.QUANTITY_UNIT_IMPLAUSIBLE, 900, 1_000)],
    ),
    ("SELL 1000 SSI @ 25000", with_market(listed_quantity=1_000), []),
    ("SELL 1000 SSI @ 25000", with_market(listed_quantity=0), []),  # not recorded
    # an own order on the other side
    ("BUY 100 SSI @ 25000", OWN_SALE, []),
    ("BUY 100 SSI @ 25050", OWN_SALE, [(RuleCode.SELF_MATCH, 25_050, 25_050)]),
    ("BUY 100 SSI MTL", OWN_SALE, [(RuleCode.SELF_MATCH, 25_050, None)]),
    ("SELL 100 SSI @ 25100", OWN_SALE, []),  # it is a purchase then
    ("SELL 100 SSI @ 25050", OWN_SALE, [(RuleCode.SELF_MATCH, 25_050, 25_050)]),
    ("BUY 100 SSI @ 23250", OWN_SALES_AT_MARKET, [(RuleCode.SELF_MATCH, 25_050, 23_250)]),
    (
        "BUY 100 SSI @ 24000",
        in_session(OWN_SALE, Session.ATO),
        [(RuleCode.OPPOSITE_ORDER_IN_AUCTION, 0, 1)],
    ),
    ("BUY 100 SSI ATC", in_session(OWN_SALE, Session.ATC), [(RuleCode.OPPOSITE_ORDER_IN_AUCTION, 0, 1)]),
]


@pytest.mark.parametrize(("asked", "snapshot", "expected"), EXCHANGE_CASES)
def test_the_exchange_rule_refuses_with_its_own_code(asked, snapshot, expected):
    found = [(breach.code, breach.limit, breach.actual) for breach in evaluate(snapshot, order(asked))]
    assert found == expected


@pytest.mark.parametrize(("price", "hint"), [(25, "25000 is in the band"), (2_500, "25000"), (25_000_000, "25000")])
def test_a_price_in_another_unit_is_told_which_one_was_meant(price, hint):
    found = {breach.code: breach.detail for breach in evaluate(under(QUIET), order(f"SELL 100 SSI @ {price}"))}
    assert hint in found[RuleCode.PRICE_UNIT_IMPLAUSIBLE]


def test_a_warned_security_is_bought_by_typing_the_quantity_again():
    warned, code = with_market(is_warned=True), RuleCode.SECURITY_WARNED
    assert evaluate(warned, order("BUY 200 SSI @ 25000", confirmed={code: 200})) == ()
    for confirmed in ({code: 100}, {code: 25_000}, {RuleCode.DUPLICATE_ORDER: 200}):
        assert [breach.code for breach in evaluate(warned, order("BUY 200 SSI @ 25000", confirmed=confirmed))] == [code]
