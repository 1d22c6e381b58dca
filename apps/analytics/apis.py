"""Patterns over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.analytics import selectors
from apps.analytics.serializers import PatternsOut, PatternsQuery, cursor_of


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
