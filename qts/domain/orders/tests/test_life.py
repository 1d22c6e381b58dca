"""Every pair of status and trigger, written out a second time as a grid: rows are statuses, columns triggers."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.domain.errors import IllegalTransition
from qts.domain.orders import (
    TERMINAL,
    TRANSITIONS,
    WORKING,
    OrderTrigger,
    Status,
    UnknownBrokerStatus,
    amend_over_trigger,
    broker_trigger,
    cancel_refused_trigger,
    fill_trigger,
    next_status,
)

SHORT = {
    "pe": Status.PENDING,
    "se": Status.SENT,
    "un": Status.UNKNOWN,
    "qu": Status.QUEUED,
    "op": Status.OPEN,
    "pf": Status.PARTIALLY_FILLED,
    "fi": Status.FILLED,
    "cp": Status.CANCEL_PENDING,
    "ap": Status.AMEND_PENDING,
    "ca": Status.CANCELLED,
    "re": Status.REJECTED,
    "ex": Status.EXPIRED,
    "de": Status.DENIED,
}
COLUMNS = [
    "SEND",
    "NOT_TRANSMITTED",
    "ANSWER_LOST",
    "NOT_RECEIVED",
    "SURFACED",
    "WITHDRAWN",
    "BROKER_HELD",
    "ACCEPTED",
    "PARTIAL_FILL",
    "FULL_FILL",
    "CANCEL_REQUESTED",
    "CANCEL_REFUSED_QUEUED",
    "CANCEL_REFUSED_OPEN",
    "CANCEL_REFUSED_PARTLY_FILLED",
    "AMEND_REQUESTED",
    "AMEND_OVER_QUEUED",
    "AMEND_OVER_OPEN",
    "AMEND_OVER_PARTLY_FILLED",
    "CANCELLED",
    "REJECTED",
    "EXPIRED",
]
GRID = """
#    snd ntx lost nrec surf with held acc  part full creq crqu crop crpf areq aoqu aoop aopf canc rej  exp
pe   se  .   .    .    .    ca   .    .    .    .    .    .    .    .    .    .    .    .    .    .    ex
se   .   pe  un   .    .    .    qu   op   pf   fi   .    .    .    .    .    .    .    .    ca   re   ex
un   .   .   .    re   .    .    qu   op   pf   fi   .    .    .    .    .    .    .    .    ca   re   ex
qu   .   .   .    .    .    .    qu   op   pf   fi   cp   .    .    .    ap   .    .    .    ca   re   ex
op   .   .   .    .    .    .    op   op   pf   fi   cp   .    .    .    ap   .    .    .    ca   re   ex
pf   .   .   .    .    .    .    pf   pf   pf   fi   cp   .    .    .    ap   .    .    .    ca   .    ex
cp   .   .   .    .    .    .    cp   cp   cp   fi   cp   qu   op   pf   .    .    .    .    ca   re   ex
ap   .   .   .    .    .    .    ap   ap   ap   fi   cp   .    .    .    .    qu   op   pf   ca   re   ex
fi   .   .   .    .    .    .    fi   fi   .    .    fi   fi   fi   fi   .    .    .    .    .    .    .
ca   .   .   .    .    .    .    ca   ca   ca   fi   ca   ca   ca   ca   .    .    .    .    ca   .    ca
re   .   .   .    .    qu   .    re   re   .    .    re   re   re   re   .    .    .    .    .    re   .
ex   .   .   .    .    .    .    ex   ex   ex   fi   ex   ex   ex   ex   .    .    .    .    ex   .    ex
de   .   .   .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .    .
"""


def _grid() -> dict[tuple[Status, OrderTrigger], Status | None]:
    cells: dict[tuple[Status, OrderTrigger], Status | None] = {}
    for line in GRID.strip().splitlines()[1:]:
        row, *afters = line.split()
        assert len(afters) == len(COLUMNS), line
        for column, after in zip(COLUMNS, afters, strict=True):
            cells[SHORT[row], OrderTrigger(column)] = SHORT.get(after)
    return cells


EXPECTED = _grid()


def test_the_grid_names_every_pair() -> None:
    assert set(EXPECTED) == set(product(Status, OrderTrigger))


@pytest.mark.parametrize(("status", "trigger"), sorted(EXPECTED))
def test_each_pair_leads_where_the_grid_says_or_is_refused(status: Status, trigger: OrderTrigger) -> None:
    after = EXPECTED[status, trigger]
    if after is None:
        with pytest.raises(IllegalTransition, match=f"{status} cannot take {trigger}"):
            next_status(status, trigger)
    else:
        assert next_status(status, trigger) is after


def test_an_order_that_is_over_never_works_again_unless_the_broker_turns_out_to_have_it() -> None:
    revived = {pair for pair, after in TRANSITIONS.items() if pair[0] in TERMINAL and after in WORKING}
    assert revived == {(Status.REJECTED, OrderTrigger.SURFACED)}


def test_only_marking_it_sent_leads_out_of_our_hands() -> None:
    leaving = {after for (status, _), after in TRANSITIONS.items() if status is Status.PENDING}
    assert leaving == {Status.SENT, Status.CANCELLED, Status.EXPIRED}


@given(st.lists(st.sampled_from(list(OrderTrigger)), max_size=30))
def test_filled_is_never_left_and_never_sent_twice(triggers: list[OrderTrigger]) -> None:
    status, sends = Status.PENDING, 0
    for trigger in triggers:
        if (status, trigger) not in TRANSITIONS:
            continue
        before, status = status, next_status(status, trigger)
        sends += trigger is OrderTrigger.SEND
        sends -= trigger is OrderTrigger.NOT_TRANSMITTED
        assert sends in (0, 1)
        assert before is not Status.FILLED or status is Status.FILLED


@pytest.mark.parametrize(
    ("quantity", "filled", "fill", "expected"),
    [
        (300, 0, 100, OrderTrigger.PARTIAL_FILL),
        (300, 200, 100, OrderTrigger.FULL_FILL),
        (300, 0, 300, OrderTrigger.FULL_FILL),
        (300, 200, 200, None),
        (300, 300, 100, None),
        (300, 0, 0, None),
        (300, 100, -100, None),
    ],
)
def test_fills_fit_the_order_or_are_refused(
    quantity: int, filled: int, fill: int, expected: OrderTrigger | None
) -> None:
    if expected is None:
        with pytest.raises(IllegalTransition):
            fill_trigger(quantity=quantity, filled_quantity=filled, fill_quantity=fill)
    else:
        assert fill_trigger(quantity=quantity, filled_quantity=filled, fill_quantity=fill) is expected


@pytest.mark.parametrize(
    ("filled", "accepted", "after"),
    [(0, False, Status.QUEUED), (0, True, Status.OPEN), (100, True, Status.PARTIALLY_FILLED)],
)
def test_a_refused_cancel_puts_the_order_back_where_it_was(filled: int, accepted: bool, after: Status) -> None:
    trigger = cancel_refused_trigger(filled_quantity=filled, accepted=accepted)
    assert next_status(Status.CANCEL_PENDING, trigger) is after


@pytest.mark.parametrize(
    ("filled", "accepted", "after"),
    [(0, False, Status.QUEUED), (0, True, Status.OPEN), (100, True, Status.PARTIALLY_FILLED)],
)
def test_an_amendment_that_is_over_puts_the_order_back_where_it_was(filled: int, accepted: bool, after: Status) -> None:
    trigger = amend_over_trigger(filled_quantity=filled, accepted=accepted)
    assert next_status(Status.AMEND_PENDING, trigger) is after


# The sixteen codes of FC Trading Specs v2.4.
CODES = {
    "WA": Status.QUEUED,
    "RS": Status.QUEUED,
    "SD": Status.QUEUED,
    "IAV": Status.QUEUED,
    "SOR": Status.QUEUED,
    "SOS": Status.QUEUED,
    "SOI": Status.QUEUED,
    "QU": Status.OPEN,
    "PF": Status.OPEN,
    "FF": Status.OPEN,
    "WM": Status.OPEN,
    "FFPC": Status.CANCELLED,
    "CL": Status.CANCELLED,
    "RJ": Status.REJECTED,
    "EX": Status.EXPIRED,
}


@pytest.mark.parametrize(("code", "after"), CODES.items())
def test_each_status_code_of_the_broker_moves_a_sent_order(code: str, after: Status) -> None:
    assert next_status(Status.SENT, broker_trigger(code)) is after
    assert broker_trigger(code.lower()) is broker_trigger(code)


def test_waiting_for_cancel_is_a_cancel_request_whoever_asked_for_it() -> None:
    assert next_status(Status.OPEN, broker_trigger("WC")) is Status.CANCEL_PENDING


def test_waiting_for_an_amendment_changes_nothing_that_works() -> None:
    """The old price and quantity hold until the exchange has confirmed the new ones."""
    for status in (Status.OPEN, Status.PARTIALLY_FILLED, Status.AMEND_PENDING, Status.CANCEL_PENDING):
        assert next_status(status, broker_trigger("WM")) is status


@pytest.mark.parametrize("code", ["", "XX", "NT", "QUEUED"])
def test_an_undocumented_code_is_not_guessed(code: str) -> None:
    with pytest.raises(UnknownBrokerStatus):
        broker_trigger(code)
