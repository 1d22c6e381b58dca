"""Scenario tables of conditional orders: what is watched, when it triggers, and when it must not."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.errors import IllegalTransition, RuleCode
from qts.domain.market import Instrument, rule_book_on
from qts.domain.orders import Status
from qts.domain.orders.conditional import (
    LEG_STEPS,
    REQUIRED,
    TERMS,
    ConditionalKind,
    ConditionalStatus,
    ConditionalTerms,
    Direction,
    EntryState,
    LegEvent,
    LegRole,
    LegState,
    Look,
    Trigger,
    conditional_status,
    entry_step,
    exit_quantity,
    legs_of,
    next_leg_state,
    watched,
)
from qts.domain.orders.conditional_checks import terms_refusals
from qts.domain.values import Exchange, InstrumentKind, Session, Side

RULES = rule_book_on(date(2026, 1, 5))

TODAY = date(2026, 11, 23)
SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
GIVEN = {
    "stop_vnd": 24_000, "limit_vnd": 23_900, "target_vnd": 26_500, "trail_vnd": 500, "step_vnd": 100,
    "entry_vnd": 25_000, "then_side": Side.SELL, "then_quantity": 200, "then_vnd": 26_000,
}  # fmt: skip


def terms(kind, *names, side=Side.SELL, quantity=300, **changes):
    given_terms = {name: GIVEN[name] for name in names} | changes
    return ConditionalTerms(
        kind=ConditionalKind(kind), symbol="SSI", side=side, quantity=quantity,
        valid_until=given_terms.pop("valid_until", TODAY), client_order_id="c-1", **given_terms,
    )  # fmt: skip


def look(price_vnd, session=Session.CONTINUOUS, *, is_tradable=True, is_fresh=True):
    return Look(price_vnd, session, is_tradable, is_fresh)


def path_of(trigger, prices):
    """(level, met) after each price."""
    steps = []
    for price in prices:
        trigger, met = watched(trigger, look(price))
        steps.append((trigger.level_vnd, met))
    return steps


BELOW, ABOVE = Direction.AT_OR_BELOW, Direction.AT_OR_ABOVE
# kind, side, prices; the legs by their roles; which of them are met after each price
PATHS = [
    ("STOP", "SELL", {"stop_vnd": 24_000}, [24_050, 24_000, 23_900], {"STOP": [0, 1, 1]}),
    ("STOP", "BUY", {"stop_vnd": 26_000}, [25_950, 26_000, 26_100], {"STOP": [0, 1, 1]}),
    ("STOP", "SELL", {"stop_vnd": 24_000}, [23_250], {"STOP": [1]}),  # a gap through it
    ("STOP_LIMIT", "SELL", {"stop_vnd": 24_000, "limit_vnd": 23_900}, [24_050, 23_950], {"STOP": [0, 1]}),
    ("TAKE_PROFIT", "SELL", {"target_vnd": 26_500}, [26_450, 26_500], {"TARGET": [0, 1]}),
    ("TAKE_PROFIT", "BUY", {"target_vnd": 24_000}, [24_050, 24_000], {"TARGET": [0, 1]}),
    ("OCO", "SELL", {"stop_vnd": 24_000, "target_vnd": 26_500}, [25_000, 26_500], {"STOP": [0, 0], "TARGET": [0, 1]}),
    ("OCO", "SELL", {"stop_vnd": 24_000, "target_vnd": 26_500}, [25_000, 24_000], {"STOP": [0, 1], "TARGET": [0, 0]}),
    ("OCO", "BUY", {"stop_vnd": 26_000, "target_vnd": 24_000}, [26_000, 24_000], {"STOP": [1, 0], "TARGET": [0, 1]}),
    ("TRAILING_STOP", "SELL", {"trail_vnd": 500, "step_vnd": 100}, [25_000, 25_550, 25_000], {"TRAIL": [0, 0, 1]}),
    ("TRAILING_STOP", "SELL", {"trail_vnd": 500, "step_vnd": 100}, [25_000, 25_550, 25_050], {"TRAIL": [0, 0, 0]}),
    ("TRAILING_STOP", "BUY", {"trail_vnd": 500, "step_vnd": 100}, [25_000, 24_400, 24_900], {"TRAIL": [0, 0, 1]}),
    (
        "BRACKET",
        "BUY",
        {"stop_vnd": 24_000, "target_vnd": 26_500},
        [24_000, 26_500],
        {"STOP": [1, 0], "TARGET": [0, 1]},
    ),
]


@pytest.mark.parametrize(("kind", "side", "given_terms", "prices", "expected"), PATHS)
def test_which_price_meets_which_leg(kind, side, given_terms, prices, expected):
    legs = legs_of(terms(kind, side=Side(side), **given_terms))
    found = {str(leg.role): [int(met) for _, met in path_of(leg.trigger, prices)] for leg in legs}
    assert found == expected


# levels after each price of a sale that trails 500 under the best price in steps of 200, armed at 25,000
TRAILS = [
    ([25_000, 25_100, 25_150], [24_500, 24_500, 24_500]),  # less than a step
    ([25_000, 25_200, 25_399, 25_400], [24_500, 24_700, 24_700, 24_900]),
    ([25_000, 26_300], [24_500, 25_700]),  # six steps at once; the odd 100 waits
    ([25_000, 26_300, 26_400], [24_500, 25_700, 25_900]),  # and counts for the next one
    ([25_000, 25_400, 25_000, 25_300], [24_500, 24_900, 24_900, 24_900]),  # it never goes back
]


@pytest.mark.parametrize(("prices", "levels"), TRAILS)
def test_a_trail_follows_in_whole_steps(prices, levels):
    assert [level for level, _ in path_of(Trigger(BELOW, 0, 500, 200), prices)] == levels
    mirrored = [50_000 - price for price in prices]
    assert [50_000 - level for level, _ in path_of(Trigger(ABOVE, 0, 500, 200), mirrored)] == levels


@given(
    st.lists(st.integers(1_000, 99_000), min_size=1, max_size=60),
    st.integers(1, 5_000),
    st.integers(1, 900),
    st.sampled_from([BELOW, ABOVE]),
)
def test_a_trail_is_the_best_price_in_steps_and_never_loosens(prices, trail_vnd, step_vnd, direction):
    sign = 1 if direction is BELOW else -1
    trigger, levels = Trigger(direction, 0, trail_vnd, step_vnd), []
    for number, price in enumerate(prices, start=1):
        trigger, met = watched(trigger, look(price))
        best = max(sign * seen for seen in prices[:number])
        gained = best - sign * prices[0]
        level = sign * (sign * prices[0] + gained - gained % step_vnd) - sign * trail_vnd
        assert trigger.level_vnd == level
        assert met == (sign * price <= sign * level)
        levels.append(sign * level)
    assert levels == sorted(levels)


@given(st.lists(st.integers(20_000, 30_000), min_size=2, max_size=30), st.integers(1, 28))
def test_a_restart_between_two_prices_changes_nothing(prices, cut):
    """What is kept of a trail is all that it needs."""
    whole = path_of(Trigger(BELOW, 0, 400, 100), prices)
    first, _ = watched(Trigger(BELOW, 0, 400, 100), look(prices[0]))
    for price in prices[1:cut]:
        first, _ = watched(first, look(price))
    kept = Trigger(first.direction, first.level_vnd, first.trail_vnd, first.step_vnd, first.anchor_vnd)
    assert path_of(kept, prices[cut:]) == whole[cut:]


NOT_COUNTED = [
    *(look(23_000, session) for session in Session if session is not Session.CONTINUOUS),
    look(23_000, is_tradable=False),
    look(23_000, is_fresh=False),
    look(0),
]


@pytest.mark.parametrize("seen", NOT_COUNTED, ids=str)
def test_only_a_fresh_price_of_continuous_trading_counts(seen):
    stop, trail = Trigger(BELOW, 24_000), Trigger(ABOVE, 25_500, 500, 100, 25_000)
    assert watched(stop, seen) == (stop, False)
    assert watched(trail, seen) == (trail, False)
    assert watched(None, seen) == (None, False)
    assert watched(None, look(25_000)) == (None, True)


def test_a_trail_that_was_never_armed_is_not_met():
    assert not Trigger(BELOW, 0, 500, 100).is_met(1)
    assert not Trigger(ABOVE, 0, 500, 100).is_met(1)


EXITS = [  # kind, given; role, side, quantity, limit, waits
    ("STOP", {"stop_vnd": 24_000}, [("STOP", "SELL", 300, None, False)]),
    ("STOP_LIMIT", {"stop_vnd": 24_000, "limit_vnd": 23_900}, [("STOP", "SELL", 300, 23_900, False)]),
    ("TAKE_PROFIT", {"target_vnd": 26_500}, [("TARGET", "SELL", 300, 26_500, False)]),
    (
        "OCO",
        {"stop_vnd": 24_000, "target_vnd": 26_500, "limit_vnd": 23_900},
        [("STOP", "SELL", 300, 23_900, False), ("TARGET", "SELL", 300, 26_500, False)],
    ),
    (
        "BRACKET",
        {"trail_vnd": 500, "step_vnd": 100, "target_vnd": 23_500},  # the entry sells, so the exits buy
        [("TRAIL", "BUY", 300, None, True), ("TARGET", "BUY", 300, 23_500, True)],
    ),
    ("IF_DONE", {}, [("THEN", "BUY", 300, None, True)]),
    (
        "IF_DONE",
        {"then_side": Side.SELL, "then_quantity": 200, "then_vnd": 26_000},
        [("THEN", "SELL", 200, 26_000, True)],
    ),
]


@pytest.mark.parametrize(("kind", "given_terms", "expected"), EXITS)
def test_the_legs_of_each_kind(kind, given_terms, expected):
    legs = legs_of(terms(kind, **given_terms))
    assert [(leg.role, leg.side, leg.quantity, leg.limit_vnd, leg.waits_for_entry) for leg in legs] == expected


def test_every_pair_of_leg_state_and_event():
    allowed = {
        ("DORMANT", "WAKE"): "WATCHING",
        ("DORMANT", "CANCEL"): "CANCELLED",
        ("DORMANT", "EXPIRE"): "EXPIRED",
        ("WATCHING", "TRIGGER"): "TRIGGERED",
        ("WATCHING", "REFUSE"): "REFUSED",
        ("WATCHING", "CANCEL"): "CANCELLED",
        ("WATCHING", "EXPIRE"): "EXPIRED",
    }
    assert len(LEG_STEPS) == len(allowed)
    for state, event in product(LegState, LegEvent):
        if expected := allowed.get((state, event)):
            assert next_leg_state(state, event) == expected
        else:
            with pytest.raises(IllegalTransition):
                next_leg_state(state, event)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ("WATCHING CANCELLED", "ACTIVE"),
        ("DORMANT DORMANT", "ACTIVE"),
        ("TRIGGERED WATCHING", "ACTIVE"),
        ("REFUSED WATCHING", "ACTIVE"),  # the leg beside a refused one still protects
        ("TRIGGERED CANCELLED", "TRIGGERED"),
        ("REFUSED TRIGGERED", "TRIGGERED"),
        ("REFUSED CANCELLED", "REFUSED"),
        ("EXPIRED EXPIRED", "EXPIRED"),
        ("CANCELLED CANCELLED", "CANCELLED"),
        ("CANCELLED", "CANCELLED"),
    ],
)
def test_what_a_conditional_order_has_come_to(states, status):
    assert conditional_status(tuple(LegState(state) for state in states.split())) is ConditionalStatus(status)


@pytest.mark.parametrize(
    ("role", "status", "filled", "event", "quantity"),
    [
        ("STOP", "OPEN", 0, None, 0),
        ("STOP", "PARTIALLY_FILLED", 150, None, 0),  # 150 of 600 are 75 of 300: not one lot
        ("STOP", "PARTIALLY_FILLED", 250, "WAKE", 100),
        ("STOP", "FILLED", 600, "WAKE", 300),
        ("STOP", "FILLED", 800, "WAKE", 400),  # the entry was amended to more
        ("STOP", "FILLED", 400, "WAKE", 200),  # and to less
        ("STOP", "CANCELLED", 400, "WAKE", 200),
        ("STOP", "CANCELLED", 0, "CANCEL", 0),
        ("STOP", "DENIED", 0, "CANCEL", 0),
        ("STOP", "REJECTED", 0, "CANCEL", 0),
        ("STOP", "EXPIRED", 0, "CANCEL", 0),
        ("STOP", "UNKNOWN", 0, None, 0),
        ("THEN", "PARTIALLY_FILLED", 400, None, 200),  # it goes out when the first is over
        ("THEN", "CANCELLED", 400, "WAKE", 200),
        ("THEN", "CANCEL_PENDING", 400, None, 200),
    ],
)
def test_what_the_entry_order_does_to_the_leg_that_waits_for_it(role, status, filled, event, quantity):
    entry = EntryState(Status(status), 600, filled)
    assert entry_step(LegRole(role), entry, 300, 100) == event
    assert exit_quantity(entry, 300, 100) == quantity


@given(st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_an_exit_never_exceeds_its_share(ordered, filled, leg):
    filled = min(filled, ordered)
    found = exit_quantity(EntryState(Status.OPEN, ordered * 100, filled * 100), leg * 100, 100)
    assert found % 100 == 0
    assert found * ordered <= leg * 100 * filled
    assert found <= leg * 100


def refused(asked, *, last_vnd=25_000):
    found = terms_refusals(asked, instrument=SSI, rules=RULES, last_vnd=last_vnd, today=TODAY)
    return [(str(breach.code), breach.limit, breach.actual, breach.detail) for breach in found]


GOOD = [
    terms("STOP", "stop_vnd"),
    terms("STOP_LIMIT", "stop_vnd", "limit_vnd"),
    terms("TRAILING_STOP", "trail_vnd", "step_vnd"),
    terms("TAKE_PROFIT", "target_vnd"),
    terms("OCO", "stop_vnd", "target_vnd"),
    terms("OCO", "stop_vnd", "target_vnd", "limit_vnd"),
    terms("OCO", "trail_vnd", "step_vnd", "target_vnd"),
    terms("BRACKET", "stop_vnd", "target_vnd", side=Side.BUY),
    terms("BRACKET", "stop_vnd", "target_vnd", "entry_vnd", side=Side.BUY),
    terms("IF_DONE", side=Side.BUY),
    terms("IF_DONE", "entry_vnd", "then_side", "then_quantity", "then_vnd", side=Side.BUY),
    terms("STOP_LIMIT", "stop_vnd", "limit_vnd", quantity=50),  # an odd lot goes as a limit order
    terms("STOP", "stop_vnd", valid_until=TODAY + timedelta(days=90)),
]


@pytest.mark.parametrize("asked", GOOD, ids=lambda asked: f"{asked.kind}-{'-'.join(sorted(asked.given))}")
def test_what_can_be_watched(asked):
    assert refused(asked) == []


BAD = [
    (terms("STOP"), [("TERMS_MISSING", None, None, "stop_vnd")]),
    (terms("STOP_LIMIT", "stop_vnd"), [("TERMS_MISSING", None, None, "limit_vnd")]),
    (terms("TRAILING_STOP", "trail_vnd"), [("TERMS_MISSING", None, None, "step_vnd")]),
    (terms("OCO", "target_vnd"), [("TERMS_MISSING", None, None, "stop_vnd")]),
    (terms("STOP", "stop_vnd", "target_vnd"), [("TERMS_NOT_ALLOWED", None, None, "target_vnd")]),
    (
        terms("OCO", "trail_vnd", "step_vnd", "target_vnd", "limit_vnd"),
        [("TERMS_NOT_ALLOWED", None, None, "limit_vnd")],
    ),
    (terms("STOP", "stop_vnd", quantity=150), [("QUANTITY_OFF_LOT", None, 150, "")]),
    (terms("STOP", "stop_vnd", quantity=50), [("QUANTITY_OFF_LOT", None, 50, "")]),  # no odd lot at the market
    (terms("STOP", "stop_vnd", quantity=0), [("QUANTITY_NOT_POSITIVE", None, 0, "")]),
    (terms("STOP", "stop_vnd", quantity=500_100), [("QUANTITY_EXCEEDS_EXCHANGE_MAX", None, 500_100, "")]),
    (terms("STOP", stop_vnd=24_020), [("PRICE_OFF_TICK", 50, 24_020, "stop_vnd")]),
    (terms("TRAILING_STOP", trail_vnd=0, step_vnd=-1), [
        ("PRICE_OFF_TICK", 1, 0, "trail_vnd"), ("PRICE_OFF_TICK", 1, -1, "step_vnd"),
    ]),
    (terms("STOP", stop_vnd=25_000), [("TRIGGER_ALREADY_MET", 25_000, 25_000, "")]),
    (terms("STOP", stop_vnd=24_000, side=Side.BUY), [("TRIGGER_ALREADY_MET", 24_000, 25_000, "")]),
    (terms("TAKE_PROFIT", target_vnd=24_950), [("TRIGGER_ALREADY_MET", 24_950, 25_000, "")]),
    (terms("OCO", stop_vnd=26_500, target_vnd=24_000), [("LEVELS_OUT_OF_ORDER", 24_000, 26_500, "")]),
    (
        terms("BRACKET", "entry_vnd", stop_vnd=25_000, target_vnd=26_000, side=Side.BUY),
        [("LEVELS_OUT_OF_ORDER", None, 25_000, "")],
    ),
    (
        terms("BRACKET", stop_vnd=24_000, target_vnd=24_900, side=Side.BUY),
        [("LEVELS_OUT_OF_ORDER", None, 25_000, "")],
    ),
    (terms("STOP", "stop_vnd", valid_until=TODAY - timedelta(days=1)), [("VALIDITY_OUT_OF_RANGE", 90, -1, "")]),
    (terms("STOP", "stop_vnd", valid_until=TODAY + timedelta(days=91)), [("VALIDITY_OUT_OF_RANGE", 90, 91, "")]),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), BAD)
def test_what_cannot_be_watched_and_every_reason(asked, expected):
    assert refused(asked) == expected


def test_without_any_price_nothing_is_watched():
    assert refused(terms("STOP", "stop_vnd"), last_vnd=0) == [(str(RuleCode.MARKET_DATA_MISSING), None, None, "")]


def test_each_kind_says_what_it_needs_in_names_that_exist():
    assert set(REQUIRED) == set(ConditionalKind)
    assert all(names <= set(TERMS) for sets in REQUIRED.values() for names in sets)


def test_the_hash_knows_content_and_not_the_name():
    asked = terms("STOP", "stop_vnd")
    assert replace(asked, client_order_id="c-2").body_hash == asked.body_hash
    changed = {"side": Side.BUY, "quantity": 400, "stop_vnd": 23_950, "valid_until": TODAY + timedelta(days=1)}
    hashes = {replace(asked, **{name: value}).body_hash for name, value in changed.items()} | {asked.body_hash}
    assert len(hashes) == len(changed) + 1
