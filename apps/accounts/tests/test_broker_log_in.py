"""A person's one-time code on its way to the broker: what is counted, kept, refused, and where the code never is."""

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, connections

from apps.accounts import selectors
from apps.accounts import services as accounts
from apps.accounts.services.broker import PIN_STOPPED, open_client
from apps.configuration import selectors as configuration
from apps.configuration import services
from apps.configuration.services import LogInProblem
from apps.eventlog import selectors as eventlog
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user
from qts.adapters.ssi import trading
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.signer import Signer
from qts.adapters.ssi.tokens import CodeWanted
from qts.adapters.tests import signature_vectors as vectors
from qts.adapters.tests.fake_fastconnect import FakeFastConnect, reply, reset, success
from qts.adapters.tests.test_ssi_log_in import CODE, UNAUTHORISED, YES
from qts.adapters.tests.test_ssi_trading_client import buy
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import Actor, ActorKind

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
AN, BINH = Actor(ActorKind.USER, "7"), Actor(ActorKind.USER, "8")
WRONG = reply({"message": "Wrong OTP", "status": 400, "data": None})
SENT = reply({"message": "Success", "status": 200})


@pytest.fixture
def fastconnect(settings, monkeypatch):
    """The broker; orders are signed in this process, for no gate has let them pass."""
    monkeypatch.setattr(trading, "_signer_of", lambda _: Signer(vectors.PRIVATE_KEY))
    server = FakeFastConnect()
    server.start()
    server.answers["GetOTP"] = SENT
    settings.SSI_TRADING_URL = server.url
    yield server
    server.stop()


def store(second_factor=SecondFactor.OTP, name="090135", pin="", **more) -> UUID:
    keys = {"consumer_id": "CID-1", "consumer_secret": "SEC-1", "private_key": vectors.PRIVATE_KEY}
    return services.store_connection(name=name, pin=pin, second_factor=second_factor, actor=AN, now=NOW, **keys | more)


def request(connection_id, *, actor=AN, now=NOW) -> LogInProblem | None:
    return accounts.request_broker_code(connection_id, actor=actor, now=now).problem


def enter(connection_id, code=CODE, *, actor=AN, now=NOW) -> LogInProblem | None:
    return accounts.enter_broker_code(connection_id, code, actor=actor, now=now).problem


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def told() -> list[str]:
    """What the event log says of log-ins, oldest first."""
    events = [event for event in eventlog.history() if event.topic.startswith("account.brokerLogIn.")]
    return [event.topic.rpartition(".")[2] for event in sorted(events, key=lambda event: event.id)]


def log_in_of(connection_id):
    found = configuration.log_in(connection_id)
    assert found is not None
    return found


# --- in order ---------------------------------------------------------------------------------------------------------


def test_a_code_is_requested_entered_and_opens_the_log_in(fastconnect):
    connection_id = store()
    assert log_in_of(connection_id).is_wanted(NOW)
    assert request(connection_id) is None
    assert enter(connection_id, f" {CODE[:3]} {CODE[3:]} ", now=after(20)) is None
    found = log_in_of(connection_id)
    assert (found.logged_in_by, found.logged_in_at, found.wrong_code_count) == ("user:7", after(20), 0)
    assert not found.is_wanted(after(20))
    assert 7.9 < (found.expires_at - datetime.now(UTC)).total_seconds() / 3_600 < 8.1
    assert told() == ["requested", "started"]


def test_the_token_serves_every_process_and_is_sealed(fastconnect):
    connection_id = store()
    request(connection_id)
    enter(connection_id)
    fastconnect.answers["NewOrder"] = YES
    for _ in range(2):
        client = open_client(connection_id)
        buy(client)
        client.close()
    assert fastconnect.names() == ["GetOTP", "AccessToken", "NewOrder", "NewOrder"]
    kept = configuration.kept_token(connection_id)
    assert kept is not None
    assert fastconnect.asked[-1].token == kept.text
    assert kept.text not in everything_stored()
    assert repr(kept) == f"KeptToken(expires_at_s={kept.expires_at_s})"


