"""What would happen to an order: the gate is asked, and nothing of it stays."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from apps.marketdata import selectors as marketdata
from apps.orders.selectors import open_order_count
from apps.orders.services.access import may_trade
from apps.risk import services as risk
from qts.domain.errors import Breach, RuleCode
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import Actor


def check_order(*, account_id: UUID, request: OrderRequest, actor: Actor, now: datetime) -> tuple[Breach, ...]:
    """All rules that the order would break now; empty: it would go out. Nothing is recorded, reserved or sent.

    Without the account's lock: a moment later the answer may be another one, and `submit_order` asks again.
    """
    security = marketdata.security(request.symbol)
    intent = OrderIntent(request, security.instrument if security else None)
    with transaction.atomic():
        breaches = risk.pre_trade_check(
            account_id=account_id, intent=intent, now=now, open_order_count=open_order_count(account_id), actor=actor
        )
        transaction.set_rollback(True)  # the gate announces limits that are broken, and here none was
    if may_trade(actor, account_id):
        return breaches
    return (Breach(RuleCode.ACCOUNT_NOT_TRADABLE, detail="you may see this account, not trade it"), *breaches)
