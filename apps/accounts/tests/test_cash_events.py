"""Cash that moves without a trade. The account has 100 million VND and 1,000 SSI on Monday, 9 November 2026."""

import pytest

from apps.accounts import selectors, services
from apps.accounts.models import CashEvent, LedgerEntry
from apps.accounts.services import CashEventProblem, CashEventRefused
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.values import Actor, ActorKind, Side

CLERK = Actor(ActorKind.USER, "7")


def enter(account_id, kind, amount_vnd, reference="D1", now=MONDAY):
    return services.record_cash_event(
        account_id=account_id, kind=kind, amount_vnd=amount_vnd, reference=reference, actor=CLERK, now=now
    )


def refusal(account_id, kind, amount_vnd, reference="D1", now=MONDAY):
    entries = LedgerEntry.objects.count()
    with pytest.raises(CashEventRefused) as refused:
        enter(account_id, kind, amount_vnd, reference, now)
    assert LedgerEntry.objects.count() == entries
    assert selectors.ledger_differences(account_id, now=now) == []
    return refused.value.problem


@pytest.mark.parametrize(
    ("kind", "settled_vnd", "balance", "opening_vnd"),
    [
        # 100,000,000 and 5,000,000 more or less; only deposits and withdrawals move how the day began
        ("DEPOSIT", 105_000_000, ("CAPITAL", -129_000_000), 105_000_000),  # 124,000,000 of the opening and 5,000,000
        ("WITHDRAWAL", 95_000_000, ("CAPITAL", -119_000_000), 95_000_000),
        ("INTEREST_EARNED", 105_000_000, ("INTEREST", -5_000_000), 100_000_000),
        ("INTEREST_CHARGED", 95_000_000, ("INTEREST", 5_000_000), 100_000_000),
    ],
)
def test_cash_moves_with_its_counterpart(account_id, kind, settled_vnd, balance, opening_vnd):
    enter(account_id, kind, 5_000_000)
    state = selectors.account_state(account_id, MONDAY)
    assert (state.cash_settled_vnd, state.buying_power_vnd) == (settled_vnd, settled_vnd)
    assert state.opening_cash_vnd == opening_vnd
    assert balance in selectors.ledger_totals(account_id).items()
    assert selectors.ledger_differences(account_id, now=MONDAY) == []


def test_a_document_is_booked_once(account_id):
    enter(account_id, "DEPOSIT", 5_000_000)
    assert refusal(account_id, "DEPOSIT", 5_000_000) == CashEventProblem.ENTERED_TWICE
    assert CashEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "amount_vnd", "reference"), [("DEPOSIT", 0, "D1"), ("GIFT", 1, "D1"), ("DEPOSIT", 1, " ")]
)
def test_nonsense_is_refused(account_id, kind, amount_vnd, reference):
    assert refusal(account_id, kind, amount_vnd, reference) == CashEventProblem.NONSENSE


def test_what_is_reserved_or_owed_cannot_be_withdrawn(account_id, desk):
    # 200 x 25,000 + 7,500 are owed and 20,030,000 reserved: 100,000,000 - 5,007,500 - 20,030,000 = 74,962,500 are free
    desk.fill(Side.BUY, 200, 25_000)
    desk.reserve(Side.BUY, 1_000, 20_030_000)
    assert refusal(account_id, "WITHDRAWAL", 74_962_501) == CashEventProblem.NOT_ENOUGH_CASH
    enter(account_id, "WITHDRAWAL", 74_962_500)
    assert selectors.account_state(account_id, MONDAY).buying_power_vnd == 0


def test_an_advance_is_lent_on_a_sale_and_taken_back_when_it_settles(account_id, desk):
    # 300 x 25,000 = 7,500,000 less 11,250 and 7,500: 7,481,250 come on Wednesday
    desk.fill(Side.SELL, 300, 25_000)
    before = selectors.account_state(account_id, MONDAY)
    assert refusal(account_id, "ADVANCE", 7_481_251) == CashEventProblem.NOTHING_TO_ADVANCE
    # two days at 12 % a year: 5,000,000 x 2 x 1,200 / 3,650,000 = 3,287, and 10,000 is the least that is asked
    assert selectors.advance_fee_vnd(account_id, 5_000_000, MONDAY) == 10_000
    enter(account_id, "ADVANCE", 5_000_000)
    lent = selectors.account_state(account_id, MONDAY)
    assert (lent.cash_settled_vnd, lent.advanced_vnd) == (104_990_000, 5_000_000)
    assert lent.cash_vnd == before.cash_vnd - 10_000
    wednesday = day(2, 13)
    told = selectors.account_state(account_id, wednesday)  # told before it is posted
    services.settle_due(wednesday)
    posted = selectors.account_state(account_id, wednesday)
    for state in (told, posted):
        assert (state.cash_settled_vnd, state.advanced_vnd, state.cash_pending_vnd) == (107_471_250, 0, 0)
    assert selectors.ledger_totals(account_id)["ADVANCED"] == 0
    assert selectors.ledger_differences(account_id, now=wednesday) == []
