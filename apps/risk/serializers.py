"""The shapes of limits, kill switches and what waits for a second officer in the REST API."""

from typing import Any

from rest_framework import serializers

from apps.risk.selectors import names_something
from qts.domain.risk import LIMIT_CODES
from qts.web.serializers import StrictSerializer, WholeNumberField


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
    approved_by = serializers.CharField(allow_blank=True)
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


class ArmingIn(StrictSerializer):
    act = serializers.ChoiceField(choices=["arm", "disarm", "override"])
    reason = serializers.CharField(min_length=3, max_length=500)


class ArmingOut(serializers.Serializer[Any]):
    is_armed = serializers.BooleanField()
    how = serializers.CharField()
    reason = serializers.CharField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField()


class PreOpenCheckOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    state = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)


class PreOpenOut(serializers.Serializer[Any]):
    trading_day = serializers.DateField()
    may_trade = serializers.BooleanField()
    arming = ArmingOut(allow_null=True)
    checks = PreOpenCheckOut(many=True)


class KillSwitchOut(serializers.Serializer[Any]):
    scope = serializers.CharField()
    is_engaged = serializers.BooleanField()
    allows_reducing = serializers.BooleanField()
    reason = serializers.CharField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField()


class KillSwitchIn(StrictSerializer):
    """`scope` is "firm", "account:<id>", "strategy:<id>", "symbol:SSI", "exchange:HOSE" or "user:<id>"; the reason is
    kept for good. `flatten` asks for sales of everything that can be sold, and lets them pass."""

    scope = serializers.CharField(max_length=80)
    engaged = serializers.BooleanField()
    allows_reducing = serializers.BooleanField(default=False)
    flatten = serializers.BooleanField(default=False)
    reason = serializers.CharField(min_length=3, max_length=500)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A stop of nothing would look like one; to let go of one is always possible."""
        if attrs["engaged"] and not names_something(attrs["scope"]):
            raise serializers.ValidationError({"scope": ["There is none of that name."]})
        return attrs


class LimitIn(StrictSerializer):
    """`seen_version` is the version that was read, 0 for a limit that was never set."""

    code = serializers.ChoiceField(choices=[str(code) for code in LIMIT_CODES])
    scope = serializers.CharField(max_length=10, default="firm")
    scope_id = serializers.CharField(max_length=64, default="", allow_blank=True)
    limit = WholeNumberField(min_value=0)
    is_active = serializers.BooleanField(default=True)
    seen_version = WholeNumberField(min_value=0)
    effective_at = serializers.DateTimeField(default=None, allow_null=True)
    reason = serializers.CharField(min_length=5, max_length=500)


class ProposalOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())
    content_hash = serializers.CharField()
    reason = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    expires_at_wall = serializers.DateTimeField()
    status = serializers.CharField()
    is_expired = serializers.BooleanField()
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)


class DecisionIn(StrictSerializer):
    """`content_hash` is the one of the proposal that was read: only that is agreed to."""

    approve = serializers.BooleanField()
    content_hash = serializers.CharField(max_length=64)
    reason = serializers.CharField(min_length=5, max_length=500)


class HoldOut(serializers.Serializer[Any]):
    scope = serializers.CharField()
    cause = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField()
    changed_at = serializers.DateTimeField()
