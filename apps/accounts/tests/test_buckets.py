"""Where cash and shares are, by the day on which they arrive."""

from datetime import date

from apps.accounts import selectors, services
from apps.accounts.services import ActionNotice
from apps.accounts.tests.conftest import MONDAY, day
from qts.domain.portfolio import ActionKind, ActionTerms, Arrival
from qts.domain.values import Actor, ActorKind, Side


def test_cash_and_shares_move_from_bucket_to_bucket(account_id, desk):
    # Monday: 200 bought for 5,007,500, 300 sold for 7,481,250 net; Tuesday: 100 bought for 2,503,750
    desk.fill(Side.BUY, 200, 25_000)
    desk.fill(Side.SELL, 300, 25_000)
    desk.fill(Side.BUY, 100, 25_000, now=day(1))
    seen = []
    for now in (day(1), day(2, 12, 59, 59), day(2, 13), day(3, 13)):
        cash, (shares,) = selectors.cash_buckets(account_id, now), selectors.share_buckets(account_id, now)
        seen.append((cash.settled_vnd, dict(cash.coming), dict(cash.payable), dict(shares.arriving), shares.sellable))
        assert sum(shares.arriving.values()) + shares.sellable == shares.quantity == 1_000
    nothing = dict.fromkeys(Arrival, 0)
    t1, t2, today = Arrival.T1, Arrival.T2, Arrival.TODAY
    assert seen == [
        (100_000_000, nothing | {t1: 7_481_250}, nothing | {t1: -5_007_500, t2: -2_503_750},
         nothing | {t1: 200, t2: 100}, 700),
        (100_000_000, nothing | {today: 7_481_250}, nothing | {today: -5_007_500, t1: -2_503_750},
         nothing | {today: 200, t1: 100}, 700),
        (102_473_750, nothing, nothing | {t1: -2_503_750}, nothing | {t1: 100}, 900),
        (99_970_000, nothing, nothing, nothing, 1_000),
    ]  # fmt: skip


def test_dividends_and_new_shares_come_later_and_rights_are_told(account_id):
    first, second = Actor(ActorKind.USER, "1"), Actor(ActorKind.USER, "2")
    for terms in (
        ActionTerms(ActionKind.CASH_DIVIDEND, cash_per_share_vnd=1_000),
        ActionTerms(ActionKind.BONUS, new_shares=1, old_shares=10),
        ActionTerms(ActionKind.RIGHTS, new_shares=1, old_shares=5, subscription_price_vnd=10_000),
    ):
        notice = ActionNotice("SSI", date(2026, 11, 10), date(2026, 11, 30), terms, "notice")
        services.confirm_action(services.propose_action(notice, actor=first, now=MONDAY), actor=second, now=MONDAY)
    services.settle_due(day(1))
    cash, (shares,) = selectors.cash_buckets(account_id, day(1)), selectors.share_buckets(account_id, day(1))
    assert (cash.dividends_due_vnd, cash.coming[Arrival.LATER]) == (950_000, 950_000)
    assert (shares.quantity, shares.arriving[Arrival.LATER], shares.rights) == (1_100, 100, 200)
    (coming,) = selectors.cash_arriving(account_id, day(1))
    assert (coming.source, coming.amount, coming.due_at) == ("DIVIDEND", 950_000, day(21, 9, 0))
