"""A change of a setting is a new version with a reason; what was in force before stays readable."""

import threading
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from apps.configuration import selectors, services
from apps.configuration.models import SettingVersion
from apps.eventlog import selectors as eventlog
from qts.domain.values import Actor, ActorKind

NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
OPERATOR = Actor(ActorKind.USER, "3")


def change(value, *, name="fees.rate_bps", reason="broker's new price list"):
    return services.set_setting(name=name, value=value, reason=reason, actor=OPERATOR, now=NOW)


@pytest.mark.django_db
def test_the_default_holds_until_somebody_sets_it():
    assert selectors.get_setting("fees.rate_bps", 15) == 15
    assert change(12) == 1
    assert selectors.get_setting("fees.rate_bps", 15) == 12
    assert change(10) == 2
    assert selectors.get_setting("fees.rate_bps", 15) == 10


@pytest.mark.django_db
def test_the_history_tells_who_and_why():
    change(12)
    change(10, reason="mistyped")
    newest, oldest = selectors.setting_history("fees.rate_bps")
    assert (newest.version, newest.value, newest.reason, newest.changed_by) == (2, 10, "mistyped", "user:3")
    assert (oldest.version, oldest.value) == (1, 12)
    bodies = [event.body for event in eventlog.history(topic="configuration.setting.changed")]
    assert bodies == [{"name": "fees.rate_bps", "version": 2}, {"name": "fees.rate_bps", "version": 1}]


@pytest.mark.django_db
def test_the_value_in_force_makes_no_new_version():
    assert [change(12), change(12)] == [1, 1]
    assert SettingVersion.objects.count() == 1
    assert len(eventlog.history()) == 1


BAD = [
    ({"value": 12, "name": "Fees"}, "name"),
    ({"value": 12, "name": "fees..rate"}, "name"),
    ({"value": 12, "reason": "  "}, "reason"),
    ({"value": "12"}, "value"),
    ({"value": 12.0}, "value"),
    ({"value": True}, "value"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("given", "field"), BAD)
def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(given, field):
    change(15)
    with pytest.raises(ValidationError) as caught:
        change(**given)
    assert list(caught.value.message_dict) == [field]
    assert SettingVersion.objects.count() == 1
    assert selectors.get_setting("fees.rate_bps", 0) == 15


@pytest.mark.django_db(transaction=True)
def test_changes_at_the_same_time_get_versions_of_their_own():
    def run(value):
        try:
            change(value)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(value,)) for value in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(SettingVersion.objects.values_list("version", flat=True)) == list(range(1, 9))
