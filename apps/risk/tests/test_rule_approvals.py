"""The exchanges' rules change by two people: what was proposed, what is refused, and when orders meet the new row."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.locks import lock_account
from apps.eventlog import selectors as eventlog
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import rules as marketdata_rules
from apps.marketdata.services import rules as rule_services
from apps.risk import selectors, services
from apps.risk.models import ChangeProposal
from apps.risk.services import ApprovalProblem, ApprovalRefused
from apps.risk.tests.conftest import MONDAY, OFFICER, TRADER, check, codes
from apps.sso.selectors import Role, actor_of
from apps.sso.tests.sessions import make_user
from qts.domain.market import RuleRow, RuleSubject, RuleWrong, rule_book_on
from qts.domain.market.rule_rows import row_of
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import Exchange, OrderType, Side

TODAY, TOMORROW = date(2026, 11, 9), date(2026, 11, 10)


@pytest.fixture(autouse=True)
def _fresh_rules():
    """A test's rows are taken back with its transaction, and no process may remember them."""
    marketdata.forget_rules()
    yield
    marketdata.forget_rules()


@pytest.fixture
def people(db):
    return make_user("first", Role.RISK_OFFICER), make_user("second", Role.RISK_OFFICER)


def lot(value: int | None, day: date = TOMORROW, exchange: Exchange = Exchange.HOSE) -> RuleRow:
    return row_of((RuleSubject.LOT, exchange, None), day, value, "HOSE's notice 1")


def propose(user, *rows: RuleRow):
    return services.propose_rules(rows, reason="the exchange says so", actor=actor_of(user), now=MONDAY)


def approve(proposal_id, user) -> None:
    seen = ChangeProposal.objects.get(id=proposal_id).content_hash
    services.approve(proposal_id, seen_hash=seen, reason="read the notice", actor=actor_of(user), now=MONDAY)


def test_a_row_holds_once_a_second_officer_agrees_and_not_before(people):
    proposal_id = propose(people[0], lot(10))
    assert marketdata.rules_on(TOMORROW).version == rule_book_on(TOMORROW).version
    [waiting] = selectors.open_proposals()
    assert waiting.lines == ("LOT HOSE / 2026-11-10: 100 → 10",)
    approve(proposal_id, people[1])
    changed = marketdata.rule_history()
    assert changed.on(TOMORROW).boards[Exchange.HOSE].lots != rule_book_on(TOMORROW).boards[Exchange.HOSE].lots
    assert changed.on(TODAY) == rule_book_on(TODAY)  # today's orders know nothing of it
    [event] = eventlog.history(topic="masterData.rules.updated", limit=10)
    assert event.key == "LOT HOSE"
    [row] = marketdata.recorded_rules()
    assert row == lot(10)


def test_nobody_approves_their_own_row(people):
    proposal_id = propose(people[0], lot(10))
    with pytest.raises(ApprovalRefused) as refused:
        approve(proposal_id, people[0])
    assert refused.value.problem is ApprovalProblem.SAME_PERSON
    assert marketdata.recorded_rules() == []


@pytest.mark.django_db
def test_the_database_keeps_no_row_of_one_person():
    with pytest.raises(IntegrityError, match="marketdata_rule_takes_two_people"), transaction.atomic():
        rule_services.change_rules(
            [lot(10)],
            seen_version=marketdata.rule_history().version,
            reason="alone",
            proposed_by=OFFICER,
            approved_by=OFFICER,
            now=MONDAY,
        )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([lot(0)], "no whole number"),
        ([lot(100)], "Nothing would change"),
        ([lot(10), lot(50)], "same scope and day"),
        ([], "no row"),
        ([lot(None, date(2021, 1, 4)), lot(None, date(2000, 7, 28))], "there is no LOT HOSE STOCK"),
    ],
    ids=["nonsense", "nothing new", "contradiction", "nothing", "hole"],
)
def test_what_makes_no_whole_set_of_rules_is_not_even_proposed(people, rows, said):
    with pytest.raises(ApprovalRefused, match=said) as refused:
        propose(people[0], *rows)
    assert refused.value.problem is ApprovalProblem.RULES_DO_NOT_FIT
    assert not ChangeProposal.objects.exists()


def test_a_trader_proposes_nothing(db):
    with pytest.raises(ApprovalRefused) as refused:
        services.propose_rules([lot(10)], reason="please", actor=TRADER, now=MONDAY)
    assert refused.value.problem is ApprovalProblem.NOT_AN_OFFICER


def test_a_proposal_that_was_overtaken_changes_nothing(people):
    first, second = propose(people[0], lot(10)), propose(people[0], lot(50))
    approve(first, people[1])
    with pytest.raises(ApprovalRefused) as refused:
        approve(second, people[1])
    assert refused.value.problem is ApprovalProblem.OVERTAKEN
    assert marketdata.recorded_rules() == [lot(10)]


def put(*rows: RuleRow) -> None:
    rule_services.change_rules(
        rows,
        seen_version=marketdata.rule_history().version,
        reason="a test",
        proposed_by=OFFICER,
        approved_by=TRADER,
        now=MONDAY,
    )


def test_todays_orders_are_judged_by_todays_rows(account_id):
    assert codes(check(account_id, "BUY 110 SSI @ 25000")) == ["QUANTITY_OFF_LOT"]
    put(lot(10, TOMORROW))
    assert codes(check(account_id, "BUY 110 SSI @ 25000")) == ["QUANTITY_OFF_LOT"]
    put(lot(10, TODAY))
    assert codes(check(account_id, "BUY 110 SSI @ 25000")) == []
    known = marketdata.security("SSI")
    assert known is not None
    assert known.lot_size == 10  # what a form is told is what the gate goes by


def test_the_answer_names_the_rules_it_went_by(account_id):
    answer = judged(account_id)
    assert answer.rules_version == rule_book_on(TODAY).version
    put(lot(10, TODAY))
    assert judged(account_id).rules_version == marketdata.rules_on(TODAY).version != answer.rules_version


def judged(account_id):
    known = marketdata.security("SSI")
    request = OrderRequest("SSI", Side.BUY, OrderType.LO, 100, 25_000, client_order_id="test")
    with transaction.atomic():
        lock_account(account_id)
        return services.judge(
            account_id=account_id, intent=OrderIntent(request, known.instrument), now=MONDAY, actor=TRADER
        )


def test_another_process_reads_a_new_row_with_its_next_order(account_id, django_assert_num_queries):
    """One whose memory is older than the row: it is told by the statement that looks the symbol up."""
    before = marketdata.rule_history()
    put(lot(10, TODAY))
    rules_keeper = marketdata_rules._keeper  # as that process remembers
    rules_keeper.kept = rules_keeper.kept._replace(newest=0, history=before, looked_at_s=float("inf"))
    assert marketdata.rules_on(TODAY).version == before.on(TODAY).version
    assert codes(check(account_id, "BUY 110 SSI @ 25000")) == []
    with django_assert_num_queries(1):  # and what it has read it keeps
        marketdata.security("SSI")


def test_rows_that_fit_no_more_are_refused_not_ignored(people):
    put(lot(10))
    with pytest.raises(RuleWrong, match="changed meanwhile"):
        rule_services.change_rules(
            [lot(50)],
            seen_version=rule_book_on(TODAY).version,
            reason="late",
            proposed_by=OFFICER,
            approved_by=TRADER,
            now=MONDAY,
        )
