"""Securities, quotes and bars over REST."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.marketdata import selectors
from apps.marketdata.selectors import SecurityView
from apps.marketdata.serializers import BarOut, BarsQuery, QuoteAnswerOut, QuoteOut, QuotesQuery, SecurityOut
from qts.domain.errors import RuleCode, Said
from qts.web.errors import Refused


def _known(symbol: str) -> SecurityView:
    security = selectors.security(symbol)
    if security is None:
        raise Refused(RuleCode.UNKNOWN_SYMBOL, Said("There is no security {symbol!r}.", symbol=symbol), status_code=404)
    return security


class SecuritiesApi(APIView):
    @extend_schema(operation_id="securities_list", responses=SecurityOut(many=True))
    def get(self, _request: Request) -> Response:
        """All active securities, by symbol."""
        return Response(SecurityOut(selectors.securities(), many=True).data)


class SecurityApi(APIView):
    @extend_schema(responses=SecurityOut)
    def get(self, _request: Request, symbol: str) -> Response:
        """One security; 404 with UNKNOWN_SYMBOL when there is none."""
        return Response(SecurityOut(_known(symbol)).data)


class QuotesApi(APIView):
    @extend_schema(operation_id="quotes_list", parameters=[QuotesQuery], responses=QuoteAnswerOut(many=True))
    def get(self, request: Request) -> Response:
        """The latest quote of each symbol, and whether the stream that tells quotes is heard."""
        query = QuotesQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        known = {security.symbol for security in selectors.securities()}
        symbols = query.validated_symbols() or sorted(known)
        unknown = [symbol for symbol in symbols if symbol not in known]
        if unknown:
            context: dict[str, Any] = {"symbols": unknown}
            raise Refused(
                RuleCode.UNKNOWN_SYMBOL, Said("Unknown: {unknown}.", unknown=", ".join(unknown[:10])), context=context
            )
        quotes = selectors.live_quotes(symbols).values()
        stream = selectors.stream_status()
        told = {"stream_state": stream.state, "stream_age_ms": stream.age_ms}
        return Response([quote | told for quote in QuoteOut(quotes, many=True).data])


class BarsApi(APIView):
    @extend_schema(operation_id="bars_list", parameters=[BarsQuery], responses=BarOut(many=True))
    def get(self, request: Request, symbol: str) -> Response:
        """The newest closed bars of a range, oldest first; a window without a match has none.

        Where there may be older ones, the header `Link` has the address of the page before (rel="next").
        """
        query = BarsQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.series()
        try:
            bars = selectors.bar_series(_known(symbol).symbol, **asked)
        except selectors.AdjustmentUnknown as error:
            raise Refused(
                "ADJUSTMENT_UNKNOWN", Said("{error}. Ask for raw prices, or for its older history.", error=error)
            ) from error
        headers = {}
        if len(bars) == asked["limit"]:
            before = request.query_params.dict() | {"cursor": BarsQuery.cursor_before(bars[0].starts_at)}
            headers["Link"] = f'<{request.build_absolute_uri(request.path)}?{urlencode(before)}>; rel="next"'
        return Response(BarOut(bars, many=True).data, headers=headers)
