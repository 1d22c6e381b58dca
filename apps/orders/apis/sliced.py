"""Large orders in parts over REST: icebergs and TWAPs."""

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
from apps.orders.apis.access import client_order_id, key_parameter, refuse_untradable, refuse_without, visible_accounts
from apps.orders.apis.once import refused_while_running, written_once
from apps.orders.selectors import SlicedView
from apps.orders.serializers import BreachOut
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.domain.orders import Status
from qts.domain.orders.slicing import SlicedStatus, SliceKind, SliceTerms
from qts.domain.values import Side
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer, WholeNumberField


class SliceOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    order_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=list(Status))
    quantity = serializers.IntegerField()
    filled_quantity = serializers.IntegerField()
    price_vnd = serializers.IntegerField(allow_null=True)


class SlicedOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    client_order_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(SliceKind))
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=list(Side))
    quantity = serializers.IntegerField()
    filled_quantity = serializers.IntegerField()
    price_vnd = serializers.IntegerField(allow_null=True)
    show_quantity = serializers.IntegerField(allow_null=True)
    slices = serializers.IntegerField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=list(SlicedStatus))
    reason = serializers.CharField()
    breaches = BreachOut(many=True)
    waits_for = serializers.CharField()
    parts = SliceOut(many=True)
    actor = serializers.CharField()
    placed_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SlicedIn(StrictSerializer):
    """An ICEBERG needs a price and what it shows; a TWAP its number of slices and its minutes of continuous trading,
    and goes out at the market without a price."""

    account_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(SliceKind))
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=list(Side))
    quantity = WholeNumberField(max_value=2**53)
    price_vnd = WholeNumberField(max_value=2**53, allow_null=True, default=None)
    show_quantity = WholeNumberField(max_value=2**53, allow_null=True, default=None)
    slices = WholeNumberField(max_value=2**31 - 1, allow_null=True, default=None)
    minutes = WholeNumberField(max_value=2**31 - 1, allow_null=True, default=None)

    def to_terms(self, name: str) -> SliceTerms:
        given = dict(self.validated_data)
        given.pop("account_id")
        given |= {"kind": SliceKind(given["kind"]), "side": Side(given["side"])}
        return SliceTerms(client_order_id=name, **given)


class SlicedQuery(StrictSerializer):
    account_id = serializers.UUIDField(required=False)
    symbol = serializers.CharField(required=False, max_length=20)
    active_only = serializers.BooleanField(default=False)
    limit = serializers.IntegerField(default=200, min_value=1, max_value=1_000)


class SlicedOrdersApi(APIView):
    api_keys_may_write = True

    @extend_schema(operation_id="sliced_orders_list", parameters=[SlicedQuery], responses=SlicedOut(many=True))
    def get(self, request: Request) -> Response:
        """Sliced orders of the accounts that you may see, newest first."""
        query = SlicedQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        given = dict(query.validated_data)
        account_ids = visible_accounts(request, given.pop("account_id", None))
        return Response(SlicedOut(selectors.sliced_orders(account_ids, **given), many=True).data)

    @extend_schema(
        request=SlicedIn,
        parameters=[key_parameter],
        responses={201: SlicedOut, 422: OpenApiResponse(description="Refused: every reason")},
    )
    def post(self, request: Request) -> Response:
        """Send a large order in parts. 201: its first part goes to the gate within a second of continuous trading."""
        body = SlicedIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        refuse_untradable(request, account_id)
        name = client_order_id(request)
        with refused_while_running(name):
            answer = services.place_sliced(
                account_id=account_id, terms=body.to_terms(name), actor=actor_of(request.user), now=market_now()
            )
        refuse_without(answer)
        return Response(SlicedOut(_visible(request, answer.plan_id)).data, status=201)


class SlicedOrderApi(APIView):
    @extend_schema(responses=SlicedOut)
    def get(self, request: Request, sliced_id: UUID) -> Response:
        return Response(SlicedOut(_visible(request, sliced_id)).data)


class SlicedOrderCancelApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=None, parameters=[key_parameter], responses={202: SlicedOut})
    @written_once
    def post(self, request: Request, sliced_id: UUID) -> Response:
        """Send nothing more of it and ask back what works."""
        found = _visible(request, sliced_id)
        refuse_without(services.cancel_sliced(sliced_id=found.id, actor=actor_of(request.user), now=market_now()))
        return Response(SlicedOut(_visible(request, sliced_id)).data, status=202)


def _visible(request: Request, sliced_id: UUID | None) -> SlicedView:
    found = selectors.sliced_order(sliced_id) if sliced_id else None
    if found is None or not accounts.may_view(request.user, found.account_id):
        raise Refused(RuleCode.PLAN_NOT_FOUND, Said("There is no such sliced order."), status_code=404)
    return found