def test_a_pin_still_logs_in_by_itself(fastconnect):
    connection_id = store(SecondFactor.PIN, pin="135790")
    fastconnect.answers["NewOrder"] = YES
    buy(open_client(connection_id))
    log_in = json.loads(fastconnect.asked[0].body)
    assert (log_in["twoFactorType"], log_in["code"], log_in["isSave"]) == (0, "135790", True)
    assert (request(connection_id), enter(connection_id)) == (LogInProblem.NO_CODE_NEEDED,) * 2
    assert configuration.kept_token(connection_id) is None
    assert told() == []


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


def test_the_apps_code_is_entered_without_a_request(fastconnect):
    connection_id = store(SecondFactor.SMART_OTP)
    assert request(connection_id) == LogInProblem.CODE_COMES_FROM_APP
    assert enter(connection_id) is None
    assert fastconnect.names() == ["AccessToken"]


# --- out of order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "12", "12345678901", "48291x", "４８２９１５"])
def test_what_is_no_code_is_not_shown_to_the_broker(fastconnect, typed):
    connection_id = store()
    request(connection_id)
    assert enter(connection_id, typed) == LogInProblem.CODE_MALFORMED
    assert (fastconnect.names(), log_in_of(connection_id).wrong_code_count) == (["GetOTP"], 0)


def test_a_code_that_nobody_requested_is_not_shown(fastconnect):
    assert enter(store()) == LogInProblem.CODE_NOT_REQUESTED
    assert fastconnect.asked == []


def test_a_late_code_is_not_shown_and_not_counted(fastconnect):
    connection_id = store()
    request(connection_id)
    assert enter(connection_id, now=after(180)) == LogInProblem.CODE_LATE
    assert (fastconnect.names(), log_in_of(connection_id).wrong_code_count) == (["GetOTP"], 0)
    assert request(connection_id, now=after(181)) is None
    assert enter(connection_id, now=after(190)) is None


def test_a_used_code_does_not_go_twice(fastconnect):
    """Within the minute there is nothing to do; afterwards it takes a new request."""
    connection_id = store()
    request(connection_id)
    assert enter(connection_id) is None
    assert enter(connection_id, now=after(30)) == LogInProblem.JUST_LOGGED_IN
    assert enter(connection_id, now=after(90)) == LogInProblem.CODE_NOT_REQUESTED
    assert fastconnect.names().count("AccessToken") == 1
    assert request(connection_id, now=after(90)) is None  # renewed before its end
    assert enter(connection_id, now=after(100)) is None
    assert log_in_of(connection_id).logged_in_at == after(100)


def test_codes_are_not_requested_again_and_again(fastconnect):
    connection_id = store()
    assert request(connection_id) is None
    assert request(connection_id, actor=BINH, now=after(29)) == LogInProblem.CODE_REQUESTED_JUST_NOW
    assert request(connection_id, actor=BINH, now=after(30)) is None
    assert fastconnect.names() == ["GetOTP", "GetOTP"]
    assert log_in_of(connection_id).code_requested_by == "user:8"


def test_five_wrong_codes_are_warned_of_and_the_sixth_is_never_shown(fastconnect):
    connection_id = store()
    fastconnect.answers["AccessToken"] = WRONG
    counts = []
    for number in range(5):
        if number in (0, 3):
            request(connection_id, now=after(40 * number))
        assert enter(connection_id, f"00000{number}", now=after(40 * number)) == LogInProblem.CODE_WRONG
        counts.append(log_in_of(connection_id).wrong_code_count)
    assert counts == [1, 2, 3, 4, 5]
    shown = fastconnect.names().count("AccessToken")
    for now in (after(161), after(160 + 1_799)):
        assert enter(connection_id, now=now) == LogInProblem.CODES_STOPPED
        assert request(connection_id, now=now) == LogInProblem.CODES_STOPPED
    assert (shown, fastconnect.names().count("AccessToken")) == (5, 5)
    fastconnect.answers["AccessToken"] = fastconnect.issue_token
    later = after(160 + 1_800)
    assert request(connection_id, now=later) is None
    assert enter(connection_id, now=later) is None
    assert (log_in_of(connection_id).wrong_code_count, log_in_of(connection_id).stopped_until) == (0, None)


