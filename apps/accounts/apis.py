"""Accounts and positions over REST."""

from uuid import UUID

from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, services
from apps.accounts.serializers import AccountOut, BrokerCodeIn, BrokerLogInOut, PortfolioOut
from apps.accounts.services import LogInAnswer
from apps.configuration.services import LogInProblem
from apps.marketdata.selectors import market_now
from apps.sso.apis import IsPerson
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode
from qts.web.errors import Refused


class AccountsApi(APIView):
    @extend_schema(operation_id="accounts_list", responses=AccountOut(many=True))
    def get(self, request: Request) -> Response:
        """The accounts that you may see."""
        return Response(AccountOut(selectors.accounts_of(request.user), many=True).data)


class PositionsApi(APIView):
    @extend_schema(responses=PortfolioOut)
    def get(self, request: Request, account_id: UUID) -> Response:
        """Cash, positions and profit of one account at live marks."""
        if not selectors.may_view(request.user, account_id):
            raise Refused(RuleCode.ACCOUNT_NOT_FOUND, "There is no such account.", status_code=404)
        return Response(PortfolioOut(selectors.portfolio(account_id, market_now())).data)


_REFUSED = OpenApiResponse(description="Refused; the code says why. 503 where the broker cannot be reached")


class BrokerLogInsApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(operation_id="broker_log_ins_list", responses=BrokerLogInOut(many=True))
    def get(self, request: Request) -> Response:
        """Log-ins at the broker of the connections whose accounts you may trade; all of them for operators."""
        return Response(BrokerLogInOut(selectors.broker_log_ins(request.user), many=True).data)


class BrokerCodeRequestApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=None, responses={200: BrokerLogInOut, 422: _REFUSED})
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Have the broker send a one-time code by SMS or e-mail."""
        _refuse_unseen(request, connection_id)
        answer = services.request_broker_code(connection_id, actor=actor_of(request.user), now=timezone.now())
        return _answered(request, connection_id, answer)


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class BrokerCodeEntryApi(APIView):
    permission_classes = (IsPerson,)

    @extend_schema(request=BrokerCodeIn, responses={200: BrokerLogInOut, 422: _REFUSED})
    @sensitive_variables("body")
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Enter the one-time code: it opens the log-in for orders and is not kept. It takes no Idempotency-Key, for
        nothing that was computed from a code is kept either; a repeated code is refused."""
        _refuse_unseen(request, connection_id)
        body = BrokerCodeIn(data=request.data)
        body.is_valid(raise_exception=True)
        answer = services.enter_broker_code(
            connection_id, body.validated_data["code"], actor=actor_of(request.user), now=timezone.now()
        )
        return _answered(request, connection_id, answer)


def _refuse_unseen(request: Request, connection_id: UUID) -> None:
    if selectors.broker_log_in(request.user, connection_id) is None:
        raise Refused("BROKER_LOG_IN_NOT_FOUND", "There is no such broker connection.", status_code=404)


def _answered(request: Request, connection_id: UUID, answer: LogInAnswer) -> Response:
    found = BrokerLogInOut(selectors.broker_log_in(request.user, connection_id)).data
    if answer.problem is None:
        return Response(found)
    with translation.override("en"):
        sentence = str(services.LOG_IN_SENTENCES[answer.problem])
    context = {"broker_says": answer.told, "log_in": dict(found)}
    status = 503 if answer.problem == LogInProblem.BROKER_AWAY else 422
    raise Refused(answer.problem, sentence, context=context, status_code=status)
