"""Icebergs and TWAPs: what goes out next, what never goes out twice, and what stops them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.market import Instrument, rule_book_on
from qts.domain.orders import Status
from qts.domain.orders.slicing import (
    Child,
    SliceKind,
    SliceTerms,
    committed_of,
    iceberg_part,
    slice_refusals,
    slices_due,
    trading_s,
    twap_part,
    twap_target,
)
from qts.domain.values import Exchange, InstrumentKind, Side

RULES = rule_book_on(date(2026, 1, 5))

SSI = Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)
ICEBERG = SliceTerms(SliceKind.ICEBERG, "SSI", Side.BUY, 10_000, 25_000, "s-1", show_quantity=1_000)
TWAP = SliceTerms(SliceKind.TWAP, "SSI", Side.SELL, 10_000, None, "s-1", slices=10, minutes=60)


def at(text):
    return datetime.fromisoformat(f"2026-11-23T{text}+07:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("exchange", "start", "end", "minutes"),
    [
        ("HOSE", "09:15:00", "11:30:00", 135),
        ("HOSE", "11:00:00", "13:30:00", 60),  # the break does not count
        ("HOSE", "08:00:00", "23:00:00", 225),
        ("HOSE", "14:30:00", "14:45:00", 0),
        ("UPCOM", "14:00:00", "15:10:00", 60),
        ("HNX", "12:00:00", "12:30:00", 0),
        ("HOSE", "10:00:00", "09:30:00", 0),
    ],
)
def test_only_continuous_trading_counts(exchange, start, end, minutes):
    assert trading_s(RULES, Exchange(exchange), at(start), at(end)) == minutes * 60


@pytest.mark.parametrize(
    ("elapsed_s", "due"), [(0, 1), (359, 1), (360, 2), (719, 2), (3_239, 9), (3_240, 10), (3_600, 10), (9_999, 10)]
)
def test_ten_slices_of_an_hour_go_out_every_six_minutes(elapsed_s, due):
    assert slices_due(slices=10, elapsed_s=elapsed_s, total_s=3_600) == due


@given(st.integers(1, 500), st.integers(1, 60))
def test_the_plan_grows_in_whole_lots_to_exactly_everything(lots, slices):
    targets = [twap_target(quantity=lots * 100, slices=slices, due=due, lot_size=100) for due in range(slices + 1)]
    assert targets[0] == 0
    assert targets[-1] == lots * 100
    steps = [after - before for before, after in pairwise(targets)]
    assert all(step % 100 == 0 and step >= 0 for step in steps)
    assert max(steps) - min(steps) <= 100


def child(status, quantity=1_000, filled=0, *, taken=False):
    return Child(Status(status), quantity, filled, taken)


@pytest.mark.parametrize(
    ("children", "part"),
    [
        ((), 1_000),
        ((child("OPEN"),), 0),
        ((child("PARTIALLY_FILLED", filled=900),), 0),
        ((child("CANCEL_PENDING"),), 0),
        ((child("UNKNOWN"),), 0),  # it may be at the exchange: never a second one beside it
        ((child("FILLED", filled=1_000),), 1_000),
        ((child("CANCELLED", filled=300),), 1_000),
        (tuple(child("FILLED", filled=1_000) for _ in range(9)), 1_000),
        ((*(child("FILLED", filled=1_000) for _ in range(9)), child("CANCELLED", filled=600)), 400),
        (tuple(child("FILLED", filled=1_000) for _ in range(10)), 0),
    ],
)
def test_the_next_part_of_an_iceberg(children, part):
    assert iceberg_part(quantity=10_000, show_quantity=1_000, children=children) == part


@pytest.mark.parametrize(
    ("due", "children", "part"),
    [
        (1, (), 1_000),
        (1, (child("OPEN"),), 0),
        (1, (child("CANCELLED", filled=300),), 0),  # what is left goes with the next one
        (2, (child("CANCELLED", filled=300),), 1_700),
        (2, (child("OPEN"),), 1_000),
        (2, (child("UNKNOWN"),), 1_000),
        (4, (child("FILLED", filled=1_000),), 3_000),  # nobody was there for two slices
        (10, (child("FILLED", filled=1_000),), 9_000),
        (10, tuple(child("FILLED", filled=1_000) for _ in range(9)), 1_000),
        (10, tuple(child("OPEN") for _ in range(10)), 0),
    ],
)
def test_the_next_slice_of_a_twap(due, children, part):
    assert twap_part(quantity=10_000, slices=10, due=due, lot_size=100, children=children) == part


outcomes = st.sampled_from(["FILLED", "OPEN", "CANCELLED", "PARTIALLY_FILLED", "UNKNOWN", "EXPIRED"])


@given(st.lists(st.tuples(outcomes, st.integers(0, 10)), max_size=40), st.integers(2, 30), st.integers(2, 80))
def test_whatever_becomes_of_the_slices_no_more_than_everything_is_out(fates, slices, lots):
    """Working orders count as if they filled; only what surely came back goes out again."""
    quantity, children = lots * 100, ()
    for due, (status, tenths) in enumerate(fates, start=1):
        part = twap_part(quantity=quantity, slices=slices, due=min(due, slices), lot_size=100, children=children)
        if part:
            filled = part if status == "FILLED" else part * tenths // 10 if status != "OPEN" else 0
            children = (*children, Child(Status(status), part, filled))
        assert committed_of(children) <= quantity
        assert len(children) <= slices


@pytest.mark.parametrize(
    ("one", "stops"),
    [
        (child("REJECTED"), True),
        (child("DENIED"), True),
        (child("CANCELLED", taken=True), True),
        (child("CANCELLED"), False),
        (child("FILLED", filled=1_000), False),
        (child("OPEN", taken=True), False),
        (child("EXPIRED"), False),
    ],
)
def test_what_stops_the_whole(one, stops):
    assert one.stops_its_parent is stops


@pytest.mark.parametrize("asked", [ICEBERG, TWAP, replace(TWAP, price_vnd=25_000), replace(TWAP, minutes=225)])
def test_what_can_begin(asked):
    assert slice_refusals(asked, instrument=SSI, rules=RULES, now=at("08:00:00")) == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (replace(ICEBERG, show_quantity=None), ("TERMS_MISSING", None, None, "show_quantity")),
        (replace(ICEBERG, price_vnd=None), ("TERMS_MISSING", None, None, "price_vnd")),
        (replace(TWAP, slices=None, minutes=None), ("TERMS_MISSING", None, None, "minutes, slices")),
        (replace(ICEBERG, slices=3), ("TERMS_NOT_ALLOWED", None, None, "slices")),
        (replace(TWAP, show_quantity=100), ("TERMS_NOT_ALLOWED", None, None, "show_quantity")),
        (replace(ICEBERG, quantity=0), ("QUANTITY_NOT_POSITIVE", None, 0, "")),
        (replace(ICEBERG, quantity=1_050), ("QUANTITY_OFF_LOT", 100, 1_050, "")),
        (replace(ICEBERG, show_quantity=150), ("QUANTITY_OFF_LOT", 100, 150, "")),
        (replace(ICEBERG, show_quantity=0), ("SLICES_OUT_OF_RANGE", 200, 0, "")),
        (replace(ICEBERG, show_quantity=10_000), ("SLICES_OUT_OF_RANGE", 200, 1, "")),
        (replace(ICEBERG, quantity=100_000, show_quantity=400), ("SLICES_OUT_OF_RANGE", 200, 250, "")),
        (replace(TWAP, slices=1), ("SLICES_OUT_OF_RANGE", 200, 1, "")),
        (replace(TWAP, quantity=500), ("SLICES_OUT_OF_RANGE", 5, 10, "")),
        (replace(TWAP, quantity=5_010_000), ("QUANTITY_EXCEEDS_EXCHANGE_MAX", 500_000, 501_000, "")),
        (replace(ICEBERG, price_vnd=25_020), ("PRICE_OFF_TICK", 50, 25_020, "")),
        (replace(TWAP, minutes=0), ("VALIDITY_OUT_OF_RANGE", 225, 0, "")),
        (replace(TWAP, minutes=226), ("VALIDITY_OUT_OF_RANGE", 225, 226, "")),
    ],
)
def test_what_cannot_begin(asked, expected):
    found = slice_refusals(asked, instrument=SSI, rules=RULES, now=at("08:00:00"))
    assert [(str(one.code), one.limit, one.actual, one.detail) for one in found] == [expected]
