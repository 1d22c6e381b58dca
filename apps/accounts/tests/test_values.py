"""Values over time, the journal and the statement."""

from uuid import uuid4

import pytest

from apps.accounts import selectors, services
from apps.accounts.models import TradeNote, ValueSnapshot
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.errors import TerminalError
from qts.domain.values import Actor, ActorKind, Side

OWNER = Actor(ActorKind.USER, "1")


def deposit(account_id, amount_vnd, now):
    services.record_cash_event(
        account_id=account_id, kind="DEPOSIT", amount_vnd=amount_vnd, reference=str(now), actor=OWNER, now=now
    )


def test_values_are_kept_in_the_day_and_once_at_its_end(account_id, market):
    # 100,000,000 and 1,000 SSI at 25,500; then a deposit of 1,000,000
    market.quote("SSI", last_vnd=25_500, reference_vnd=25_000)
    assert services.take_value_snapshots(MONDAY) == 1
    deposit(account_id, 1_000_000, day(0, 10))
    assert services.take_value_snapshots(day(0, 15, 0)) == 1
    assert services.take_value_snapshots(day(0, 15, 15)) == 0  # the day has its end
    assert [(value.equity_vnd, value.flows_vnd) for value in selectors.intraday_values(account_id, MONDAY.date())] == [
        (125_500_000, 0),
        (126_500_000, 1_000_000),
    ]
    (end,) = selectors.day_values(account_id)
    assert (end.cash_vnd, end.market_value_vnd, end.equity_vnd) == (101_000_000, 25_500_000, 126_500_000)


@pytest.mark.parametrize(
    "now", [day(0, 8, 59), day(5, 10), day(6, 10)], ids=["before the opening", "Saturday", "Sunday"]
)
def test_outside_of_trading_days_nothing_is_kept(account_id, market, now):
    market.quote("SSI", last_vnd=25_500, reference_vnd=25_000)
    assert services.take_value_snapshots(now) == 0


def test_without_a_price_there_is_no_value(account_id, market):
    assert services.take_value_snapshots(MONDAY) == 0
    assert ValueSnapshot.objects.exists() is False


def test_the_statement_has_every_change_of_cash_with_its_balance(account_id, desk):
    # Monday's sale of 300 x 25,000 brings 7,481,250 on Wednesday
    desk.fill(Side.SELL, 300, 25_000, fill_id="s")
    deposit(account_id, 500_000, day(1))
    services.settle_due(day(2, 13))
    lines = selectors.statement(account_id, since=day(1).date(), until=day(2).date())
    assert [(line.kind, line.reference, line.amount_vnd, line.balance_vnd) for line in lines] == [
        ("DEPOSIT", str(day(1)), 500_000, 100_500_000),
        ("SETTLEMENT", "s", 7_481_250, 107_981_250),
    ]


def test_a_note_is_of_an_order_that_has_traded_and_is_rewritten(account_id, desk):
    order_id = uuid4()
    note = {"account_id": account_id, "order_id": order_id, "note": "", "actor": OWNER, "now": MONDAY}
    with pytest.raises(TerminalError, match="has not traded"):
        services.write_note(reason="breakout", tags=[], **note)
    desk.fill(Side.BUY, 100, 25_000, order_id=order_id)
    services.write_note(reason="breakout", tags=["Swing", "swing ", "", "news"], **note)
    services.write_note(reason="patience", tags=["Swing", "swing ", "", "news"], **note)
    kept = selectors.notes([account_id])[order_id]
    assert (kept.reason, kept.tags, TradeNote.objects.count()) == ("patience", ("swing", "news"), 1)
