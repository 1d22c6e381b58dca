"""RiskManagementService over the same services as REST: reads the message, asks once, writes the answer."""

from uuid import UUID

import grpc
import structlog
from django.db import close_old_connections

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.orders.services import check_order
from apps.sso.selectors import actor_of
from qts.domain.errors import Breach, TransientError
from qts.domain.orders import OrderRequest
from qts.domain.values import OrderType, Side
from qts.rpc import risk_pb2, risk_pb2_grpc
from qts.rpc.sessions import user_of

log = structlog.get_logger(__name__)
_SIDES = {risk_pb2.SIDE_BUY: Side.BUY, risk_pb2.SIDE_SELL: Side.SELL}


class RiskManagement(risk_pb2_grpc.RiskManagementServiceServicer):
    def PreTradeCheck(  # noqa: N802 (the name in the contract)
        self, request: risk_pb2.PreTradeCheckRequest, context: grpc.ServicerContext
    ) -> risk_pb2.PreTradeCheckResponse:
        close_old_connections()
        try:
            return _check(request, context)
        except TransientError as error:
            log.warning("rpc.unavailable", reason=str(error))
            context.abort(grpc.StatusCode.UNAVAILABLE, "A server behind this one is away; try again.")
            raise
        finally:
            close_old_connections()


def _check(request: risk_pb2.PreTradeCheckRequest, context: grpc.ServicerContext) -> risk_pb2.PreTradeCheckResponse:
    user = user_of(dict(context.invocation_metadata()))
    if user is None:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "Log in with your second factor first.")
    try:
        account_id, order = UUID(request.account_id), _order(request)
    except (ValueError, KeyError) as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"This says no order: {error}")
    if not accounts.may_view(user, account_id):
        context.abort(grpc.StatusCode.NOT_FOUND, "There is no such account.")
    now = market_now()
    breaches = check_order(account_id=account_id, request=order, actor=actor_of(user), now=now)
    return risk_pb2.PreTradeCheckResponse(
        would_pass=not breaches,
        breaches=[_breach(breach) for breach in breaches],
        ts_market_ms=round(now.timestamp() * 1000),
    )


def _order(request: risk_pb2.PreTradeCheckRequest) -> OrderRequest:
    """Raises KeyError or ValueError for a side or an order type that there is not."""
    return OrderRequest(
        symbol=request.symbol,
        side=_SIDES[request.side],
        order_type=OrderType(request.order_type),
        quantity=request.quantity,
        price_vnd=request.price_vnd if request.HasField("price_vnd") else None,
        client_order_id="",
    )


def _breach(breach: Breach) -> risk_pb2.Breach:
    return risk_pb2.Breach(code=breach.code, limit=breach.limit, actual=breach.actual, detail=breach.detail)
