"""How the days of a strategy compare with backtests and replays of them, over REST."""

from datetime import date
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.strategies import selectors
from apps.strategies.serializers import ParityDayOut, ParityOut
from qts.domain.errors import Said
from qts.web.errors import Refused


class ParityDaysApi(APIView):
    @extend_schema(operation_id="strategy_parity_list", responses=ParityOut(many=True))
    def get(self, request: Request, strategy_id: UUID) -> Response:
        """The measured days, newest first."""
        _look(request, strategy_id)
        return Response(ParityOut(selectors.parity_days(strategy_id), many=True).data)


class ParityDayApi(APIView):
    @extend_schema(operation_id="strategy_parity_retrieve", responses=ParityDayOut)
    def get(self, request: Request, strategy_id: UUID, day: str) -> Response:
        """One day (YYYY-MM-DD) with every difference and its cause."""
        _look(request, strategy_id)
        found = selectors.parity_day(strategy_id, parsed) if (parsed := _parsed(day)) else None
        if found is None:
            raise Refused("PARITY_NOT_MEASURED", Said("There is no parity of {day}.", day=day), status_code=404)
        return Response(ParityDayOut(found).data)


def _look(request: Request, strategy_id: UUID) -> None:
    strategy = selectors.strategy(strategy_id)
    if strategy is None or not accounts.may_view(request.user, strategy.account_id):
        raise Refused("STRATEGY_NOT_FOUND", Said("There is no such strategy on your accounts."), status_code=404)


def _parsed(day: str) -> date | None:
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None
