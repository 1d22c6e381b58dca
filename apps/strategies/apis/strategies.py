"""Strategies, their decisions, and why an order exists, over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.orders import selectors as orders
from apps.risk.services import ApprovalRefused
from apps.sso.apis import IsPerson
from apps.sso.selectors import Role, actor_of, has_role
from apps.strategies import selectors, services
from apps.strategies.selectors import StrategyView
from apps.strategies.serializers import DecisionOut, ExplanationOut, FileOut, PromotionOut, StrategyOut, VersionOut
from qts.domain.errors import RuleCode, Said
from qts.web.errors import Refused, refused_for_reasons
from qts.web.said import told
from qts.web.serializers import StrictSerializer


class DecisionsQuery(StrictSerializer):
    strategy_id = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=500)


class StrategyIn(StrictSerializer):
    """`class_key` is an example's key or `file:NAME` of a file that was taken in. `decision_policy` says how its
    signals are weighed and sized: docs/decisions.md."""

    name = serializers.CharField(max_length=80)
    class_key = serializers.CharField(max_length=80)
    parameters = serializers.DictField(child=serializers.IntegerField(), default=dict)
    account_id = serializers.UUIDField()
    symbols = serializers.ListField(child=serializers.CharField(max_length=20), max_length=500)
    decision_policy = serializers.DictField(default=dict)


class VersionIn(StrictSerializer):
    content_hash = serializers.CharField(min_length=64, max_length=64)
    keeps_state = serializers.BooleanField(default=False)


class PolicyIn(StrictSerializer):
    decision_policy = serializers.DictField()


class ModeIn(StrictSerializer):
    """PAPER goes back at once; SHADOW and LIVE are proposed to a second person, with a reason."""

    mode = serializers.ChoiceField(choices=["PAPER", "SHADOW", "LIVE"])
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class PromotionIn(StrictSerializer):
    approve = serializers.BooleanField()
    content_hash = serializers.CharField(max_length=64, default="", allow_blank=True)
    reason = serializers.CharField(max_length=500)


class StrategiesApi(APIView):
    @extend_schema(operation_id="strategies_list", responses=StrategyOut(many=True))
    def get(self, request: Request) -> Response:
        """Strategies on the accounts that you may see."""
        return Response(StrategyOut(selectors.strategies(_account_ids(request)), many=True).data)

    @extend_schema(request=StrategyIn, responses={201: StrategyOut})
    def post(self, request: Request) -> Response:
        """Make a strategy, on paper and stopped."""
        given = _read(StrategyIn, request)
        if not accounts.may_trade(request.user, given["account_id"]):
            raise Refused("ACCOUNT_NOT_FOUND", Said("There is no such account that you may trade."), status_code=404)
        if given["class_key"] not in {one.class_key for one in selectors.choices()}:
            raise Refused("STRATEGY_REFUSED", Said("There is no strategy class {given!r}.", given=given["class_key"]))
        with _refusals():
            strategy_id = services.create_strategy(**given)
        return Response(StrategyOut(selectors.strategy(strategy_id)).data, status=201)


class StrategyVersionApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=VersionIn, responses=StrategyOut)
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """Let it go on with another version of its file, at once when it runs."""
        strategy, given = _own(request, strategy_id), _read(VersionIn, request)
        with _refusals():
            services.change_version(strategy.id, **given, actor=actor_of(request.user), now=market_now())
        return Response(StrategyOut(selectors.strategy(strategy.id)).data)


class StrategyPolicyApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=PolicyIn, responses=StrategyOut)
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """How its signals are weighed and sized from its next start on. Beyond paper it has to be promoted again."""
        strategy, given = _own(request, strategy_id), _read(PolicyIn, request)
        with _refusals():
            services.change_policy(
                strategy.id, given["decision_policy"], actor=actor_of(request.user), now=market_now()
            )
        return Response(StrategyOut(selectors.strategy(strategy.id)).data)


class StrategyModeApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=ModeIn, responses={200: StrategyOut, 202: PromotionOut})
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """Back to paper (200), or ask for the next mode (202, the promotion that a risk officer decides about)."""
        strategy, given = _own(request, strategy_id), _read(ModeIn, request)
        who, now = actor_of(request.user), market_now()
        with _refusals():
            if given["mode"] == "PAPER":
                services.take_back(strategy.id, mode="PAPER", actor=who, now=now)
                return Response(StrategyOut(selectors.strategy(strategy.id)).data)
            promotion_id = services.propose_promotion(strategy.id, **given, actor=who, now=now)
        return Response(PromotionOut(selectors.promotion(promotion_id)).data, status=202)


class StrategyFilesApi(APIView):
    @extend_schema(operation_id="strategy_files_list", responses=FileOut(many=True))
    def get(self, request: Request) -> Response:
        """The folder of strategies as it is now."""
        return Response(FileOut(selectors.files(), many=True).data)


class StrategyFileApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=None, responses=VersionOut)
    def post(self, request: Request, name: str) -> Response:
        """Check the file in a confined process and take it in as it is now; 422 says what is wrong in which line."""
        if not has_role(request.user, Role.TRADER, Role.ADMINISTRATOR):
            raise Refused("PERMISSION_DENIED", Said("Only a trader may take a file in."), status_code=403)
        with _refusals():
            content_hash = services.register_file(name, actor=actor_of(request.user), now=market_now())
        return Response(VersionOut(selectors.version(content_hash)).data)


class PromotionsApi(APIView):
    @extend_schema(operation_id="promotions_list", responses=PromotionOut(many=True))
    def get(self, request: Request) -> Response:
        """Of the strategies on the accounts that you may see, newest first."""
        return Response(PromotionOut(selectors.promotions(_account_ids(request)), many=True).data)


class PromotionApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=PromotionIn, responses=PromotionOut)
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Approve what somebody else proposed, or reject it; rejecting one's own takes it back."""
        found, given = selectors.promotion(promotion_id), _read(PromotionIn, request)
        if found is None or not accounts.may_view(request.user, found.account_id):
            raise Refused("PROMOTION_NOT_FOUND", Said("There is no such promotion on your accounts."), status_code=404)
        who, now, reason = actor_of(request.user), market_now(), given["reason"]
        with _refusals():
            if given["approve"]:
                seen = given["content_hash"]
                services.approve_promotion(promotion_id, seen_hash=seen, reason=reason, actor=who, now=now)
            else:
                services.reject_promotion(promotion_id, reason=reason, actor=who, now=now)
        return Response(PromotionOut(selectors.promotion(promotion_id)).data)