def test_one_more_wrong_code_after_the_pause_stops_it_again(fastconnect):
    connection_id = store(SecondFactor.SMART_OTP)
    fastconnect.answers["AccessToken"] = WRONG
    for _ in range(5):
        enter(connection_id)
    assert enter(connection_id, now=after(1_801)) == LogInProblem.CODE_WRONG
    assert enter(connection_id, now=after(1_802)) == LogInProblem.CODES_STOPPED


@pytest.mark.parametrize(
    ("answer", "problem", "count"),
    [
        (WRONG, LogInProblem.CODE_WRONG, 1),
        (reset, LogInProblem.ANSWER_LOST, 1),  # it may have been seen, and wrong
        (reply({"message": "Key does not exist.", "status": 400, "data": None}), LogInProblem.BROKER_REFUSED, 0),
        (reply({"message": "API calls quota exceeded!", "status": 429}, status=429), LogInProblem.BROKER_AWAY, 0),
    ],
)
def test_what_the_broker_may_have_counted_is_counted(fastconnect, answer, problem, count):
    connection_id = store()
    request(connection_id)
    fastconnect.answers["AccessToken"] = answer
    assert enter(connection_id) == problem
    assert log_in_of(connection_id).wrong_code_count == count
    assert log_in_of(connection_id).is_wanted(NOW)
    assert told() == ["requested", *["refused"] * count]
    fastconnect.answers["AccessToken"] = fastconnect.issue_token
    assert enter(connection_id) is None  # nobody is locked out by it


def test_a_broker_that_is_away_is_told_and_nothing_is_counted(fastconnect, settings):
    connection_id = store()
    request(connection_id)
    settings.SSI_TRADING_URL = "http://127.0.0.1:1/"
    assert enter(connection_id) == LogInProblem.BROKER_AWAY
    assert log_in_of(connection_id).wrong_code_count == 0
    assert request(connection_id, now=after(60)) == LogInProblem.BROKER_AWAY
    settings.SSI_TRADING_URL = fastconnect.url
    assert request(connection_id, now=after(61)) is None  # at once: none was sent before


def test_an_entry_that_died_with_its_process_counts_and_lets_the_next_one_in(fastconnect):
    connection_id = store()
    request(connection_id)
    assert services.begin_entry(connection_id, now=NOW) is None  # and killed here
    assert enter(connection_id, now=after(29)) == LogInProblem.SOMEBODY_IS_ENTERING
    assert log_in_of(connection_id).wrong_code_count == 1
    assert enter(connection_id, now=after(30)) is None


