"""The PIN that is kept here: how often a wrong one is shown to the broker, and what says nothing of it."""

import json

import pytest

from apps.accounts.services.broker import PIN_STOPPED, open_client
from apps.accounts.tests.test_broker_log_in import fastconnect, log_in_of, store, told
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.tests.fake_fastconnect import reply, reset, success
from qts.domain.errors import TerminalError, TransientError

__all__ = ["fastconnect"]

pytestmark = pytest.mark.django_db(transaction=True)

NOT_THE_PIN = reply({"message": "Wrong PIN", "status": 400, "data": None})


def log_in_with_pin(connection_id) -> str:
    """What it was answered; another process each time."""
    client = open_client(connection_id)
    try:
        client.log_in()
    except (TerminalError, TransientError) as error:
        return str(error)
    finally:
        client.close()
    return "in"


def test_a_wrong_pin_is_shown_three_times_and_never_again_before_it_is_changed(fastconnect):
    connection_id = store(SecondFactor.PIN, pin="135790")
    read = success({"accessToken": "read"})
    fastconnect.answers["AccessToken"] = [*[read, NOT_THE_PIN] * 3, read]
    answers = [log_in_with_pin(connection_id) for _ in range(6)]
    assert ["Wrong PIN" in answer for answer in answers] == [True] * 3 + [False] * 3
    assert answers[3:] == [PIN_STOPPED] * 3
    shown = [json.loads(asked.body)["code"] for asked in fastconnect.asked]
    assert shown.count("135790") == 3
    assert (log_in_of(connection_id).wrong_code_count, told()) == (3, ["refused"] * 3)
    fastconnect.answers["AccessToken"] = success({"accessToken": "right"})
    store(SecondFactor.PIN, pin="246802")
    assert log_in_with_pin(connection_id) == "in"
    assert log_in_of(connection_id).wrong_code_count == 0


@pytest.mark.parametrize(
    "answer",
    [
        reply({"message": "The connection is invalid", "status": 400, "data": None}),
        reply({"message": "API calls quota exceeded! maximum admitted 1 per 1s.", "status": 429}),
        reply({"message": "away"}, 502),
        reset,
    ],
)
def test_what_says_nothing_of_the_pin_is_not_counted(fastconnect, answer):
    connection_id = store(SecondFactor.PIN, pin="135790")
    fastconnect.answers["AccessToken"] = [success({"accessToken": "read"}), answer]
    assert log_in_with_pin(connection_id) != "in"
    assert log_in_of(connection_id).wrong_code_count == 0


def test_a_right_pin_ends_the_count_of_wrong_ones(fastconnect):
    connection_id = store(SecondFactor.PIN, pin="135790")
    right = success({"accessToken": "right"})
    for answers in ([right, NOT_THE_PIN], [right, NOT_THE_PIN], [right, right], [right, NOT_THE_PIN]):
        fastconnect.answers["AccessToken"] = list(answers)
        log_in_with_pin(connection_id)
    assert log_in_of(connection_id).wrong_code_count == 1