class StrategyStartApi(APIView):
    @extend_schema(request=None, responses=StrategyOut)
    def post(self, request: Request, strategy_id: UUID) -> Response:
        """Start it; it decides from the next closed bar on."""
        strategy = _own(request, strategy_id)
        with _refusals():
            services.start_strategy(strategy.id, actor=actor_of(request.user), now=market_now())
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
            raise Refused(RuleCode.ORDER_NOT_FOUND, Said("There is no such order."), status_code=404)
        explanation = selectors.explanation(order_id)
        if explanation is None:
            raise Refused("NOT_A_STRATEGY_ORDER", Said("A person placed this order."), status_code=404)
        return Response(ExplanationOut(explanation).data)


def _read(kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the services refuse, in the words of the API."""
    try:
        yield
    except services.StrategyRefused as refusal:
        raise refused_for_reasons("STRATEGY_REFUSED", refusal.problems) from refusal
    except ApprovalRefused as refusal:
        raise Refused(refusal.problem, told(refusal), status_code=409) from refusal


def _account_ids(request: Request) -> list[UUID]:
    return [account.id for account in accounts.accounts_of(request.user)]


def _own(request: Request, strategy_id: UUID) -> StrategyView:
    strategy = selectors.strategy(strategy_id)
    if strategy is None or not accounts.may_trade(request.user, strategy.account_id):
        raise Refused("STRATEGY_NOT_FOUND", Said("There is no such strategy on your accounts."), status_code=404)
    return strategy


def _stoppable(request: Request, strategy_id: UUID) -> StrategyView:
    strategy = selectors.strategy(strategy_id)
    if strategy is not None and has_role(request.user, Role.RISK_OFFICER, Role.ADMINISTRATOR):
        return strategy
    return _own(request, strategy_id)
