"""Many orders with one confirmation over REST: ask what would happen, then send them."""

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
from apps.orders.apis.access import client_order_id, key_parameter, refuse_untradable, refuse_without
from apps.orders.apis.once import refused_while_running
from apps.orders.selectors import BasketView
from apps.orders.serializers import BreachOut, OrderOut
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.domain.orders import OrderRequest
from qts.domain.orders.basket import ROWS_MAX
from qts.domain.values import OrderType, Side
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer, WholeNumberField


class BasketRowIn(StrictSerializer):
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=list(Side))
    order_type = serializers.ChoiceField(choices=list(OrderType), default=OrderType.LO)
    quantity = WholeNumberField(max_value=2**53)
    price_vnd = WholeNumberField(max_value=2**53, allow_null=True, default=None)


class BasketIn(StrictSerializer):
    account_id = serializers.UUIDField()
    rows = serializers.ListField(child=BasketRowIn(), min_length=1, max_length=ROWS_MAX)

    def to_requests(self) -> list[OrderRequest]:
        return [
            OrderRequest(
                symbol=row["symbol"],
                side=Side(row["side"]),
                order_type=OrderType(row["order_type"]),
                quantity=row["quantity"],
                price_vnd=row["price_vnd"],
                client_order_id="",
            )
            for row in self.validated_data["rows"]
        ]


class BasketRowOut(serializers.Serializer[Any]):
    would_pass = serializers.BooleanField()
    needed_vnd = serializers.IntegerField()
    breaches = BreachOut(many=True)


class BasketPreviewOut(serializers.Serializer[Any]):
    rows = BasketRowOut(many=True)
    passing_count = serializers.IntegerField()
    buy_vnd = serializers.IntegerField()
    sell_vnd = serializers.IntegerField()
    buying_power_vnd = serializers.IntegerField()


class BasketOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    client_order_id = serializers.CharField()
    status = serializers.CharField()
    row_count = serializers.IntegerField()
    orders = OrderOut(many=True)
    actor = serializers.CharField()
    placed_at = serializers.DateTimeField()


class BasketPreviewApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="baskets_preview", request=BasketIn, responses=BasketPreviewOut)
    def post(self, request: Request) -> Response:
        """What the gate would say of each row now, with what those before it need. Nothing is recorded or sent."""
        body = BasketIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        if not accounts.may_view(request.user, account_id):
            raise Refused(RuleCode.ACCOUNT_NOT_FOUND, Said("There is no such account."), status_code=404)
        found = services.preview_basket(
            account_id=account_id, requests=body.to_requests(), actor=actor_of(request.user), now=market_now()
        )
        rows = [
            {"would_pass": not row.breaches, "needed_vnd": row.needed_vnd, "breaches": row.breaches}
            for row in found.rows
        ]
        totals = {name: getattr(found, name) for name in ("passing_count", "buy_vnd", "sell_vnd", "buying_power_vnd")}
        return Response(BasketPreviewOut({"rows": rows, **totals}).data)


class BasketsApi(APIView):
    api_keys_may_write = True

    @extend_schema(
        request=BasketIn,
        parameters=[key_parameter],
        responses={201: BasketOut, 422: OpenApiResponse(description="Refused as a whole")},
    )
    def post(self, request: Request) -> Response:
        """Send every row, each through the gate. 201: each row has its order; a refused one is DENIED with reasons."""
        body = BasketIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        refuse_untradable(request, account_id)
        name = client_order_id(request)
        with refused_while_running(name):
            answer = services.submit_basket(
                account_id=account_id,
                requests=body.to_requests(),
                client_order_id=name,
                actor=actor_of(request.user),
                now=market_now(),
            )
        refuse_without(answer)
        return Response(BasketOut(_visible(request, answer.plan_id)).data, status=201)


class BasketApi(APIView):
    @extend_schema(responses=BasketOut)
    def get(self, request: Request, basket_id: UUID) -> Response:
        return Response(BasketOut(_visible(request, basket_id)).data)


def _visible(request: Request, basket_id: UUID | None) -> BasketView:
    found = selectors.basket(basket_id) if basket_id else None
    if found is None or not accounts.may_view(request.user, found.account_id):
        raise Refused(RuleCode.PLAN_NOT_FOUND, Said("There is no such basket."), status_code=404)
    return found
