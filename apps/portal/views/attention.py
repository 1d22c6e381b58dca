"""What somebody has to look at: orders that went wrong today, strategies that failed, changes that wait for a yes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import ngettext

from apps.orders import selectors as orders
from apps.orders.selectors import OrderView
from apps.portal.views.access import OFFICERS
from apps.risk import selectors as risk
from apps.sso.selectors import has_role
from apps.strategies.selectors import StrategyView
from qts.domain.market import to_vietnam
from qts.domain.orders import Status
from qts.domain.orders.conditional import ConditionalStatus

DAY_ORDERS_MAX: Final = 500
PLANS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Attention:
    """One line with a way to what it is about; `code` names its kind."""

    code: str
    tone: str
    text: str
    url: str


def attention(user: Any, account_ids: list[UUID], today: date, running: Iterable[StrategyView]) -> list[Attention]:
    """What weighs most first; empty when all is well."""
    of_day = orders.orders(account_ids, trading_day=today, limit=DAY_ORDERS_MAX)
    found = [
        _orders(Status.UNKNOWN, "bad", of_day),
        _failed([one for one in running if one.status == "FAILED"]),
        _orders(Status.REJECTED, "bad", of_day),
        _orders(Status.DENIED, "warn", of_day),
        _plans(account_ids, today),
        _waiting(of_day),
        _proposals(user),
    ]
    return [one for one in found if one is not None]


def _orders(status: Status, tone: str, of_day: list[OrderView]) -> Attention | None:
    count = sum(order.status is status for order in of_day)
    said = {
        Status.UNKNOWN: ngettext(
            "{count} order whose fate is not known yet", "{count} orders whose fate is not known yet", count
        ),
        Status.REJECTED: ngettext(
            "{count} order rejected by the exchange today", "{count} orders rejected by the exchange today", count
        ),
        Status.DENIED: ngettext(
            "{count} order refused by the risk gate today", "{count} orders refused by the risk gate today", count
        ),
    }
    address = f"{reverse('portal:orders')}?{urlencode({'show': 'today', 'status': status})}"
    return Attention(status, tone, said[status].format(count=count), address) if count else None


def _waiting(of_day: list[OrderView]) -> Attention | None:
    """Cancels that the exchange does not take now."""
    count = sum(order.is_working and order.cancel_waits for order in of_day)
    text = ngettext("{count} cancel waits for the exchange", "{count} cancels wait for the exchange", count)
    address = f"{reverse('portal:orders')}?show=open"
    return Attention("CANCEL_WAITS", "warn", text.format(count=count), address) if count else None


def _failed(failed: list[StrategyView]) -> Attention | None:
    names = ", ".join(one.name for one in failed)
    text = ngettext("Strategy failed: {names}", "Strategies failed: {names}", len(failed)).format(names=names)
    return Attention("STRATEGY_FAILED", "bad", text, reverse("portal:strategies")) if failed else None


def _plans(account_ids: list[UUID], today: date) -> Attention | None:
    kept = orders.conditional_orders(account_ids, limit=PLANS_MAX)
    count = sum(
        plan.status is ConditionalStatus.REFUSED and to_vietnam(plan.updated_at).date() == today for plan in kept
    )
    text = ngettext(
        "{count} conditional order refused when it triggered",
        "{count} conditional orders refused when they triggered",
        count,
    )
    address = f"{reverse('portal:conditional')}?show=all"
    return Attention("PLAN_REFUSED", "warn", text.format(count=count), address) if count else None


def _proposals(user: Any) -> Attention | None:
    if not has_role(user, *OFFICERS):
        return None
    count = len(risk.open_proposals())
    text = ngettext("{count} change waits for a second officer", "{count} changes wait for a second officer", count)
    return Attention("PROPOSALS", "info", text.format(count=count), reverse("portal:approvals")) if count else None
