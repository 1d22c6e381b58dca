"""What would happen to an order: the gate is asked, and nothing of it stays."""

from datetime import datetime
from uuid import UUID

from apps.marketdata import selectors as marketdata
from apps.risk import services as risk
from qts.domain.errors import Breach
from qts.domain.orders import OrderIntent, OrderRequest
from qts.domain.values import Actor


def check_order(*, account_id: UUID, request: OrderRequest, actor: Actor, now: datetime) -> tuple[Breach, ...]:
    """All rules that the order would break now; empty: it would go out. Nothing is recorded, reserved or sent.

    Without the account's lock: a moment later the answer may be another one, and `submit_order` asks again.
    """
    security = marketdata.security(request.symbol)
    intent = OrderIntent(request, security.instrument if security else None)
    return risk.what_would_happen(account_id, intent, now, actor)
