"""The shapes of limits and kill switches in the REST API."""

from typing import Any

from rest_framework import serializers

from qts.web.serializers import StrictSerializer


class LimitOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    scope = serializers.CharField()
    scope_id = serializers.CharField()
    limit = serializers.IntegerField()
    unit = serializers.CharField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()
    reason = serializers.CharField()
    changed_by = serializers.CharField()
    effective_at = serializers.DateTimeField()
    help_vi = serializers.CharField()
    help_en = serializers.CharField()


class LimitUseOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    scope = serializers.CharField()
    limit = serializers.IntegerField()
    actual = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    percent = serializers.IntegerField(allow_null=True)


class KillSwitchOut(serializers.Serializer[Any]):
    scope = serializers.CharField()
    is_engaged = serializers.BooleanField()
    allows_reducing = serializers.BooleanField()
    reason = serializers.CharField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField()


class KillSwitchIn(StrictSerializer):
    """`scope` is "firm", "account:<id>" or "strategy:<id>"; the reason is kept for good."""

    scope = serializers.CharField(max_length=80)
    engaged = serializers.BooleanField()
    reason = serializers.CharField(min_length=3, max_length=500)
