"""The shapes of replays and preferences in the REST API. Times are ISO 8601 in UTC unless they say otherwise."""

from typing import Any

from rest_framework import serializers

from apps.marketdata.services.time_machine import ACTS
from apps.sso.services import PREFERENCES
from qts.adapters.time_machine.replays import Source, State
from qts.domain.market import SPEED_MAX, SPEED_MIN
from qts.web.serializers import StrictSerializer, WholeNumberField


class RecordingOut(serializers.Serializer[Any]):
    """`medium` log holds every message of the day, archive and store its matches alone."""

    day = serializers.DateField()
    medium = serializers.ChoiceField(choices=list(Source), source="source")
    is_whole = serializers.BooleanField()


class ReplayOut(serializers.Serializer[Any]):
    """`market` is the name for `/ws/markets?market=` and for the terminal's `--market`; `now` is the replay's time."""

    id = serializers.CharField()
    market = serializers.CharField()
    day = serializers.DateField()
    medium = serializers.ChoiceField(choices=list(Source), source="source")
    is_whole = serializers.BooleanField()
    owner = serializers.CharField()
    state = serializers.ChoiceField(choices=list(State))
    now = serializers.DateTimeField()
    percent = serializers.IntegerField()
    speed = serializers.IntegerField()
    is_behind = serializers.BooleanField()
    is_silent = serializers.BooleanField()
    restarts = serializers.IntegerField()
    detail = serializers.CharField()


class ReplayIn(StrictSerializer):
    """A day to play; `at` is the time of day in Vietnam to begin at, left out: the first message."""

    day = serializers.DateField()
    speed = WholeNumberField(min_value=SPEED_MIN, max_value=SPEED_MAX, default=SPEED_MIN)
    at = serializers.TimeField(allow_null=True, default=None)


class ReplayActIn(StrictSerializer):
    """`speed` goes with speed, `at` (time of day in Vietnam) with seek."""

    act = serializers.ChoiceField(choices=list(ACTS))
    speed = WholeNumberField(min_value=SPEED_MIN, max_value=SPEED_MAX, default=SPEED_MIN)
    at = serializers.TimeField(allow_null=True, default=None)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["act"] == "seek" and given["at"] is None:
            raise serializers.ValidationError({"at": ["Name the time of day to go to."]})
        if given["act"] == "speed" and "speed" not in self.initial_data:
            raise serializers.ValidationError({"speed": ["Name a speed."]})
        return given


class PreferencesIn(StrictSerializer):
    language = serializers.ChoiceField(choices=PREFERENCES["language"], required=False, allow_blank=True)
    theme = serializers.ChoiceField(choices=PREFERENCES["theme"], required=False, allow_blank=True)
    density = serializers.ChoiceField(choices=PREFERENCES["density"], required=False, allow_blank=True)
