"""Conditional orders over REST: what QTS keeps until a price is reached or another order is done."""

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
from apps.orders.selectors import ConditionalView
from apps.orders.serializers import BreachOut
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.domain.orders import Status
from qts.domain.orders.conditional import (
    ConditionalKind,
    ConditionalStatus,
    ConditionalTerms,
    Direction,
    LegRole,
    LegState,
)
from qts.domain.values import Side
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer, WholeNumberField


class LegOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=list(LegRole))
    state = serializers.ChoiceField(choices=list(LegState))
    side = serializers.ChoiceField(choices=list(Side))
    quantity = serializers.IntegerField()
    limit_vnd = serializers.IntegerField(allow_null=True)
    direction = serializers.ChoiceField(choices=list(Direction), allow_blank=True)
    level_vnd = serializers.IntegerField()
    trail_vnd = serializers.IntegerField()
    step_vnd = serializers.IntegerField()
    waits_for = serializers.CharField()
    order_id = serializers.UUIDField(allow_null=True)
    order_status = serializers.ChoiceField(choices=list(Status), allow_null=True)
    filled_quantity = serializers.IntegerField()


class ConditionalOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    client_order_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=list(ConditionalKind))
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=list(Side))
    quantity = serializers.IntegerField()
    valid_until = serializers.DateField()
    status = serializers.ChoiceField(choices=list(ConditionalStatus))
    reason = serializers.CharField()
    breaches = BreachOut(many=True)
    entry_order_id = serializers.UUIDField(allow_null=True)
    entry_status = serializers.ChoiceField(choices=list(Status), allow_null=True)
    entry_filled_quantity = serializers.IntegerField()
    legs = LegOut(many=True)
    actor = serializers.CharField()
    placed_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def _price() -> WholeNumberField:
    return WholeNumberField(max_value=2**53, allow_null=True, default=None)


class ConditionalIn(StrictSerializer):
    """One conditional order; which prices a kind needs is told where they are missing. Prices are whole VND."""

    account_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(ConditionalKind))
    symbol = serializers.CharField(max_length=20)
    side = serializers.ChoiceField(choices=list(Side))
    quantity = WholeNumberField(max_value=2**53)
    valid_until = serializers.DateField()
    stop_vnd = _price()
    limit_vnd = _price()
    target_vnd = _price()
    trail_vnd = _price()
    step_vnd = _price()
    entry_vnd = _price()
    then_side = serializers.ChoiceField(choices=list(Side), allow_null=True, default=None)
    then_quantity = _price()
    then_vnd = _price()

    def to_terms(self, name: str) -> ConditionalTerms:
        given = dict(self.validated_data)
        given.pop("account_id")
        for field, kind in (("kind", ConditionalKind), ("side", Side), ("then_side", Side)):
            given[field] = None if given[field] is None else kind(given[field])
        return ConditionalTerms(client_order_id=name, **given)


class ConditionalQuery(StrictSerializer):
    account_id = serializers.UUIDField(required=False)
    symbol = serializers.CharField(required=False, max_length=20)
    active_only = serializers.BooleanField(default=False)
    limit = serializers.IntegerField(default=200, min_value=1, max_value=1_000)


class ConditionalsApi(APIView):
    api_keys_may_write = True

    @extend_schema(
        operation_id="conditional_orders_list", parameters=[ConditionalQuery], responses=ConditionalOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """Conditional orders of the accounts that you may see, newest first."""
        query = ConditionalQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        given = dict(query.validated_data)
        account_ids = visible_accounts(request, given.pop("account_id", None))
        return Response(ConditionalOut(selectors.conditional_orders(account_ids, **given), many=True).data)

    @extend_schema(
        request=ConditionalIn,
        parameters=[key_parameter],
        responses={201: ConditionalOut, 422: OpenApiResponse(description="Refused: every reason")},
    )
    def post(self, request: Request) -> Response:
        """Watch for a price or for another order. 201: it is watched; nothing is reserved before it triggers."""
        body = ConditionalIn(data=request.data)
        body.is_valid(raise_exception=True)
        account_id = body.validated_data["account_id"]
        refuse_untradable(request, account_id)
        name = client_order_id(request)
        with refused_while_running(name):
            answer = services.place_conditional(
                account_id=account_id, terms=body.to_terms(name), actor=actor_of(request.user), now=market_now()
            )
        refuse_without(answer)
        return Response(ConditionalOut(_visible(request, answer.plan_id)).data, status=201)


class ConditionalApi(APIView):
    @extend_schema(responses=ConditionalOut)
    def get(self, request: Request, conditional_id: UUID) -> Response:
        return Response(ConditionalOut(_visible(request, conditional_id)).data)


class ConditionalCancelApi(APIView):
    api_keys_may_write = True

    @extend_schema(request=None, parameters=[key_parameter], responses={202: ConditionalOut})
    @written_once
    def post(self, request: Request, conditional_id: UUID) -> Response:
        """Stop watching. An entry order that still works is asked back; orders that were released stay."""
        found = _visible(request, conditional_id)
        answer = services.cancel_conditional(conditional_id=found.id, actor=actor_of(request.user), now=market_now())
        refuse_without(answer)
        return Response(ConditionalOut(_visible(request, conditional_id)).data, status=202)


def _visible(request: Request, conditional_id: UUID | None) -> ConditionalView:
    found = selectors.conditional_order(conditional_id) if conditional_id else None
    if found is None or not accounts.may_view(request.user, found.account_id):
        raise Refused(RuleCode.PLAN_NOT_FOUND, Said("There is no such conditional order."), status_code=404)
    return found
