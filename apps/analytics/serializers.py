"""The shapes of patterns in the REST API. Prices in VND, times ISO 8601 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.analytics.selectors import Position
from qts.domain.market import Timeframe
from qts.quant.patterns import CHART_PATTERNS, candle_patterns_known
from qts.web.serializers import StrictSerializer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_of(position: Position) -> str:
    return f"{(position[0] - _EPOCH) // _MICROSECOND}-{position[1]}"


class PatternsQuery(StrictSerializer):
    """What is left out is not looked at. `cursor` is the `next` of the page before."""

    symbol = serializers.CharField(required=False, max_length=20)
    pattern = serializers.CharField(required=False, max_length=40)
    timeframe = serializers.ChoiceField(required=False, choices=[one.value for one in Timeframe])
    direction = serializers.ChoiceField(required=False, choices=[1, -1])
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    cursor = serializers.RegexField(r"^\d{1,17}-\d{1,18}$", required=False)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)

    def validate_pattern(self, name: str) -> str:
        if name not in CHART_PATTERNS and name not in candle_patterns_known():
            raise serializers.ValidationError(_("There is no pattern of that name; see docs/technical-analysis.md."))
        return name

    def asked(self) -> dict[str, Any]:
        """As `selectors.patterns` takes it."""
        given = dict(self.validated_data)
        asked: dict[str, Any] = {
            name: given[name] for name in ("timeframe", "direction", "since", "until") if name in given
        }
        if "symbol" in given:
            asked["symbols"] = [given["symbol"]]
        if "pattern" in given:
            asked["names"] = [given["pattern"]]
        if "cursor" in given:
            microseconds, row = given["cursor"].split("-")
            asked["before"] = (_EPOCH + int(microseconds) * _MICROSECOND, int(row))
        return asked | {"limit": given["limit"]}


class PatternOut(serializers.Serializer[Any]):
    """`direction` is 1 where the pattern speaks for higher prices, -1 for lower ones; `target_vnd` is null where it has
    no measure; `points` are [start of the bar in ms, price in VND] of what makes it."""

    id = serializers.IntegerField()
    symbol = serializers.CharField()
    timeframe = serializers.CharField()
    pattern = serializers.CharField()
    direction = serializers.IntegerField()
    confirmed_at = serializers.DateTimeField()
    level_vnd = serializers.IntegerField()
    target_vnd = serializers.IntegerField(allow_null=True)
    strength_percent = serializers.IntegerField()
    points = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    wal_position = serializers.CharField()


class PatternsOut(serializers.Serializer[Any]):
    """`next` is the cursor of the next page, null on the last one."""

    results = PatternOut(many=True)
    next = serializers.CharField(allow_null=True)
