from uuid import uuid4

import pytest

from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import KillSwitch
from apps.risk.tests.conftest import MONDAY, OFFICER
from qts.domain.errors import TerminalError

UPPER_CASE_ID = "5525CB34-B425-4977-BD96-01E3DE82E564"


def engage(scope="firm", **more):
    return services.engage_kill_switch(scope=scope, actor=OFFICER, now=MONDAY, **({"reason": "storm"} | more))


def release(scope="firm"):
    return services.release_kill_switch(scope=scope, reason="calm again", actor=OFFICER, now=MONDAY)


def test_engaging_and_releasing_are_each_announced_once(db):
    assert (engage(), engage(), release(), release()) == (True, False, True, False)
    events = eventlog.history(topic="risk.killSwitch.changed")
    assert [(event.body["engaged"], event.body["reason"]) for event in events] == [
        (False, "calm again"),
        (True, "storm"),
    ]
    assert {event.key for event in events} == {"firm"}


def test_releasing_what_was_never_stopped_does_nothing(db):
    assert release() is False
    assert KillSwitch.objects.exists() is False


def test_a_full_stop_replaces_a_reducing_one_and_not_the_other_way_round(db):
    account_id = uuid4()
    scope = selectors.account_scope(account_id)
    assert engage(scope, allows_reducing=True) is True
    assert selectors.is_killed(account_id) is True
    assert selectors.is_killed(account_id, reducing=True) is False
    assert engage(scope) is True
    assert selectors.is_killed(account_id, reducing=True) is True
    assert engage(scope, allows_reducing=True) is False
    assert selectors.is_killed(account_id, reducing=True) is True


def test_a_switch_stops_its_own_scope(db):
    account_id, strategy_id = uuid4(), str(uuid4())
    engage(selectors.strategy_scope(strategy_id))
    assert selectors.is_killed(account_id) is False
    assert selectors.is_killed(account_id, strategy_id) is True
    assert selectors.is_killed(account_id, str(uuid4())) is False
    engage("firm")
    assert selectors.is_killed(account_id) is True
    assert [switch.scope for switch in selectors.kill_switches(engaged_only=True)] == [
        "firm",
        f"strategy:{strategy_id}",
    ]


@pytest.mark.parametrize("scope", ["", "Firm", "account:", "account:1", "planet:x", f"account:{UPPER_CASE_ID}"])
def test_what_is_no_scope_is_refused(db, scope):
    with pytest.raises(TerminalError, match="no scope"):
        engage(scope)
    assert KillSwitch.objects.exists() is False


def test_nobody_stops_anything_without_a_reason(db):
    with pytest.raises(TerminalError, match="reason"):
        engage(reason=" ")
    assert KillSwitch.objects.exists() is False
