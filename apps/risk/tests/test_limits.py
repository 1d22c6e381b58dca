import threading
from typing import Any

import pytest
from django.db import connection

from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import RiskLimit
from apps.risk.services import LimitChangedMeanwhile
from apps.risk.tests.conftest import MONDAY, OFFICER
from qts.domain.errors import RuleCode, TerminalError
from qts.domain.risk import LIMIT_CODES

VALUE = RuleCode.ORDER_VALUE_EXCEEDS_MAX


def change(limit: int = 1_000, **more):
    arguments: dict[str, Any] = {"code": VALUE, "reason": "calmer", "actor": OFFICER, "now": MONDAY} | more
    return services.change_limit(limit=limit, **arguments)


def test_the_firm_begins_with_a_limit_for_every_rule_that_has_one(db):
    services.seed_limits(MONDAY)
    assert {view.code: view.limit for view in selectors.limits()} == {
        RuleCode.ORDER_VALUE_EXCEEDS_MAX: 2_000_000_000,
        RuleCode.POSITION_EXCEEDS_MAX: 200_000,
        RuleCode.DAILY_LOSS_EXCEEDS_MAX: 200_000_000,
        RuleCode.OPEN_ORDERS_EXCEED_MAX: 100,
        RuleCode.MARKET_DATA_STALE: 15_000,
    }
    assert {view.code for view in selectors.limits()} <= set(LIMIT_CODES)


def test_seeding_again_does_not_undo_an_officers_change(db):
    services.seed_limits(MONDAY)
    change(5_000_000)
    services.seed_limits(MONDAY)
    assert [view.limit for view in selectors.limits() if view.code is VALUE] == [5_000_000]


def test_each_change_is_a_version_with_who_why_and_when(db):
    assert (change(3_000), change(2_000, reason="  too wide "), change(1_000)) == (1, 2, 3)
    newest, middle, oldest = selectors.limit_history(VALUE, "firm")
    assert [(view.version, view.limit) for view in (newest, middle, oldest)] == [(3, 1_000), (2, 2_000), (1, 3_000)]
    assert (middle.reason, middle.changed_by, middle.approved_by, middle.effective_at) == (
        "too wide", "user:7", "", MONDAY,
    )  # fmt: skip
    assert [(view.limit, view.is_active) for view in selectors.limits()] == [(1_000, True)]
    events = eventlog.history(topic="risk.limit.changed")
    assert [(event.body["limit_before"], event.body["limit_after"]) for event in events] == [
        (2_000, 1_000),
        (3_000, 2_000),
        (3_000, 3_000),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": RuleCode.PRICE_OFF_TICK},
        {"limit": -1},
        {"limit": 2**63},
        {"reason": "  "},
        {"scope": "firm", "scope_id": "x"},
        {"scope": "account"},
        {"scope": "planet", "scope_id": "x"},
        {"scope": "account", "scope_id": "5525CB34-B425-4977-BD96-01E3DE82E564"},
        {"scope": "strategy", "scope_id": "5525cb34b4254977bd9601e3de82e564"},
        {"scope": "symbol", "scope_id": "ssi"},
        {"scope": "exchange", "scope_id": "HSX"},
        {"scope": "user", "scope_id": "07"},
        {"code": RuleCode.LEVERAGE_EXCEEDS_MAX, "scope": "symbol", "scope_id": "SSI"},
    ],
    ids=str,
)
def test_what_is_no_limit_is_refused_and_nothing_is_recorded(db, wrong):
    with pytest.raises(TerminalError):
        change(**wrong)
    assert RiskLimit.objects.exists() is False
    assert eventlog.history() == []


def test_who_looked_at_an_older_version_is_told(db):
    change(3_000)
    change(2_000, seen_version=1)
    with pytest.raises(LimitChangedMeanwhile):
        change(1_000, seen_version=1)
    assert [view.limit for view in selectors.limits()] == [2_000]


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_make_two_versions_in_a_row():
    change(1_000)
    failures: list[Exception] = []

    def officer(_number: int) -> None:
        try:
            change(1_000)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=officer, args=(limit,)) for limit in range(2_000, 2_008)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [view.version for view in selectors.limit_history(VALUE, "firm")] == list(range(9, 0, -1))
    assert RiskLimit.objects.filter(is_current=True).count() == 1
