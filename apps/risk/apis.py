"""Limits, their use, and the kill switches over REST. Limits are changed in the admin site, which keeps the reason."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import market_now
from apps.risk import selectors, services
from apps.risk.serializers import KillSwitchIn, KillSwitchOut, LimitOut, LimitUseOut
from apps.sso.apis import IsRiskOfficer, IsVerified
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, TerminalError
from qts.web.errors import Refused


class LimitsApi(APIView):
    @extend_schema(operation_id="limits_list", responses=LimitOut(many=True))
    def get(self, request: Request) -> Response:
        """The limits in force, newest version each."""
        return Response(LimitOut(selectors.visible_limits(request.user), many=True).data)


class LimitUseApi(APIView):
    @extend_schema(operation_id="limit_use_list", responses=LimitUseOut(many=True))
    def get(self, request: Request, account_id: UUID) -> Response:
        """How much of each limit an account uses now."""
        if not accounts.may_view(request.user, account_id):
            raise Refused(RuleCode.ACCOUNT_NOT_FOUND, "There is no such account.", status_code=404)
        return Response(LimitUseOut(selectors.limit_use(account_id, market_now()), many=True).data)


class KillSwitchesApi(APIView):
    def get_permissions(self) -> list[BasePermission]:
        return [IsRiskOfficer() if self.request.method == "POST" else IsVerified()]

    @extend_schema(operation_id="kill_switches_list", responses=KillSwitchOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(KillSwitchOut(selectors.visible_kill_switches(request.user), many=True).data)

    @extend_schema(request=KillSwitchIn, responses=KillSwitchOut(many=True))
    def post(self, request: Request) -> Response:
        """Engage or release; answers with all switches. Engaging cancels the working orders of the scope."""
        body = KillSwitchIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        change = services.engage_kill_switch if given["engaged"] else services.release_kill_switch
        try:
            change(scope=given["scope"], reason=given["reason"], actor=actor_of(request.user), now=market_now())
        except TerminalError as error:
            raise Refused("INVALID_INPUT", str(error), status_code=400) from error
        return Response(KillSwitchOut(selectors.kill_switches(), many=True).data)
