"""Accounts and positions over REST."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors
from apps.accounts.serializers import AccountOut, PortfolioOut
from apps.marketdata.selectors import market_now
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
