"""What stops the demo's seed; that it works is seen by every start of the demo."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from apps.configuration.selectors import connections


def test_users_with_public_passwords_are_refused_elsewhere(db, settings):
    settings.IS_DEMO = False
    with pytest.raises(CommandError, match="only under demo settings"):
        call_command("seed_demo")
    assert get_user_model().objects.count() == 0


def test_keys_are_taken_from_this_machine_only(db, settings):
    settings.SSI_TRADING_URL = "http://203.0.113.9/"
    with pytest.raises(CommandError, match="not on this machine"):
        call_command("seed_demo", wait=0.0)
    assert connections() == []


def test_a_missing_simulator_is_named(db, settings):
    settings.SSI_TRADING_URL = "http://127.0.0.1:1/"
    with pytest.raises(CommandError, match=r"the simulator does not answer at http://127\.0\.0\.1:1/sim/credentials"):
        call_command("seed_demo", wait=0.0)
    assert connections() == []
