"""What may be asked of a recorded order, by its state."""

import pytest

from qts.domain.errors import RuleCode
from qts.domain.orders import Status, Terms, amend_refusal
from qts.domain.values import OrderType

NOW = Terms(300, 25_000)
DEARER, LARGER, BOTH = Terms(300, 25_100), Terms(500, 25_000), Terms(500, 25_100)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("wanted", [DEARER, LARGER, BOTH])
def test_only_what_can_still_trade_is_amended_and_what_left_one_thing_at_a_time(status, wanted):
    amendable = {
        Status.PENDING, Status.SENT, Status.UNKNOWN, Status.QUEUED, Status.OPEN, Status.PARTIALLY_FILLED,
    }  # fmt: skip
    expected = None if status in amendable else RuleCode.ORDER_NOT_AMENDABLE
    if expected is None and wanted is BOTH and status is not Status.PENDING:
        expected = RuleCode.AMEND_CHANGES_BOTH
    found = amend_refusal(order_type=OrderType.LO, status=status, current=NOW, wanted=wanted, filled_quantity=0)
    assert (found.code if found else None) == expected


@pytest.mark.parametrize("order_type", [kind for kind in OrderType if kind is not OrderType.LO])
def test_orders_without_a_limit_are_not_amended(order_type):
    found = amend_refusal(order_type=order_type, status=Status.OPEN, current=NOW, wanted=LARGER, filled_quantity=0)
    assert found is not None
    assert found.code == RuleCode.ORDER_NOT_AMENDABLE


@pytest.mark.parametrize(
    ("wanted", "filled", "code"),
    [
        (NOW, 0, RuleCode.AMEND_CHANGES_NOTHING),
        (Terms(100, 25_000), 99, None),
        (Terms(100, 25_000), 100, RuleCode.QUANTITY_NOT_ABOVE_FILLED),
        (Terms(100, 25_000), 101, RuleCode.QUANTITY_NOT_ABOVE_FILLED),
    ],
)
def test_the_whole_quantity_stays_above_what_has_traded(wanted, filled, code):
    found = amend_refusal(
        order_type=OrderType.LO, status=Status.OPEN, current=NOW, wanted=wanted, filled_quantity=filled
    )
    assert (found.code if found else None) == code
