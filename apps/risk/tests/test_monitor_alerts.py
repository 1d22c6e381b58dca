"""A word at 80, 90 and 100 % of each limit, once a day; and what an account was worth, minute by minute."""

from datetime import timedelta

import pytest

from apps.accounts import selectors as accounts
from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import EquityPoint, LimitAlert
from apps.risk.services.monitor_alerts import watch_limit_use
from apps.risk.services.monitor_equity import record_equity
from apps.risk.tests.conftest import MONDAY, OFFICER
from qts.domain.errors import RuleCode

LOSS = "DAILY_LOSS_EXCEEDS_MAX"


@pytest.fixture
def watched_id(account_id):
    services.change_limit(
        code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=1_000_000, reason="test", actor=OFFICER, now=MONDAY
    )
    return account_id


def look(account_id, now=MONDAY):
    return watch_limit_use(accounts.account_state(account_id, now), selectors.limit_use(account_id, now), now)


def told():
    return [
        (e.body["code"], e.body["level_percent"]) for e in reversed(eventlog.history(topic="risk.limit.approached"))
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([24_250], []),
        ([24_200], [(LOSS, 80)]),
        ([24_200, 24_150, 24_100, 24_000], [(LOSS, 80), (LOSS, 90), (LOSS, 100)]),
        ([24_000, 24_900, 24_150], [(LOSS, 100)]),  # the highest was told: the lower ones say nothing new
        ([24_200, 25_000, 24_200], [(LOSS, 80)]),
    ],
)
def test_each_level_is_told_once(watched_id, market, path, expected):
    for last_vnd in path:
        market.quote("SSI", last_vnd)
        look(watched_id)
    assert told() == expected


def test_the_next_day_begins_anew(watched_id, market):
    market.quote("SSI", 24_200)
    use = selectors.limit_use(watched_id, MONDAY)
    state = accounts.account_state(watched_id, MONDAY)
    for day in range(3):
        watch_limit_use(state, use, MONDAY + timedelta(days=day))
    assert LimitAlert.objects.count() == 3


def test_an_alert_says_how_much_of_what(watched_id, market):
    market.quote("SSI", 24_100)
    assert look(watched_id) == [(LOSS, 90)]
    alert = LimitAlert.objects.get()
    assert (alert.limit, alert.actual, alert.level_percent) == (1_000_000, 900_000, 90)


def test_a_limit_that_was_lowered_under_its_use_is_breached_without_an_order(watched_id, market):
    services.change_limit(code=RuleCode.POSITION_EXCEEDS_MAX, limit=900, reason="test", actor=OFFICER, now=MONDAY)
    assert look(watched_id) == [("POSITION_EXCEEDS_MAX", 100)]
    (breach,) = eventlog.history(topic="risk.limit.breached")
    assert (breach.body["limit"], breach.body["actual"]) == (900, 1_000)


def test_cash_that_is_owed_and_has_not_arrived_is_called_once(watched_id, market):
    state = accounts.account_state(watched_id, MONDAY)
    short = type(state)(**{name: getattr(state, name) for name in state.__slots__} | {"payable_vnd": 100_300_000})
    assert short.buying_power_vnd == -300_000
    assert watch_limit_use(short, [], MONDAY) == [("MARGIN_CALL", 100)]
    assert watch_limit_use(short, [], MONDAY) == []
    (call,) = eventlog.history(topic="risk.margin.called")
    assert call.body["shortfall_vnd"] == 300_000


def test_what_an_account_is_worth_is_kept_once_a_minute_with_its_peak(account_id, market):
    worth = []
    for minute, last_vnd in enumerate([25_000, 26_000, 24_000]):
        market.quote("SSI", last_vnd)
        now = MONDAY + timedelta(minutes=minute, seconds=7)
        assert record_equity(account_id, now) is True
        assert record_equity(account_id, now + timedelta(seconds=30)) is False
        worth.append(100_000_000 + 1_000 * last_vnd)
    points = list(EquityPoint.objects.order_by("at").values_list("equity_vnd", "peak_vnd", "day_pnl_vnd"))
    assert points == [
        (worth[0], worth[0], 0),
        (worth[1], worth[1], 1_000_000),
        (worth[2], worth[1], -1_000_000),
    ]


def test_an_account_without_a_price_has_no_value(account_id, market):
    market.forget()
    market.hears()
    assert record_equity(account_id, MONDAY) is False
    assert not EquityPoint.objects.exists()