def test_two_people_at_once_show_one_code(fastconnect):
    connection_id = store()
    request(connection_id)
    gate, answers = threading.Barrier(2), []

    def person(actor):
        gate.wait(5)
        answers.append(enter(connection_id, actor=actor))
        connections.close_all()

    threads = [threading.Thread(target=person, args=(actor,)) for actor in (AN, BINH)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(None) == 1
    assert set(answers) - {None} <= {LogInProblem.SOMEBODY_IS_ENTERING, LogInProblem.JUST_LOGGED_IN}
    assert fastconnect.names().count("AccessToken") == 1
    assert log_in_of(connection_id).wrong_code_count == 0
    assert told() == ["requested", "started"]


# --- its end ----------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_dropped_for_everybody(fastconnect):
    connection_id = store()
    request(connection_id)
    enter(connection_id)
    fastconnect.answers["NewOrder"] = UNAUTHORISED
    with pytest.raises(CodeWanted):
        buy(open_client(connection_id))
    assert log_in_of(connection_id).is_wanted(NOW)
    assert log_in_of(connection_id).wanted_since is not None
    assert told() == ["requested", "started", "expired"]
    with pytest.raises(CodeWanted):
        buy(open_client(connection_id))
    assert fastconnect.names().count("NewOrder") == 1


def test_a_late_word_about_an_old_token_leaves_the_new_one(fastconnect):
    connection_id = store(SecondFactor.SMART_OTP)
    enter(connection_id)
    old = configuration.kept_token(connection_id)
    enter(connection_id, now=after(120))
    assert old is not None
    assert services.discard_token(connection_id, old.text, actor=AN, now=NOW) is False
    assert not log_in_of(connection_id).is_wanted(NOW)


def test_its_end_is_written_down_once(fastconnect):
    fastconnect.token_lifetime_s = 60.0
    connection_id = store(SecondFactor.SMART_OTP)
    enter(connection_id)
    ends_at = log_in_of(connection_id).expires_at
    for seconds in (-1, 1, 30):
        services.look_after(connection_id, actor=AN, now=ends_at + timedelta(seconds=seconds))
    assert told() == ["started", "expired"]
    assert log_in_of(connection_id).wanted_since == ends_at + timedelta(seconds=1)


@pytest.mark.parametrize("change", [{"consumer_id": "CID-2"}, {"second_factor": SecondFactor.SMART_OTP}])
def test_other_credentials_end_the_log_in(fastconnect, change):
    connection_id = store()
    request(connection_id)
    enter(connection_id)
    store(private_key="")
    assert log_in_of(connection_id).is_wanted(NOW), "a new consumer secret"
    request(connection_id, now=after(60))
    enter(connection_id, now=after(60))
    store(**{"consumer_secret": "", **change})
    assert log_in_of(connection_id).is_wanted(NOW)
    assert configuration.kept_token(connection_id) is None


def test_the_kept_token_moves_to_a_new_key(fastconnect, tmp_path, settings):
    settings.QTS_SECRET_KEY_FILE = tmp_path / "secret.key"
    settings.QTS_SECRET_KEY_FILE.write_text("the-first\n")
    connection_id = store(SecondFactor.SMART_OTP)
    enter(connection_id)
    before = configuration.kept_token(connection_id)
    settings.QTS_SECRET_KEY_FILE.write_text("a-newer-one\nthe-first\n")
    assert services.reseal_all() == 2
    settings.QTS_SECRET_KEY_FILE.write_text("a-newer-one\n")
    assert configuration.kept_token(connection_id) == before


# --- secrets and rights -----------------------------------------------------------------------------------------------


def everything_stored() -> str:
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 (names from the catalogue)
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_no_code_right_or_wrong_is_stored_or_logged(fastconnect, caplog):
    caplog.set_level(logging.DEBUG)
    connection_id = store()
    request(connection_id)
    wrong = "739164"
    fastconnect.answers["AccessToken"] = [
        reply({"message": f"Wrong OTP: {wrong}", "status": 400, "data": None}),
        fastconnect.issue_token,
    ]
    answer = accounts.enter_broker_code(connection_id, wrong, actor=AN, now=NOW)
    assert (answer.problem, wrong in answer.told) == (LogInProblem.CODE_WRONG, False)
    assert enter(connection_id) is None
    for where in (everything_stored(), caplog.text, json.dumps([event.body for event in eventlog.history()])):
        assert [code for code in (wrong, CODE) if code in where] == []


def test_only_who_may_trade_an_account_of_it_or_runs_the_machines_sees_a_log_in():
    connection_id = store()
    other_id = store(name="118441", consumer_id="CID-2")
    mine = accounts.open_account(number="0901351", name="An", connection_id=connection_id)
    users = {
        name: make_user(name, role)
        for name, role in {
            "trades": Role.TRADER, "manages": Role.TRADER, "views": Role.TRADER, "stranger": Role.TRADER,
            "risk": Role.RISK_OFFICER, "operator": Role.OPERATOR, "admin": Role.ADMINISTRATOR,
        }.items()
    }  # fmt: skip
    for name, role in (("trades", "trade"), ("manages", "manage"), ("views", "view"), ("risk", "manage")):
        accounts.grant_membership(account_id=mine, username=name, role=role)
    seen = {name: {one.connection_id for one in selectors.broker_log_ins(user)} for name, user in users.items()}
    both = {connection_id, other_id}
    assert seen == {
        "trades": {connection_id}, "manages": {connection_id}, "views": set(), "stranger": set(), "risk": set(),
        "operator": both, "admin": both,
    }  # fmt: skip
    assert selectors.broker_log_in(users["trades"], other_id) is None


def test_the_brokers_yes_in_another_form_opens_nothing(fastconnect):
    connection_id = store()
    request(connection_id)
    fastconnect.answers["AccessToken"] = success({"verified": True})
    assert enter(connection_id) == LogInProblem.CODE_WRONG
    assert log_in_of(connection_id).is_wanted(NOW)
