"""Blocks over REST: see how one decision would be shared out over several accounts, then send it."""

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
from apps.orders.selectors import BlockView
from apps.orders.serializers import BreachOut, OrderOut
from apps.orders.services import Basis, BlockRequest
from apps.orders.services.blocks import ACCOUNTS_MAX
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.domain.orders import OrderRequest
from qts.domain.values import OrderType, Side
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer, WholeNumberField


class _OrderIn(StrictSerializer):
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=list(Side))
    order_type = serializers.ChoiceField(choices=list(OrderType), default=OrderType.LO)
    price_vnd = WholeNumberField(max_value=2**53, allow_null=True, default=None)

    def order(self, quantity: int, name: str) -> OrderRequest:
        given = self.validated_data
        return OrderRequest(
            given["symbol"], Side(given["side"]), OrderType(given["order_type"]), quantity, given["price_vnd"], name
        )


class BlockAccountIn(StrictSerializer):
    account_id = serializers.UUIDField()
    most = WholeNumberField(max_value=2**53, min_value=1, allow_null=True, default=None)


class BlockPartIn(StrictSerializer):
    account_id = serializers.UUIDField()
    quantity = WholeNumberField(max_value=2**53, min_value=1)


class BlockPreviewIn(_OrderIn):
    """`quantity` is that of the block; `most` what an account gets at most, null for what its cash or shares allow."""

    quantity = WholeNumberField(max_value=2**53, min_value=1)
    basis = serializers.ChoiceField(choices=list(Basis), default=Basis.WORTH)
    accounts = serializers.ListField(child=BlockAccountIn(), min_length=1, max_length=ACCOUNTS_MAX)


class BlockIn(_OrderIn):
    parts = serializers.ListField(child=BlockPartIn(), min_length=1, max_length=ACCOUNTS_MAX)


class BlockRowOut(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    weight = serializers.IntegerField()
    most = serializers.IntegerField()
    quantity = serializers.IntegerField()
    needed_vnd = serializers.IntegerField()
    breaches = BreachOut(many=True)


class BlockPreviewOut(serializers.Serializer[Any]):
    rows = BlockRowOut(many=True)
    wanted_quantity = serializers.IntegerField()
    allotted_quantity = serializers.IntegerField()
    passing_count = serializers.IntegerField()


class BlockPartOut(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    order = OrderOut(allow_null=True)
    filled_quantity = serializers.IntegerField()
    filled_value_vnd = serializers.IntegerField()
    difference_vnd = serializers.IntegerField(help_text="above the block's average price; they add up to 0")
    fee_vnd = serializers.IntegerField()
    tax_vnd = serializers.IntegerField()


class BlockOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client_order_id = serializers.CharField()
    status = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.CharField()
    order_type = serializers.CharField()
    price_vnd = serializers.IntegerField(allow_null=True)
    quantity = serializers.IntegerField()
    filled_quantity = serializers.IntegerField()
    filled_value_vnd = serializers.IntegerField()
    average_vnd = serializers.IntegerField(allow_null=True)
    parts = BlockPartOut(many=True)
    actor = serializers.CharField()
    placed_at = serializers.DateTimeField()


class BlockPreviewApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="blocks_preview", request=BlockPreviewIn, responses=BlockPreviewOut)
    def post(self, request: Request) -> Response:
        """How the block would be shared out, and what the gate says of each part now. Nothing is recorded or sent."""
        body = BlockPreviewIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        asked = tuple((one["account_id"], one["most"]) for one in given["accounts"])
        for account_id, _most in asked:
            refuse_untradable(request, account_id)
        wanted = BlockRequest(body.order(given["quantity"], ""), Basis(given["basis"]), asked)
        try:
            found = services.preview_block(wanted, actor=actor_of(request.user), now=market_now())
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        return Response(BlockPreviewOut(found).data)


class BlocksApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="blocks_list", responses=BlockOut(many=True))
    def get(self, request: Request) -> Response:
        """The latest blocks of which you may see every account."""
        mine = [account.id for account in accounts.accounts_of(request.user)]
        return Response(BlockOut(selectors.blocks(mine), many=True).data)

    @extend_schema(
        request=BlockIn,
        parameters=[key_parameter],
        responses={201: BlockOut, 422: OpenApiResponse(description="Refused as a whole")},
    )
    def post(self, request: Request) -> Response:
        """Send each part as an order of its account, through the gate. 201: a refused one is DENIED with reasons."""
        body = BlockIn(data=request.data)
        body.is_valid(raise_exception=True)
        rows = [(one["account_id"], one["quantity"]) for one in body.validated_data["parts"]]
        for account_id, _quantity in rows:
            refuse_untradable(request, account_id)
        name = client_order_id(request)
        order = body.order(sum(quantity for _id, quantity in rows), name)
        with refused_while_running(name):
            try:
                answer = services.submit_block(order, rows, actor=actor_of(request.user), now=market_now())
            except ValueError as error:
                raise serializers.ValidationError(str(error)) from error
        refuse_without(answer)
        return Response(BlockOut(_visible(request, answer.plan_id)).data, status=201)


class BlockApi(APIView):
    @extend_schema(operation_id="blocks_retrieve", responses=BlockOut)
    def get(self, request: Request, block_id: UUID) -> Response:
        """What became of each part, and how far each account is from the block's average price."""
        return Response(BlockOut(_visible(request, block_id)).data)


def _visible(request: Request, block_id: UUID | None) -> BlockView:
    found = selectors.block(block_id) if block_id else None
    mine = {account.id for account in accounts.accounts_of(request.user)}
    if found is None or not {part.account_id for part in found.parts} <= mine:
        raise Refused(RuleCode.PLAN_NOT_FOUND, Said("There is no such block."), status_code=404)
    return found
