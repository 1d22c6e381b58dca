"""Arming: by itself when all is green, never past a person, against the checks by two officers; asked by the gate."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts import selectors as accounts
from apps.accounts import services as ledger
from apps.accounts.selectors import Difference
from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import PreOpenState, RiskLimit, TradingArming
from apps.risk.selectors import PreOpenName, PreOpenVerdict
from apps.risk.services import ArmingProblem, ArmingRefused, ArmingWatch, pre_open
from apps.risk.tests.conftest import MONDAY, check, codes
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.domain.market import to_vietnam
from qts.domain.values import Actor, ActorKind

OK, WAITS, BAD = PreOpenVerdict.OK, PreOpenVerdict.WAITS, PreOpenVerdict.BAD
TODAY = to_vietnam(MONDAY).date()


def green(account, now):
    return OK, ""


@pytest.fixture
def morning(account_id, settings, monkeypatch) -> UUID:
    """Arming is asked for; the checks that other apps offer, the log-in and the day's master data are green."""
    settings.ARMING_IS_NEEDED = True
    monkeypatch.setattr(pre_open, "_offered", dict.fromkeys((PreOpenName.GATEWAY, PreOpenName.STRATEGIES), green))
    known = {**pre_open._CHECKS, PreOpenName.LOG_IN: green, PreOpenName.MASTER_DATA: green}
    monkeypatch.setattr(pre_open, "_CHECKS", known)
    ledger.record_comparison(account_id, [], MONDAY)
    tell("SSI", TODAY)
    return account_id


def tell(symbol: str, day: date | None) -> None:
    """The broker last told the security on that day."""
    apps.get_model("marketdata", "Security").objects.filter(symbol=symbol).update(told_on=day)


def actor(name: str, *roles: Role) -> Actor:
    return Actor(ActorKind.USER, str(make_user(name, *roles).pk))


@pytest.fixture
def trader(morning) -> Actor:
    found = actor("trader", Role.TRADER)
    ledger.grant_membership(
        account_id=morning, username="trader", role=apps.get_model("accounts", "AccountMembership").Role.TRADE
    )
    return found


def state(account_id: UUID, name: PreOpenName, now=MONDAY) -> PreOpenVerdict:
    account = accounts.account(account_id)
    assert account is not None
    return next(one.state for one in pre_open.pre_open_checks(account, now) if one.name is name)


def test_an_account_that_nothing_has_armed_sends_nothing_neither_purchases_nor_sales(morning):
    assert codes(check(morning, "BUY 100 SSI @ 25000")) == ["ACCOUNT_NOT_ARMED"]
    assert codes(check(morning, "SELL 100 SSI @ 25000")) == ["ACCOUNT_NOT_ARMED"]


def test_all_green_arms_by_itself_for_that_day_alone_and_is_recorded(morning):
    assert ArmingWatch().look(MONDAY) == [morning]
    assert check(morning, "BUY 100 SSI @ 25000") == ()
    assert not selectors.may_trade_today(morning, TODAY + timedelta(days=1))
    found = selectors.arming(morning, TODAY)
    assert found is not None
    assert (found.is_armed, found.how, found.changed_by) == (True, "checks", "system:pre-open-checks")
    (event,) = eventlog.history(topic="risk.arming.changed")
    assert event.key == str(morning)
    assert ArmingWatch().look(MONDAY) == []
    assert len(eventlog.history(topic="risk.arming.changed")) == 1


def test_one_check_that_is_not_green_arms_nothing_and_says_since_when(morning):
    services.engage_kill_switch(scope="firm", reason="test", actor=Actor(ActorKind.USER, "7"), now=MONDAY)
    watch = ArmingWatch()
    assert watch.look(MONDAY) == []
    assert watch.look(MONDAY + timedelta(seconds=40)) == []
    assert TradingArming.objects.count() == 0
    row = PreOpenState.objects.get(account_id=morning, name=PreOpenName.STOPS)
    assert (row.state, row.detail, row.since) == ("BAD", "firm", MONDAY)
    services.engage_kill_switch(scope="firm", reason="still", actor=Actor(ActorKind.USER, "7"), now=MONDAY)
    assert PreOpenState.objects.exclude(state="OK").count() == 1


@pytest.mark.parametrize("name", [PreOpenName.GATEWAY, PreOpenName.STRATEGIES])
def test_a_check_that_nobody_offers_or_that_fails_is_not_green(morning, monkeypatch, name):
    monkeypatch.delitem(pre_open._offered, name)
    assert state(morning, name) is BAD

    def broken(account, now):
        raise ZeroDivisionError

    monkeypatch.setitem(pre_open._offered, name, broken)
    assert state(morning, name) is WAITS
    assert ArmingWatch().look(MONDAY) == []


def test_the_market_stream(morning, market):
    assert state(morning, PreOpenName.MARKET_STREAM) is OK
    market.hears(silent_for_s=61)
    assert state(morning, PreOpenName.MARKET_STREAM) is WAITS
    market.forget()
    assert state(morning, PreOpenName.MARKET_STREAM) is BAD


def test_the_books_of_today_are_asked_not_those_of_yesterday(morning):
    assert state(morning, PreOpenName.BOOKS) is OK
    assert state(morning, PreOpenName.BOOKS, MONDAY + timedelta(days=1)) is WAITS
    ledger.record_comparison(morning, [Difference("cash", 1, 2)], MONDAY)
    assert state(morning, PreOpenName.BOOKS) is BAD


