"""1,000 SSI at a reference of 25,000 and a loss limit of 1,500,000 VND a day."""

from datetime import datetime
from uuid import uuid4

import pytest

from apps.accounts import services as accounts
from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import KillSwitch, RiskLimit
from apps.risk.services import monitor
from apps.risk.services.limits import FIRST_LIMITS
from apps.risk.tests.conftest import MONDAY, OFFICER, check, codes
from qts.domain.errors import RuleCode, TransientError
from qts.domain.risk import LIMIT_CODES


@pytest.fixture
def watched_id(account_id):
    services.change_limit(
        code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=1_500_000, reason="test", actor=OFFICER, now=MONDAY
    )
    return account_id


def test_a_loss_on_the_limit_is_allowed(watched_id, market):
    market.quote("SSI", 23_500)
    assert services.watch_accounts(MONDAY) == []
    assert selectors.is_killed(watched_id) is False


def test_a_loss_over_the_limit_stops_purchases_and_is_announced_once(watched_id, market):
    market.quote("SSI", 23_450)
    assert services.watch_accounts(MONDAY) == [watched_id]
    assert services.watch_accounts(MONDAY) == []
    (switch,) = selectors.kill_switches(engaged_only=True)
    assert (switch.scope, switch.allows_reducing) == (f"account:{watched_id}", True)
    assert switch.changed_by == "system:risk-monitor"
    assert "1,550,000" in switch.reason
    (breach,) = eventlog.history(topic="risk.limit.breached")
    assert (breach.body["code"], breach.body["limit"], breach.body["actual"]) == (
        "DAILY_LOSS_EXCEEDS_MAX",
        1_500_000,
        1_550_000,
    )
    assert len(eventlog.history(topic="risk.killSwitch.changed")) == 1


def test_the_stopped_account_stays_stopped_when_the_price_comes_back_and_can_still_get_out(watched_id, market):
    market.quote("SSI", 23_450)
    services.watch_accounts(MONDAY)
    market.quote("SSI", 25_000)
    services.watch_accounts(MONDAY)
    assert codes(check(watched_id, "BUY 100 SSI @ 25000")) == ["KILL_SWITCH_ENGAGED"]
    assert check(watched_id, "SELL 1000 SSI @ 25000") == ()


def test_a_release_holds_only_when_the_loss_is_within_the_limit(watched_id, market):
    market.quote("SSI", 23_450)
    services.watch_accounts(MONDAY)
    scope = selectors.account_scope(watched_id)
    KillSwitch.objects.filter(scope=scope).update(is_engaged=False)
    assert services.watch_accounts(MONDAY) == [watched_id]
    RiskLimit.objects.filter(code=RuleCode.DAILY_LOSS_EXCEEDS_MAX).update(limit=1_600_000)
    KillSwitch.objects.filter(scope=scope).update(is_engaged=False)
    assert services.watch_accounts(MONDAY) == []


def test_an_officers_full_stop_is_not_softened(watched_id, market):
    scope = selectors.account_scope(watched_id)
    services.engage_kill_switch(scope=scope, reason="stop", actor=OFFICER, now=MONDAY)
    market.quote("SSI", 23_300)
    assert services.watch_accounts(MONDAY) == []
    assert selectors.is_killed(watched_id, reducing=True) is True


def test_an_unknown_loss_stops_nothing_and_the_gate_refuses_purchases_meanwhile(watched_id, market):
    market.forget()
    market.hears()
    assert services.watch_accounts(MONDAY) == []
    assert selectors.is_killed(watched_id) is False
    assert "CHECK_FAILED" in codes(check(watched_id, "BUY 100 SSI @ 25000"))


def test_while_live_prices_are_away_the_watch_goes_on(watched_id, market, monkeypatch):
    def away(*args):
        raise TransientError("connection refused")

    monkeypatch.setattr(monitor, "day_loss_vnd", away)
    assert services.watch_accounts(MONDAY) == []


def test_an_account_that_cannot_be_judged_does_not_hide_the_others(watched_id, market, monkeypatch):
    broken_id = accounts.open_account(number="0000001", name="Broken", connection_id=uuid4())
    known = monitor.watch_account

    def watch_account(account_id, now):
        if account_id == broken_id:
            raise KeyError("a row that nobody thought of")
        return known(account_id, now)

    monkeypatch.setattr(monitor, "watch_account", watch_account)
    market.quote("SSI", 23_450)
    assert services.watch_accounts(MONDAY) == [watched_id]


@pytest.mark.parametrize("look", ["watch_dead_man_timers", "move_up_planned", "watch_markets"])
def test_a_look_that_fails_does_not_end_the_watch_of_losses(watched_id, market, monkeypatch, look):
    def fails(_now):
        raise KeyError("a message that nobody thought of")

    monkeypatch.setattr(monitor, look, fails)
    monkeypatch.setattr(monitor, "LOOK_EVERY_S", 0.05)
    market.quote("SSI", 23_450)
    services.run_monitor_slice(seconds_max=0.1)
    assert selectors.is_killed(watched_id) is True


def test_a_slice_looks_and_gives_its_lease_back(watched_id, market, monkeypatch):
    market.quote("SSI", 23_450)
    monkeypatch.setattr(monitor, "LOOK_EVERY_S", 0.05)
    services.run_monitor_slice(seconds_max=0.1)
    assert selectors.is_killed(watched_id) is True
    looks: list[datetime] = []
    monkeypatch.setattr(monitor, "watch_accounts", looks.append)
    services.run_monitor_slice(seconds_max=0.1)
    assert looks
    assert set(looks) == {MONDAY}


def test_use_of_limits_is_told_in_the_unit_of_each_rule(watched_id, market):
    market.quote("SSI", 24_250)
    use = {line.code: line for line in selectors.limit_use(watched_id, MONDAY)}
    assert list(use) == [code for code in LIMIT_CODES if code in FIRST_LIMITS]
    loss = use[RuleCode.DAILY_LOSS_EXCEEDS_MAX]
    assert (loss.limit, loss.actual, loss.percent, loss.unit, loss.scope) == (1_500_000, 750_000, 50, "VND", "firm")
    position = use[RuleCode.POSITION_EXCEEDS_MAX]
    assert (position.limit, position.actual, position.percent) == (200_000, 1_000, 0)
    assert use[RuleCode.OPEN_ORDERS_EXCEED_MAX].actual == 0
    assert use[RuleCode.MARKET_DATA_STALE].percent is not None


def test_use_that_is_not_known_is_not_zero(watched_id, market):
    market.forget()
    use = {line.code: line for line in selectors.limit_use(watched_id, MONDAY)}
    assert use[RuleCode.DAILY_LOSS_EXCEEDS_MAX].actual is None
    assert use[RuleCode.DAILY_LOSS_EXCEEDS_MAX].percent is None
    assert use[RuleCode.MARKET_DATA_STALE].actual is None
