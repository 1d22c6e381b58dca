"""How a trading day of an account begins: its opening picture, then what companies did to their shares overnight."""

from datetime import UTC, date, datetime, time, timedelta

from apps.accounts.models import BrokerageAccount, CashBalance, DailySnapshot, Position
from apps.accounts.services.action_booking import apply_due_actions, lapse_rights
from apps.accounts.services.arrivals import settle_account
from apps.accounts.services.lending import accrue_night
from qts.domain.market import VIETNAM, to_vietnam


def open_day(cash: CashBalance, now: datetime) -> None:
    """Take the day's opening picture before the first change of a trading day. The caller holds the account's lock."""
    today = to_vietnam(now).date()
    if cash.opened_day is not None and cash.opened_day >= today:
        return
    if cash.account_kind == BrokerageAccount.Kind.MARGIN:
        _accrue_nights(cash, today)
    held = Position.objects.filter(account_id=cash.account_id, quantity__gt=0)
    DailySnapshot.objects.create(
        account_id=cash.account_id,
        trading_day=today,
        cash_vnd=cash.total_vnd,
        realised_pnl_vnd=cash.realised_pnl_vnd,
        quantities=dict(held.values_list("symbol", "quantity")),
    )
    cash.opened_day = today
    cash.save(update_fields=["opened_day"])
    apply_due_actions(cash, now)
    lapse_rights(cash, now)


def _accrue_nights(cash: CashBalance, today: date) -> None:
    """Every night since the last day that was begun, each on the loan that the day before it left behind: what arrived
    on that day has repaid first, also where nobody was there to book it."""
    night_of = cash.accrued_day or today
    while night_of < today:
        its_end = datetime.combine(night_of, time.max, tzinfo=VIETNAM).astimezone(UTC)
        settle_account(cash, its_end)
        accrue_night(cash, night_of, its_end)
        night_of += timedelta(days=1)
    cash.accrued_day = today
    cash.save(update_fields=["accrued_day", "interest_due_vnd"])
