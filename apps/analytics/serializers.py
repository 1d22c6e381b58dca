"""The shapes of patterns and signals in the REST API. Prices in VND, times ISO 8601 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.analytics.selectors import VALID_S_MAX, Position
from apps.analytics.services import GivenSignal
from qts.domain.market import Timeframe
from qts.quant.patterns import CHART_PATTERNS, candle_patterns_known
from qts.web.serializers import StrictSerializer, WholeNumberField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SIGNALS_PER_REQUEST_MAX = 500
DAY_S = 86_400


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


class SignalIn(StrictSerializer):
    """`signal_id` is your own name for it: say the same again and nothing is counted twice. `made_at` is market time;
    it holds for `valid_s` after that."""

    signal_id = serializers.RegexField(r"^[A-Za-z0-9._:-]{1,64}$")
    source = serializers.ChoiceField(choices=["prediction", "sentiment"])  # type: ignore[assignment]  # a field, here
    symbol = serializers.CharField(max_length=20)
    name = serializers.RegexField(r"^[a-z][a-z0-9_]{0,39}$")
    direction = WholeNumberField(min_value=-1, max_value=1)
    strength_percent = WholeNumberField(min_value=0, max_value=100)
    value = serializers.DecimalField(max_digits=18, decimal_places=6)
    made_at = serializers.DateTimeField()
    valid_s = WholeNumberField(min_value=1, max_value=VALID_S_MAX, default=DAY_S)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class SignalsIn(StrictSerializer):
    signals = serializers.ListField(child=SignalIn(), min_length=1, max_length=SIGNALS_PER_REQUEST_MAX)

    def given(self) -> list[GivenSignal]:
        return [GivenSignal(**one) for one in self.validated_data["signals"]]


class SignalsOut(serializers.Serializer[Any]):
    """`recorded` are new, `known` came before."""

    recorded = serializers.IntegerField()
    known = serializers.IntegerField()


INDICATORS_PER_REQUEST_MAX = 8


class IndicatorsQuery(StrictSerializer):
    """`names` are comma separated, such as `sma_20,bbands_20_2_upper,rsi_14`, of bars of the `timeframe`'s length."""

    names = serializers.CharField(max_length=400)
    timeframe = serializers.ChoiceField(choices=[one.value for one in Timeframe], default=Timeframe.MINUTE.value)
    limit = serializers.IntegerField(default=500, min_value=1, max_value=2_000)

    def validate_names(self, given: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
        if len(names) > INDICATORS_PER_REQUEST_MAX:
            raise serializers.ValidationError(_("At most 8 indicators at once."))
        return names


class IndicatorSeriesOut(serializers.Serializer[Any]):
    """`points` are [start of the bar in ms, value]; values of an indicator that `is_price` are VND."""

    name = serializers.CharField()
    is_price = serializers.BooleanField()
    points = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class IndicatorKnownOut(serializers.Serializer[Any]):
    """What names may begin with: `sma` with `numbers` [["timeperiod", 30]] is written `sma_30`; of several `outputs`
    the name ends in one, and "" is the one that needs no word."""

    function = serializers.CharField()
    title = serializers.CharField()
    numbers = serializers.ListField(child=serializers.ListField())
    outputs = serializers.ListField(child=serializers.CharField(allow_blank=True))
