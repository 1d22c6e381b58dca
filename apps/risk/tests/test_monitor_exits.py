"""1,000 SSI at 25,000; a stop at 23,500, a target at 26,500, a trail of 4 %."""

from datetime import timedelta

import pytest

from apps.accounts import selectors as accounts
from apps.eventlog import selectors as eventlog
from apps.risk import services
from apps.risk.models import ExitPlan
from apps.risk.services.monitor_exits import watch_exits
from apps.risk.tests.conftest import MONDAY, TRADER
from qts.domain.errors import TerminalError
from qts.domain.portfolio import ExitLevels

LEVELS = ExitLevels(stop_vnd=23_500, target_vnd=26_500, trail_bps=400)


@pytest.fixture
def planned_id(account_id):
    services.set_exit_plan(account_id=account_id, symbol="SSI", levels=LEVELS, actor=TRADER, now=MONDAY)
    return account_id


def look(account_id, seconds=0):
    now = MONDAY + timedelta(seconds=seconds)
    return watch_exits(accounts.account_state(account_id, now), now)


def asked():
    return [(event.body["symbol"], event.body["quantity"], event.body["reason"]) for event in reversed(
        eventlog.history(topic="risk.exit.requested")
    )]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([24_950, 24_050], []),  # 4 % under the peak of 25,000 is 24,000
        ([24_000], [("SSI", 1_000, "TRAILING_STOP")]),
        ([26_000, 25_000, 24_950], [("SSI", 1_000, "TRAILING_STOP")]),  # the peak rose to 26,000: 24,960
        ([23_500], [("SSI", 1_000, "STOP_LOSS")]),
        ([26_500], [("SSI", 1_000, "TAKE_PROFIT")]),
        ([26_450], []),
    ],
)
def test_an_exit_is_asked_for_when_the_price_calls_for_it(planned_id, market, path, expected):
    for last_vnd in path:
        market.quote("SSI", last_vnd)
        look(planned_id)
    assert asked() == expected


def test_it_is_asked_for_once_and_again_when_nothing_came_of_it(planned_id, market):
    market.quote("SSI", 23_400)
    assert [look(planned_id, seconds) for seconds in (0, 2, 29)] == [["SSI"], [], []]
    assert look(planned_id, 30) == ["SSI"]
    assert len(asked()) == 2


def test_a_price_from_before_a_silence_sells_nothing(planned_id, market):
    market.quote("SSI", 23_400)
    market.hears(silent_for_s=20)
    assert look(planned_id) == []
    market.hears()
    assert look(planned_id) == ["SSI"]


def test_a_halted_share_waits(planned_id, market):
    market.quote("SSI", 23_400, session="HALT")
    assert look(planned_id) == []
    assert asked() == []


def test_what_is_already_promised_to_a_sale_is_not_asked_for_again(planned_id, market):
    state = accounts.account_state(planned_id, MONDAY)
    held = state.positions["SSI"]
    state.positions["SSI"] = type(held)("SSI", quantity=1_000, sellable_quantity=0, reserved_sell_quantity=1_000)
    market.quote("SSI", 23_400)
    assert watch_exits(state, MONDAY) == []


def test_a_position_that_is_gone_ends_its_plan(planned_id, market):
    state = accounts.account_state(planned_id, MONDAY)
    state.positions.clear()
    market.quote("SSI", 23_400)
    assert watch_exits(state, MONDAY) == []
    assert ExitPlan.objects.get().is_active is False
    assert asked() == []


def test_a_new_plan_takes_the_place_of_the_old_one(planned_id, market):
    services.set_exit_plan(
        account_id=planned_id, symbol="SSI", levels=ExitLevels(stop_vnd=20_000), actor=TRADER, now=MONDAY
    )
    market.quote("SSI", 23_400)
    assert look(planned_id) == []
    assert list(ExitPlan.objects.order_by("id").values_list("stop_vnd", "is_active")) == [
        (23_500, False),
        (20_000, True),
    ]
    assert services.clear_exit_plan(account_id=planned_id, symbol="SSI", actor=TRADER) is True
    assert services.clear_exit_plan(account_id=planned_id, symbol="SSI", actor=TRADER) is False


@pytest.mark.parametrize(
    ("symbol", "levels", "word"),
    [
        ("SSI", ExitLevels(), "needs"),
        ("SSI", ExitLevels(stop_vnd=25_000), "passed the STOP_LOSS"),
        ("SSI", ExitLevels(target_vnd=24_000), "passed the TAKE_PROFIT"),
        ("HPG", ExitLevels(stop_vnd=20_000), "not held"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(account_id, symbol, levels, word):
    with pytest.raises(TerminalError, match=word):
        services.set_exit_plan(account_id=account_id, symbol=symbol, levels=levels, actor=TRADER, now=MONDAY)
    assert not ExitPlan.objects.exists()
