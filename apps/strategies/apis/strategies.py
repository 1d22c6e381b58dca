"""Strategies, their decisions, and why an order exists, over REST."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.orders import selectors as orders
from apps.sso.selectors import Role, actor_of, has_role
from apps.strategies import selectors, services
from apps.strategies.selectors import StrategyView
from apps.strategies.serializers import DecisionOut, ExplanationOut, StrategyOut
from qts.domain.errors import RuleCode
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer


class DecisionsQuery(StrictSerializer):
    strategy_id = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)


class StrategiesApi(APIView):
    @extend_schema(operation_id="strategies_list", responses=StrategyOut(many=True))
    def get(self, request: Request) -> Response:
        """Strategies on the accounts that you may see."""
        return Response(StrategyOut(selectors.strategies(_account_ids(request)), many=True).data)


class StrategyStartApi(APIView):
    @extend_schema(request=None, responses=StrategyOut)
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """Start it; it decides from the next closed bar on."""
        strategy = _own(request, strategy_id)
        try:
            services.start_strategy(strategy.id, actor=actor_of(request.user), now=market_now())
        except services.StrategyRefused as refusal:
            raise Refused("STRATEGY_REFUSED", str(refusal), context={"problems": refusal.problems}) from refusal
        return Response(StrategyOut(selectors.strategy(strategy.id)).data)


class StrategyStopApi(APIView):
    @extend_schema(request=None, responses=StrategyOut)
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """Stop it at once and cancel its working orders. A risk officer may stop any."""
        strategy = _stoppable(request, strategy_id)
        services.stop_strategy(strategy.id, actor=actor_of(request.user), now=market_now())
        return Response(StrategyOut(selectors.strategy(strategy.id)).data)


class DecisionsApi(APIView):
    @extend_schema(operation_id="decisions_list", parameters=[DecisionsQuery], responses=DecisionOut(many=True))
    def get(self, request: Request) -> Response:
        """Decisions, newest first, also those that came to no order."""
        query = DecisionsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = selectors.decisions(account_ids=_account_ids(request), **query.validated_data)
        return Response(DecisionOut(found, many=True).data)


class OrderExplanationApi(APIView):
    @extend_schema(responses=ExplanationOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        """The decision behind an order and the market message behind the decision."""
        order = orders.order(order_id)
        if order is None or not accounts.may_view(request.user, order.account_id):
            raise Refused(RuleCode.ORDER_NOT_FOUND, "There is no such order.", status_code=404)
        explanation = selectors.explanation(order_id)
        if explanation is None:
            raise Refused("NOT_A_STRATEGY_ORDER", "A person placed this order.", status_code=404)
        return Response(ExplanationOut(explanation).data)


def _account_ids(request: Request) -> list[UUID]:
    return [account.id for account in accounts.accounts_of(request.user)]


def _own(request: Request, strategy_id: UUID) -> StrategyView:
    strategy = selectors.strategy(strategy_id)
    if strategy is None or not accounts.may_trade(request.user, strategy.account_id):
        raise Refused("STRATEGY_NOT_FOUND", "There is no such strategy on your accounts.", status_code=404)
    return strategy


def _stoppable(request: Request, strategy_id: UUID) -> StrategyView:
    strategy = selectors.strategy(strategy_id)
    if strategy is not None and has_role(request.user, Role.RISK_OFFICER, Role.ADMINISTRATOR):
        return strategy
    return _own(request, strategy_id)