def test_a_sunday_and_a_missing_limit(morning):
    assert state(morning, PreOpenName.CALENDAR) is OK
    assert state(morning, PreOpenName.CALENDAR, MONDAY - timedelta(days=1)) is BAD
    assert state(morning, PreOpenName.LIMITS) is OK
    RiskLimit.objects.filter(code="DAILY_LOSS_EXCEEDS_MAX").delete()
    assert state(morning, PreOpenName.LIMITS) is BAD


@pytest.mark.parametrize(
    ("told_on", "said"), [(TODAY - timedelta(days=3), "last told on 2026-11-06"), (None, "never told")]
)
def test_a_symbol_that_was_not_told_today_takes_no_order_until_it_is(morning, told_on, said):
    ArmingWatch().look(MONDAY)
    check(morning, "BUY 100 SSI @ 25000")  # what a process asks for once
    with CaptureQueriesContext(connection) as told_today:
        assert check(morning, "BUY 100 SSI @ 25000") == ()
    tell("SSI", told_on)
    with CaptureQueriesContext(connection) as told_before:
        (bought,) = check(morning, "BUY 100 SSI @ 25000")
    assert (bought.code, bought.detail) == ("SYMBOL_NOT_ARMED", f"SSI was {said}")
    assert codes(check(morning, "SELL 100 SSI @ 25000")) == ["SYMBOL_NOT_ARMED"]
    assert len(told_before) == len(told_today)
    tell("SSI", TODAY)
    assert check(morning, "SELL 100 SSI @ 25000") == ()


def test_the_log_in_and_the_master_data_by_their_own_tables(account_id):
    assert state(account_id, PreOpenName.LOG_IN) is BAD  # of a connection that does not exist
    assert state(account_id, PreOpenName.MASTER_DATA) is WAITS


def test_what_a_person_takes_back_does_not_come_back_by_itself(morning, trader):
    ArmingWatch().look(MONDAY)
    services.disarm(morning, reason="a leg is missing", actor=trader, now=MONDAY)
    assert codes(check(morning, "SELL 100 SSI @ 25000")) == ["ACCOUNT_NOT_ARMED"]
    assert ArmingWatch().look(MONDAY) == []
    services.arm(morning, reason="it is there", actor=trader, now=MONDAY)
    assert check(morning, "SELL 100 SSI @ 25000") == ()


def test_by_hand_only_while_all_is_green_and_what_an_officer_took_only_an_officer_gives(morning, trader, market):
    officer = actor("risk", Role.RISK_OFFICER)
    services.disarm(morning, reason="a look at it first", actor=officer, now=MONDAY)
    with pytest.raises(ArmingRefused) as refused:
        services.arm(morning, reason="please", actor=trader, now=MONDAY)
    assert refused.value.problem is ArmingProblem.OFFICER_NEEDED
    market.forget()
    with pytest.raises(ArmingRefused) as refused:
        services.arm(morning, reason="done", actor=officer, now=MONDAY)
    assert refused.value.problem is ArmingProblem.CHECKS_NOT_GREEN
    market.hears()
    services.arm(morning, reason="done", actor=officer, now=MONDAY)
    assert selectors.may_trade_today(morning, TODAY)


@pytest.mark.parametrize("roles", [(Role.TRADER,), (Role.OPERATOR,), (Role.ADMINISTRATOR,)])
def test_nobody_else_disarms(morning, roles):
    ArmingWatch().look(MONDAY)
    for who in (actor("stranger", *roles), Actor(ActorKind.SYSTEM, "x"), Actor(ActorKind.USER, "999999")):
        with pytest.raises(ArmingRefused) as refused:
            services.disarm(morning, reason="why not", actor=who, now=MONDAY)
        assert refused.value.problem is ArmingProblem.NOT_PERMITTED
    assert selectors.may_trade_today(morning, TODAY)


def test_against_the_checks_it_takes_two_officers_and_the_same_day(morning, market):
    market.forget()
    first, second = actor("risk", Role.RISK_OFFICER), actor("risk2", Role.RISK_OFFICER)
    proposal_id = services.propose_arming(morning, reason="the feed is late, we know", actor=first, now=MONDAY)
    shown = selectors.proposal(proposal_id)
    assert shown is not None
    assert shown.lines == ("0901351 2026-11-09: MARKET_STREAM",)
    agreed = {"seen_hash": shown.content_hash, "reason": "agreed"}
    with pytest.raises(services.ApprovalRefused):
        services.approve(proposal_id, **agreed, actor=first, now=MONDAY)
    with pytest.raises(services.ApprovalRefused):
        services.approve(proposal_id, **agreed, actor=second, now=MONDAY + timedelta(days=1))
    assert not selectors.may_trade_today(morning, TODAY)
    services.approve(proposal_id, **agreed, actor=second, now=MONDAY)
    found = selectors.arming(morning, TODAY)
    assert found is not None
    assert (found.is_armed, found.how) == (True, "override")
    assert "ACCOUNT_NOT_ARMED" not in codes(check(morning, "SELL 100 SSI @ 25000"))


def test_what_is_green_is_not_overridden_and_a_trader_proposes_nothing(morning, trader):
    with pytest.raises(services.ApprovalRefused):
        services.propose_arming(morning, reason="x", actor=actor("risk", Role.RISK_OFFICER), now=MONDAY)
    with pytest.raises(services.ApprovalRefused):
        services.propose_arming(morning, reason="x", actor=trader, now=MONDAY)


def test_where_arming_is_not_asked_for_the_watch_arms_nothing_and_the_gate_asks_nothing(account_id, settings):
    assert settings.ARMING_IS_NEEDED is False
    assert ArmingWatch().look(MONDAY) == []
    assert check(account_id, "BUY 100 SSI @ 25000") == ()
    assert selectors.may_trade_today(uuid4(), TODAY)
