"""Orders and fills over REST. Every write needs an `Idempotency-Key`: repeating a request repeats the answer."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.orders import selectors, services
from apps.orders.apis.access import client_order_id, key_parameter, refusal, refuse_untradable, visible_accounts
from apps.orders.apis.once import refused_while_running, reused, written_once
from apps.orders.selectors import OrderView
from apps.orders.serializers import (
    AmendIn,
    CancelAllIn,
    CancelAllOut,
    FillOut,
    OrderCheckOut,
    OrderIn,
    OrderOut,
    ReplaceIn,
)
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer


class OrdersQuery(StrictSerializer):
    account_id = serializers.UUIDField(required=False)
    symbol = serializers.CharField(required=False, max_length=20)
    open_only = serializers.BooleanField(default=False)
    trading_day = serializers.DateField(required=False)
    limit = serializers.IntegerField(default=200, min_value=1, max_value=1_000)


class FillsQuery(StrictSerializer):
    account_id = serializers.UUIDField(required=False)
    order_id = serializers.UUIDField(required=False)
    trading_day = serializers.DateField(required=False)
    limit = serializers.IntegerField(default=500, min_value=1, max_value=5_000)


class OrdersApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="orders_list", parameters=[OrdersQuery], responses=OrderOut(many=True))
    def get(self, request: Request) -> Response:
        """Orders of the accounts that you may see, newest first."""
        query = OrdersQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        given = dict(query.validated_data)
        account_ids = visible_accounts(request, given.pop("account_id", None))
        return Response(OrderOut(selectors.orders(account_ids, **given), many=True).data)

    @extend_schema(
        request=OrderIn,
        parameters=[key_parameter],
        responses={201: OrderOut, 422: OpenApiResponse(description="Refused: every broken rule with limit and actual")},
    )
    def post(self, request: Request) -> Response:
        """Place one order. 201: it passed the gate and is on its way; what the exchange says comes as its status."""
        body = OrderIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        refuse_untradable(request, account_id)
        name = client_order_id(request)
        with refused_while_running(name):
            if selectors.is_named(name, [one for one in visible_accounts(request, None) if one != account_id]):
                raise reused()  # a name is kept for each account: the same wish for another one would be a second order
            done = services.submit_order(
                account_id=account_id,
                request=body.to_request(name),
                actor=actor_of(request.user),
                now=market_now(),
            )
        if not done.accepted or done.order_id is None:
            raise refusal(done.breaches, order_id=done.order_id)
        return Response(OrderOut(selectors.order(done.order_id)).data, status=201)


class OrderCheckApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="risk_check", request=OrderIn, responses=OrderCheckOut)
    def post(self, request: Request) -> Response:
        """What would happen to an order now: every rule that it would break. Nothing is recorded or sent."""
        body = OrderIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        if not accounts.may_view(request.user, account_id):
            raise Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."), status_code=404)
        breaches = services.check_order(
            account_id=account_id, request=body.to_request(""), actor=actor_of(request.user), now=market_now()
        )
        return Response(OrderCheckOut({"would_pass": not breaches, "breaches": breaches}).data)


class OrderApi(APIView):
    @extend_schema(responses=OrderOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(OrderOut(_visible_order(request, order_id)).data)


class OrderCancelApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=None, parameters=[key_parameter], responses={202: OrderOut})
    @written_once
    def post(self, request: Request, order_id: UUID) -> Response:
        """Ask for a cancel. 202: it will be sent, or waits for a session that allows it; fills may still come."""
        order = _visible_order(request, order_id)
        answer = services.request_cancel(order_id=order.id, actor=actor_of(request.user), now=market_now())
        if not answer.accepted:
            raise refusal(answer.breaches, order_id=order.id)
        return Response(OrderOut(selectors.order(order.id)).data, status=202)


class OrderAmendApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=AmendIn, parameters=[key_parameter], responses={202: OrderOut})
    @written_once
    def post(self, request: Request, order_id: UUID) -> Response:
        """Ask for another quantity or limit price. 202: it will be sent, or waits for a session that takes it; until
        the exchange confirms it the old terms hold."""
        body = AmendIn(data=request.data)
        body.is_valid(raise_exception=True)
        order = _visible_order(request, order_id)
        answer = services.request_amend(
            order_id=order.id, **body.validated_data, actor=actor_of(request.user), now=market_now()
        )
        if not answer.accepted:
            raise refusal(answer.breaches, order_id=order.id)
        return Response(OrderOut(selectors.order(order.id)).data, status=202)


class OrderReplaceApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=ReplaceIn, parameters=[key_parameter], responses={201: OrderOut})
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel the order and place another in its stead once it is over; answered with the new one. For what the
        exchange does not amend: price and quantity together."""
        body = ReplaceIn(data=request.data)
        body.is_valid(raise_exception=True)
        order = _visible_order(request, order_id)
        name = client_order_id(request)
        with refused_while_running(name):
            done = services.request_replace(
                order_id=order.id,
                **body.validated_data,
                client_order_id=name,
                actor=actor_of(request.user),
                now=market_now(),
            )
        if not done.accepted or done.order_id is None:
            raise refusal(done.breaches, order_id=done.order_id)
        return Response(OrderOut(selectors.order(done.order_id)).data, status=201)


class OrdersCancelApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=CancelAllIn, parameters=[key_parameter], responses={202: CancelAllOut})
    @written_once
    def post(self, request: Request) -> Response:
        """Cancel every working order of an account, in a symbol, of a strategy, on a side, or any mixture of these; and
        end the conditional and sliced orders of the same."""
        body = CancelAllIn(data=request.data)
        body.is_valid(raise_exception=True)
        chosen = body.validated_data
        if chosen["account_id"] is not None:
            refuse_untradable(request, chosen["account_id"])
        mine = {account.id for account in accounts.accounts_to_trade(request.user)}
        wanted = {"symbol": chosen["symbol"], "strategy_id": chosen["strategy_id"], "side": chosen["side"]}
        named = [chosen["account_id"]] if chosen["account_id"] else sorted(mine)
        asked: dict[str, Any] = {"reason": "cancel all", "actor": actor_of(request.user), "now": market_now()}
        kept = services.cancel_kept(account_ids=named, **wanted, **asked)
        order_ids = [found for one in named for found in selectors.working_order_ids(account_id=one, **wanted)]
        answers = services.cancel_orders(order_ids=order_ids, **asked)
        told = {
            "kept": kept,
            "asked": sum(answer.accepted for answer in answers),
            "waiting": sum(answer.waits for answer in answers),
            "refused": [answer.order_id for answer in answers if not answer.accepted],
        }
        return Response(CancelAllOut(told).data, status=202)


class FillsApi(APIView):
    @extend_schema(operation_id="fills_list", parameters=[FillsQuery], responses=FillOut(many=True))
    def get(self, request: Request) -> Response:
        """Fills of the accounts that you may see, newest first."""
        query = FillsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        given = dict(query.validated_data)
        account_ids = visible_accounts(request, given.pop("account_id", None))
        return Response(FillOut(selectors.fills(account_ids, **given), many=True).data)


def _visible_order(request: Request, order_id: UUID) -> OrderView:
    order = selectors.order(order_id)
    if order is None or not accounts.may_view(request.user, order.account_id):
        raise Refused(RuleCode.ORDER_NOT_FOUND, Said("There is no such order."), status_code=404)
    return order
