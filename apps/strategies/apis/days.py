"""What a strategy heard and decided on a day, over REST."""

from dataclasses import fields
from datetime import date
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.marketdata.selectors import board_day, market_now
from apps.strategies import selectors
from apps.strategies.serializers import StrategyDayOut
from qts.domain.errors import Said
from qts.domain.market import FIRST_TRADING_DAY
from qts.web.errors import Refused
from qts.web.serializers import StrictSerializer


class DayQuery(StrictSerializer):
    day = serializers.DateField(required=False)
    symbol = serializers.CharField(max_length=20, default="", allow_blank=True)

    def validate_day(self, day: date) -> date:
        if day < FIRST_TRADING_DAY:
            raise serializers.ValidationError(f"The first trading day was {FIRST_TRADING_DAY}.")
        return day


class StrategyDayApi(APIView):
    @extend_schema(operation_id="strategies_day", parameters=[DayQuery], responses=StrategyDayOut)
    def get(self, request: Request, strategy_id: UUID) -> Response:
        """Why it did what it did on a trading day, today if none is named, and above all why it did nothing."""
        query = DayQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        strategy = selectors.strategy(strategy_id)
        if strategy is None or not accounts.may_view(request.user, strategy.account_id):
            raise Refused("STRATEGY_NOT_FOUND", Said("There is no such strategy on your accounts."), status_code=404)
        symbol = query.validated_data["symbol"].upper()
        if symbol and symbol not in strategy.symbols:
            raise Refused(
                "SYMBOL_NOT_TRADED", Said("This strategy does not trade {symbol}.", symbol=symbol), status_code=404
            )
        day = query.validated_data.get("day") or board_day()
        found = selectors.strategy_day(strategy, day, market_now(), symbol=symbol)
        told = {field.name: getattr(found, field.name) for field in fields(found)}
        return Response(StrategyDayOut(told | {"findings": selectors.findings(found)}).data)
