"""The broker's rate limits, kept before the broker has to."""

import time

import pytest

from apps.orders.services.pace import Call, Pace, windows
from qts.adapters.ssi.trading import RateLimit

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_pace_allows_five_a_second_and_the_fifth_is_for_cancels(desk):
    pace = Pace(desk.connection_id)
    began = time.monotonic()
    taken = [pace.take(Call.NEW_ORDER) for _ in range(5)]
    cancels = [pace.take(Call.CANCEL_ORDER) for _ in range(2)]
    if time.monotonic() - began < 0.9:
        assert taken[:4] == [0] * 4
        assert 0 < taken[4] <= 1_000
        assert cancels[0] == 0, "orders and questions leave a cancel its share"
        assert 0 < cancels[1] <= 1_000


def test_all_who_call_share_what_was_learned_from_the_broker(desk):
    Pace.learn(desk.connection_id, [RateLimit("*", "1m", 5), RateLimit("*:*/neworder", "1h", 2)])
    gateway, reconciler = Pace(desk.connection_id), Pace(desk.connection_id)
    assert [gateway.take(Call.NEW_ORDER), reconciler.take(), gateway.take(Call.NEW_ORDER)] == [0, 0, 0]
    assert 3_500_000 < gateway.take(Call.NEW_ORDER) <= 3_600_000
    assert reconciler.take() == 0
    assert 55_000 < reconciler.take() <= 60_000
    assert gateway.take(Call.CANCEL_ORDER) == 0


def test_a_question_that_waits_is_next_however_many_orders_there_are(desk):
    """Twice as many orders are asked for as there are calls; the question asks now and then, as the stream's reader."""
    pace = Pace(desk.connection_id, [RateLimit("*", "1s", 5)])
    while pace.take(Call.NEW_ORDER) == 0:
        pass
    assert pace.take() > 0
    until, orders = time.monotonic() + 3, 0
    while (waits := pace.take()) > 0 and time.monotonic() < until:
        for _ in range(10):
            orders += pace.take(Call.NEW_ORDER) == 0
            time.sleep(0.02)
    assert waits == 0, f"{orders} orders went before the question"
    assert orders < 4, "the orders left it no call"


def test_the_longer_window_counts_too(desk):
    pace = Pace(desk.connection_id, [RateLimit("*", "1s", 100), RateLimit("*", "1m", 3)])
    assert [pace.take(Call.CANCEL_ORDER) for _ in range(3)] == [0, 0, 0]
    assert pace.take(Call.CANCEL_ORDER) > 55_000


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([RateLimit("*", "1s", 5), RateLimit("*:*", "5s", 30)], [("*", 1_000, 5), ("*", 5_000, 30)]),
        (
            [RateLimit("*:*/newOrder", "1s", 2), RateLimit("*", "2m", 9)],
            [("*:*/neworder", 1_000, 2), ("*", 120_000, 9)],
        ),
        ([], [("*", 1_000, 5), ("*", 5_000, 30)]),
        ([RateLimit("*", "soon", 5), RateLimit("*", "1s", 0)], [("*", 1_000, 5), ("*", 5_000, 30)]),
    ],
)
def test_limits_are_read_from_the_brokers_own_answer(limits, expected):
    assert [(one.pattern, one.period_ms, one.calls) for one in windows(limits)] == expected
