from uuid import uuid4

import pytest

from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import KillSwitch
from apps.risk.services import ApprovalRefused
from apps.risk.tests.conftest import MONDAY, OFFICER, check
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user
from qts.domain.errors import TerminalError
from qts.domain.risk.states import TradingState

UPPER_CASE_ID = "5525CB34-B425-4977-BD96-01E3DE82E564"


@pytest.fixture
def officers(db):
    return make_user("first", Role.RISK_OFFICER), make_user("second", Role.RISK_OFFICER)


def engage(scope="firm", **more):
    return services.engage_kill_switch(scope=scope, actor=OFFICER, now=MONDAY, **({"reason": "storm"} | more))


def ask_for_release(user, scope="firm"):
    return services.propose_release(scope=scope, reason="calm again", actor=actor_of(user), now=MONDAY)


def approve(proposal_id, user):
    shown = selectors.proposal(proposal_id).content_hash
    services.approve(proposal_id, seen_hash=shown, reason="looked", actor=actor_of(user), now=MONDAY)


def release(officers, scope="firm"):
    approve(ask_for_release(officers[0], scope), officers[1])


def engaged() -> list[str]:
    return [switch.scope for switch in selectors.kill_switches(engaged_only=True)]


def test_engaging_and_releasing_are_each_announced_once(officers):
    assert (engage(), engage()) == (True, False)
    release(officers)
    events = eventlog.history(topic="risk.killSwitch.changed")
    assert [(event.body["engaged"], event.body["reason"]) for event in events] == [
        (False, "calm again"),
        (True, "storm"),
    ]
    assert {event.key for event in events} == {"firm"}


def test_one_person_stops_and_no_one_person_lets_go(officers):
    engage()
    proposal_id = ask_for_release(officers[0])
    with pytest.raises(ApprovalRefused, match="Nobody approves"):
        approve(proposal_id, officers[0])
    assert engaged() == ["firm"]
    approve(proposal_id, officers[1])
    assert engaged() == []


def test_an_administrator_may_ask_but_not_agree(officers):
    administrator = make_user("root", Role.ADMINISTRATOR)
    engage()
    with pytest.raises(ApprovalRefused, match="Only a risk officer"):
        approve(ask_for_release(officers[0]), administrator)
    assert engaged() == ["firm"]
    approve(ask_for_release(administrator), officers[0])
    assert engaged() == []


def test_a_release_that_was_agreed_for_an_earlier_stop_does_not_end_a_later_one(officers):
    engage()
    early, late = ask_for_release(officers[0]), ask_for_release(officers[0])
    approve(early, officers[1])
    engage(reason="storm again")
    with pytest.raises(ApprovalRefused, match="changed after the proposal"):
        approve(late, officers[1])
    assert engaged() == ["firm"]


def test_a_harder_stop_voids_the_release_of_the_softer_one(officers):
    engage(allows_reducing=True)
    proposal_id = ask_for_release(officers[0])
    engage()
    with pytest.raises(ApprovalRefused, match="changed after the proposal"):
        approve(proposal_id, officers[1])
    assert engaged() == ["firm"]


def test_nobody_asks_for_the_release_of_what_runs(officers):
    for scope in ("firm", "symbol:SSI"):
        with pytest.raises(ApprovalRefused, match="not stopped"):
            ask_for_release(officers[0], scope)
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


@pytest.mark.parametrize(
    "scope",
    ["", "Firm", "account:", "account:1", "planet:x", f"account:{UPPER_CASE_ID}", "symbol:", "symbol:ssi", "firm:1"],
)
def test_what_is_no_scope_is_refused(db, scope):
    with pytest.raises(TerminalError, match="no scope"):
        engage(scope)
    assert KillSwitch.objects.exists() is False


def test_nobody_stops_anything_without_a_reason(db):
    with pytest.raises(TerminalError, match="reason"):
        engage(reason=" ")
    assert KillSwitch.objects.exists() is False


SHAPES = [
    ("symbol:SSI", {"symbol": "SSI"}, {"symbol": "HPG"}),
    ("exchange:HOSE", {"exchange": "HOSE"}, {"exchange": "HNX"}),
    ("user:12", {"user_id": "12"}, {"user_id": "1"}),
]


