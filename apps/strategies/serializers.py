"""The shapes of strategies and decisions in the REST API and on /ws/signals. Prices in VND, times ISO 8601 in UTC."""

from typing import Any

from rest_framework import serializers


class StrategyOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    class_key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    parameters = serializers.DictField(child=serializers.IntegerField())
    account_id = serializers.UUIDField()
    symbols = serializers.ListField(child=serializers.CharField())
    status = serializers.CharField()
    status_reason = serializers.CharField()
    status_changed_by = serializers.CharField()
    status_changed_at = serializers.DateTimeField(allow_null=True)
    mode = serializers.CharField()
    code_hash = serializers.CharField()


class PromotionOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    strategy_id = serializers.UUIDField()
    strategy_name = serializers.CharField()
    account_id = serializers.UUIDField()
    mode = serializers.CharField()
    binding = serializers.DictField()
    content_hash = serializers.CharField()
    reason = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    status = serializers.CharField()
    is_expired = serializers.BooleanField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()


class VersionOut(serializers.Serializer[Any]):
    """One version of a person's file, by the SHA-256 of its text."""

    content_hash = serializers.CharField()
    name = serializers.CharField()
    title = serializers.CharField()
    registered_by = serializers.CharField()
    registered_at = serializers.DateTimeField()


class FileOut(serializers.Serializer[Any]):
    """A file of the folder as it is now; `problem` says why it cannot be read."""

    name = serializers.CharField()
    content_hash = serializers.CharField()
    is_registered = serializers.BooleanField()
    versions = VersionOut(many=True)
    problem = serializers.CharField()


class DecisionOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    strategy_id = serializers.UUIDField()
    strategy_name = serializers.CharField()
    account_id = serializers.UUIDField()
    symbol = serializers.CharField()
    side = serializers.CharField()
    quantity = serializers.IntegerField()
    order_type = serializers.CharField()
    price_vnd = serializers.IntegerField(allow_null=True)
    signal = serializers.CharField()
    indicators = serializers.DictField(child=serializers.FloatField())
    indicators_previous = serializers.DictField(child=serializers.FloatField())
    wal_position = serializers.CharField()
    decided_at = serializers.DateTimeField()
    outcome = serializers.CharField()
    outcome_reason = serializers.CharField()
    order_id = serializers.UUIDField(allow_null=True)
    mode = serializers.CharField()
    code_hash = serializers.CharField()


class ExplanationOut(serializers.Serializer[Any]):
    """`raw_message` is null when the write-ahead log no longer holds it; `raw_trouble` says why."""

    decision = DecisionOut()
    raw_message = serializers.CharField(allow_null=True)
    raw_trouble = serializers.CharField()
