"""What is settled, on its way, held back, and when it becomes available."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from apps.accounts.models import CashSettlement, RightsHolding, ShareLot
from apps.accounts.selectors.state import account_state
from apps.accounts.selectors.terms import advance_terms
from apps.accounts.selectors.types import Arriving, CashBuckets, ShareBuckets
from apps.marketdata.selectors import trading_calendar
from qts.domain.market import to_vietnam
from qts.domain.portfolio import OnItsWay, Proceeds, advanced_vnd_days, by_arrival


def cash_arriving(account_id: UUID, now: datetime) -> list[Arriving]:
    """Cash of trades and dividends that is not there yet, the next first."""
    rows = CashSettlement.objects.filter(account_id=account_id, settled_at=None, due_at__gt=now).order_by(
        "due_at", "id"
    )
    return [Arriving(row.due_at, row.amount_vnd, row.reference, row.source) for row in rows]


def shares_arriving(account_id: UUID, now: datetime) -> list[Arriving]:
    """Shares that may not be sold yet, the next first."""
    rows = ShareLot.objects.filter(account_id=account_id, sellable_at__gt=now).order_by("sellable_at", "id")
    return [Arriving(row.sellable_at, row.quantity, row.reference, row.symbol) for row in rows]


def cash_buckets(account_id: UUID, now: datetime) -> CashBuckets:
    state, coming = account_state(account_id, now), cash_arriving(account_id, now)
    today, calendar = to_vietnam(now).date(), trading_calendar()
    incoming = [item for item in coming if item.amount > 0]
    outgoing = [item for item in coming if item.amount < 0]
    return CashBuckets(
        settled_vnd=state.cash_settled_vnd,
        free_vnd=state.buying_power_vnd,
        reserved_vnd=state.reserved_orders_vnd,
        advanced_vnd=state.advanced_vnd,
        dividends_due_vnd=state.dividends_due_vnd,
        coming=by_arrival(_days(incoming), today, calendar),
        payable=by_arrival(_days(outgoing), today, calendar),
    )


def advance_fee_vnd(account_id: UUID, amount_vnd: int, now: datetime, *, advanced_vnd: int | None = None) -> int:
    """What the broker takes for an advance on the sales that arrive first and are not advanced yet (`advanced_vnd`,
    where the caller knows it). Raises ValueError for more than sales will bring."""
    if advanced_vnd is None:
        advanced_vnd = account_state(account_id, now).advanced_vnd
    today = to_vietnam(now).date()
    proceeds = [
        Proceeds(item.amount, (to_vietnam(item.due_at).date() - today).days)
        for item in cash_arriving(account_id, now)
        if item.amount > 0 and item.source == CashSettlement.Source.TRADE
    ]
    vnd_days = advanced_vnd_days(proceeds, advanced_vnd=advanced_vnd, amount_vnd=amount_vnd)
    return advance_terms().fee_vnd(vnd_days)


def share_buckets(account_id: UUID, now: datetime) -> list[ShareBuckets]:
    """Of every symbol that is held or has open rights."""
    state, arriving = account_state(account_id, now), shares_arriving(account_id, now)
    today, calendar = to_vietnam(now).date(), trading_calendar()
    open_rights = RightsHolding.objects.filter(account_id=account_id, open_quantity__gt=0)
    rights = dict(open_rights.values_list("action__symbol").annotate(Sum("open_quantity")))
    held = {symbol for symbol, position in state.positions.items() if position.quantity}
    return [
        ShareBuckets(
            symbol=symbol,
            quantity=state.position(symbol).quantity,
            sellable=state.position(symbol).sellable_quantity,
            reserved=state.position(symbol).reserved_sell_quantity,
            arriving=by_arrival(_days([one for one in arriving if one.source == symbol]), today, calendar),
            rights=rights.get(symbol, 0),
        )
        for symbol in sorted({*held, *rights})
    ]


def _days(items: Sequence[Arriving]) -> list[OnItsWay]:
    return [OnItsWay(item.amount, to_vietnam(item.due_at).date()) for item in items]
