"""The shapes of alerts, their rules, channels and deliveries in the REST API."""

from typing import Any

from rest_framework import serializers

from qts.web.serializers import StrictSerializer, WholeNumberField


class AlertOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    symbol = serializers.CharField(allow_blank=True)
    facts = serializers.DictField()
    note = serializers.CharField(allow_blank=True)
    fired_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class UnreadOut(serializers.Serializer[Any]):
    unread = serializers.IntegerField()


class AlertsReadIn(StrictSerializer):
    """Without `ids` all of them."""

    ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=1_000)


class AlertRuleOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    symbol = serializers.CharField(allow_blank=True)
    indicator = serializers.CharField(allow_blank=True)
    threshold = serializers.IntegerField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    cooldown_s = serializers.IntegerField()
    rearms = serializers.BooleanField()
    is_active = serializers.BooleanField()
    last_fired_at = serializers.DateTimeField(allow_null=True)
    channel_names = serializers.ListField(child=serializers.CharField())


class AlertRuleIn(StrictSerializer):
    """`threshold`: VND for prices, basis points for changes, thousandths for indicators, percent for news and
    predictions."""

    kind = serializers.CharField(max_length=20)
    symbol = serializers.CharField(max_length=20, default="", allow_blank=True)
    indicator = serializers.CharField(max_length=60, default="", allow_blank=True)
    threshold = WholeNumberField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=200, default="", allow_blank=True)
    cooldown_s = WholeNumberField(default=300)
    rearms = serializers.BooleanField(default=True)
    channel_ids = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=20)


class AlertRuleSwitchIn(StrictSerializer):
    is_active = serializers.BooleanField()


class AlertChannelOut(serializers.Serializer[Any]):
    """What opens it is not told."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    shown = serializers.CharField()
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_to = serializers.TimeField(allow_null=True)


class AlertChannelMadeOut(serializers.Serializer[Any]):
    """`secret` signs a webhook's messages. It is told this once."""

    id = serializers.UUIDField()
    secret = serializers.CharField(allow_blank=True)


class AlertChannelIn(StrictSerializer):
    """`target` is a mail address, a URL or a chat's id; `token` a bot's."""

    kind = serializers.CharField(max_length=10)
    name = serializers.CharField(max_length=60)
    target = serializers.CharField(max_length=500)
    token = serializers.CharField(max_length=200, default="", allow_blank=True)
    quiet_from = serializers.TimeField(required=False, allow_null=True, default=None)
    quiet_to = serializers.TimeField(required=False, allow_null=True, default=None)


class AlertDeliveryOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    alert_kind = serializers.CharField()
    symbol = serializers.CharField(allow_blank=True)
    channel_name = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField()
    trouble = serializers.CharField(allow_blank=True)
    sent_at = serializers.DateTimeField(allow_null=True)
