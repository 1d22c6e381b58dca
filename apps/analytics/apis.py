"""Indicators, patterns and signals over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.analytics import selectors, services
from apps.analytics.serializers import (
    IndicatorKnownOut,
    IndicatorSeriesOut,
    IndicatorsQuery,
    PatternsOut,
    PatternsQuery,
    SignalsIn,
    SignalsOut,
    cursor_of,
)
from apps.marketdata.selectors import market_now, security
from apps.sso.apis import MayPublishSignals
from apps.sso.selectors import actor_of
from qts.domain.errors import RuleCode, Said
from qts.domain.market import Timeframe
from qts.quant.indicators import IndicatorUnknown, catalogue
from qts.web.errors import Refused
from qts.web.said import told


class PatternsApi(APIView):
    @extend_schema(operation_id="patterns_list", parameters=[PatternsQuery], responses=PatternsOut)
    def get(self, request: Request) -> Response:
        """Candlestick and chart patterns, newest first, of the last 30 days."""
        query = PatternsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.asked()
        found = selectors.patterns(**asked | {"limit": asked["limit"] + 1})
        page = found[: asked["limit"]]
        following = cursor_of(page[-1].position) if len(found) > len(page) else None
        return Response(PatternsOut({"results": page, "next": following}).data)


class SignalsApi(APIView):
    permission_classes = (MayPublishSignals,)

    @extend_schema(request=SignalsIn, responses={200: SignalsOut, 201: SignalsOut})
    def post(self, request: Request) -> Response:
        """Publish predictions or scores of the news about symbols: all of them are taken, or none (422 says which and
        why). The same signals again change nothing (200). Takes an API key that may publish signals, or an operator's
        log-in."""
        body = SignalsIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.given()
        try:
            recorded = services.publish_signals(given, actor=actor_of(request.user), now=market_now())
        except services.SignalsRefused as refusal:
            raise Refused("SIGNALS_REFUSED", told(refusal), context={"signals": refusal.problems}) from refusal
        answer = SignalsOut({"recorded": recorded, "known": len(given) - recorded})
        return Response(answer.data, status=201 if recorded else 200)


class IndicatorsApi(APIView):
    @extend_schema(operation_id="indicators_known", responses=IndicatorKnownOut(many=True))
    def get(self, _request: Request) -> Response:
        """Every indicator that can be asked for, with its numbers and their usual values."""
        return Response(IndicatorKnownOut(catalogue(), many=True).data)


class SymbolIndicatorsApi(APIView):
    @extend_schema(
        operation_id="indicators_of_symbol", parameters=[IndicatorsQuery], responses=IndicatorSeriesOut(many=True)
    )
    def get(self, request: Request, symbol: str) -> Response:
        """Indicators over a symbol's stored bars; 404 for an unlisted symbol, 422 for a name without meaning."""
        query = IndicatorsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        if security(symbol) is None:
            raise Refused(
                RuleCode.UNKNOWN_SYMBOL, Said("There is no security {symbol!r}.", symbol=symbol), status_code=404
            )
        asked = query.validated_data
        try:
            found = selectors.indicator_series(
                symbol, asked["names"], Timeframe(asked["timeframe"]), now=market_now(), limit=asked["limit"]
            )
        except IndicatorUnknown as error:
            raise Refused("INDICATOR_UNKNOWN", told(error)) from error
        return Response(IndicatorSeriesOut(found, many=True).data)
