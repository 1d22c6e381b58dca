"""What the records add up to, and what they cannot have been."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.orders import TRANSITIONS, Status
from qts.domain.orders.rebuild import RecordedStep, reachable, rebuild

S = Status


def step(status, filled=0, fill=0, price=0, quantity=300):
    return RecordedStep(status, quantity, 25_000, filled, fill, price)


def troubles(*steps):
    order = rebuild(steps)
    assert order is not None
    return order.troubles


def test_matches_are_added_up():
    order = rebuild([step(S.PENDING), step(S.SENT), step(S.OPEN), step(S.PARTIALLY_FILLED, 100, 100, 24_950),
                     step(S.OPEN, 100, quantity=200), step(S.FILLED, 200, 100, 25_000, quantity=200)])  # fmt: skip
    assert order is not None
    assert (order.filled_quantity, order.filled_value_vnd, order.quantity) == (200, 4_995_000, 200)
    assert order.status is S.FILLED


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((step(S.OPEN),), "it begins as OPEN"),
        ((step(S.PENDING), step(S.FILLED, 300, 300, 25_000)), "from PENDING to FILLED"),
        ((step(S.DENIED), step(S.SENT)), "from DENIED to SENT"),
        ((step(S.PENDING), step(S.SENT, 100)), "says 100 filled, its matches 0"),
        ((step(S.PENDING), step(S.SENT), step(S.FILLED, 400, 400, 25_000)), "fills 400 of 300"),
    ],
)
def test_what_cannot_have_been_is_told(steps, told):
    assert any(told in trouble for trouble in troubles(*steps)), troubles(*steps)


def test_nothing_recorded_is_no_order():
    assert rebuild([]) is None


@given(st.lists(st.sampled_from(sorted({trigger for _, trigger in TRANSITIONS})), max_size=25))
def test_no_path_through_the_table_is_blamed(triggers):
    status, steps = S.PENDING, [step(S.PENDING)]
    for trigger in triggers:
        if (after := TRANSITIONS.get((status, trigger))) is not None:
            status = after
            steps.append(step(status))
    assert troubles(*steps) == []


def test_what_is_over_stays_over():
    assert reachable(S.DENIED) == {S.DENIED}
    assert reachable(S.FILLED) == {S.FILLED}
    assert S.OPEN not in reachable(S.CANCELLED)