@pytest.mark.parametrize(("scope", "covered", "other"), SHAPES)
def test_symbols_exchanges_and_people_are_stopped_too(db, scope, covered, other):
    account_id = uuid4()
    engage(scope)
    assert selectors.is_killed(account_id, **covered) is True
    assert selectors.is_killed(account_id, **other) is False
    assert selectors.is_killed(account_id) is False
    assert selectors.trading_state(account_id, **covered) is TradingState.HALTED
    assert selectors.trading_state(account_id, **other) is TradingState.ACTIVE


def test_the_gate_asks_for_the_symbol_its_exchange_and_the_person(account_id):
    for scope in ("symbol:SSI", "exchange:HOSE", "user:8"):
        engage(scope)
    (breach,) = check(account_id, "BUY 300 SSI @ 25000")
    assert breach.detail == "exchange:HOSE, symbol:SSI, user:8"


class TestTheFile:
    """It works with everything but PostgreSQL and the disk away, and outlives its own removal."""

    @pytest.fixture(autouse=True)
    def path(self, tmp_path, settings):
        settings.KILL_FILE = tmp_path / "KILL"
        return settings.KILL_FILE

    @pytest.mark.parametrize(
        ("text", "stopped"),
        [
            ("", {"firm": ""}),
            ("\n \n", {"firm": ""}),
            ("firm wrong prices\n", {"firm": "wrong prices"}),
            ("symbol:SSI\nuser:12 drunk", {"symbol:SSI": "", "user:12": "drunk"}),
            ("stop everything!", {"firm": "stop everything!"}),
            ("user:MALLORY", {"firm": "user:MALLORY"}),
            ("user:012", {"firm": "user:012"}),
            ("exchange:HSX", {"firm": "exchange:HSX"}),
            ("symbol:SSI\nsymbol:ssi", {"symbol:SSI": "", "firm": "symbol:ssi"}),
        ],
    )
    def test_what_it_says_is_stopped_and_what_it_cannot_say_stops_the_firm(self, path, text, stopped):
        assert selectors.kill_file_stops() == {}
        path.write_text(text)
        assert selectors.kill_file_stops() == stopped

    def test_what_cannot_be_read_stops_the_firm(self, path):
        path.write_bytes(b"\xff\xfe")
        assert set(selectors.kill_file_stops()) == {"firm"}
        path.unlink()
        path.mkdir()
        assert set(selectors.kill_file_stops()) == {"firm"}

    def test_it_stops_in_the_moment_it_is_there(self, path, account_id):
        assert check(account_id, "BUY 300 SSI @ 25000") == ()
        path.write_text("symbol:SSI")
        (breach,) = check(account_id, "SELL 300 SSI @ 25000")
        assert (breach.code, breach.detail) == ("KILL_SWITCH_ENGAGED", "symbol:SSI (kill file)")
        assert KillSwitch.objects.exists() is False

    def test_what_it_stopped_stays_stopped_without_it(self, path, officers):
        path.write_text("firm wrong prices")
        assert services.adopt_kill_file(MONDAY) == ["firm"]
        assert services.adopt_kill_file(MONDAY) == []
        proposal_id = ask_for_release(officers[0])
        with pytest.raises(TerminalError, match="remove the file first"):
            approve(proposal_id, officers[1])
        path.unlink()
        assert engaged() == ["firm"]
        approve(proposal_id, officers[1])
        assert engaged() == []


def test_flattening_asks_for_sales_of_what_can_be_sold_and_lets_them_pass(account_id):
    engage(f"account:{account_id}", flatten=True)
    (asked,) = eventlog.history(topic="risk.exit.requested")
    assert (asked.body["symbol"], asked.body["quantity"]) == ("SSI", 1_000)
    assert check(account_id, "SELL 1000 SSI @ 25000") == ()
    assert [breach.code for breach in check(account_id, "BUY 100 SSI @ 25000")] == ["KILL_SWITCH_ENGAGED"]


def test_flattening_another_symbol_sells_nothing_and_a_strategy_cannot_be_flattened(account_id):
    engage("symbol:HPG", flatten=True)
    with pytest.raises(TerminalError, match="firm, an account or a symbol"):
        engage(f"strategy:{uuid4()}", flatten=True)
    assert eventlog.history(topic="risk.exit.requested") == []
    assert engaged() == ["symbol:HPG"]


def test_a_full_stop_is_not_softened_by_flattening(account_id):
    engage("firm")
    assert engage("firm", flatten=True) is False
    assert eventlog.history(topic="risk.exit.requested") == []
    assert selectors.is_killed(account_id, reducing=True) is True
