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
    decision_policy = serializers.JSONField()


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


class InputOut(serializers.Serializer[Any]):
    """A signal that was looked at, or a source that said nothing; `state` says what was made of it."""

    source = serializers.CharField()  # type: ignore[assignment]  # a field, here
    name = serializers.CharField()
    signal_id = serializers.CharField()
    direction = serializers.IntegerField()
    strength_percent = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    ts_ms = serializers.IntegerField(allow_null=True)
    age_s = serializers.IntegerField(allow_null=True)
    age_s_max = serializers.IntegerField(allow_null=True)
    weight = serializers.IntegerField(allow_null=True)
    strength_percent_min = serializers.IntegerField(allow_null=True)
    state = serializers.CharField()
    reason = serializers.CharField()


class OutcomeOut(serializers.Serializer[Any]):
    """What the sources came to, and why; `code` is one of docs/decisions.md."""

    code = serializers.CharField()
    direction = serializers.IntegerField()
    score_percent = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()


class SizeOut(serializers.Serializer[Any]):
    method = serializers.CharField()
    numbers = serializers.DictField(child=serializers.IntegerField())
    price_vnd = serializers.IntegerField()
    equity_vnd = serializers.IntegerField()
    atr_vnd = serializers.FloatField(allow_null=True)
    round_lot = serializers.IntegerField()
    wanted = serializers.IntegerField()
    quantity = serializers.IntegerField()
    reason = serializers.CharField()


class ReasoningOut(serializers.Serializer[Any]):
    ts_ms = serializers.IntegerField()
    inputs = InputOut(many=True)
    policy = serializers.JSONField(allow_null=True)
    outcome = OutcomeOut()
    size = SizeOut(allow_null=True)


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
    reasoning = ReasoningOut(allow_null=True)


class ParityOut(serializers.Serializer[Any]):
    """One strategy on one day. `percent` is of the moments at which either side decided; profits are in VND before
    fees; `is_replay_equal` is null where the day's log could not be replayed."""

    strategy_id = serializers.UUIDField()
    strategy_name = serializers.CharField()
    trading_day = serializers.DateField()
    mode = serializers.CharField()
    status = serializers.CharField()
    problem = serializers.CharField()
    percent = serializers.IntegerField(allow_null=True)
    decided = serializers.IntegerField()
    matched = serializers.IntegerField()
    differing = serializers.IntegerField()
    missing_live = serializers.IntegerField()
    missing_backtest = serializers.IntegerField()
    unexplained = serializers.IntegerField()
    is_replay_equal = serializers.BooleanField(allow_null=True)
    profit_vnd = serializers.IntegerField(allow_null=True)
    backtest_profit_vnd = serializers.IntegerField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ParityDayOut(ParityOut):
    """`document` has `differences` (each with its `cause` and `detail`), `replay_differences`, `fills` (each with its
    `effect_vnd` and `why`) and `digests`."""

    document = serializers.DictField()


class ExplanationOut(serializers.Serializer[Any]):
    """`raw_message` is null when the write-ahead log no longer holds it; `raw_trouble` says why."""

    decision = DecisionOut()
    raw_message = serializers.CharField(allow_null=True)
    raw_trouble = serializers.CharField()


class ConditionDayOut(serializers.Serializer[Any]):
    """`nearest_...` is the bar at which it came nearest to what the rule wants; null where no number tells."""

    text = serializers.CharField()
    met_count = serializers.IntegerField()
    unknown_count = serializers.IntegerField()
    is_met = serializers.BooleanField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True)
    nearest_value = serializers.FloatField(allow_null=True)
    nearest_target = serializers.FloatField(allow_null=True)
    nearest_gap = serializers.FloatField(allow_null=True)
    nearest_at = serializers.DateTimeField(allow_null=True)


class RuleDayOut(serializers.Serializer[Any]):
    rule = serializers.CharField()
    asked_count = serializers.IntegerField()
    met_count = serializers.IntegerField()
    members = serializers.IntegerField()
    most = serializers.IntegerField()
    most_at = serializers.DateTimeField(allow_null=True)
    conditions = ConditionDayOut(many=True)


class ColdIndicatorOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    bars_more = serializers.IntegerField(allow_null=True)


class SymbolDayOut(serializers.Serializer[Any]):
    """`silence` says why there was no bar: NOT_OPEN, HALTED, GAP, NOT_THERE or NO_TRADE; empty where there was one."""

    symbol = serializers.CharField()
    bar_count = serializers.IntegerField()
    stored_bar_count = serializers.IntegerField()
    tick_count = serializers.IntegerField()
    fill_count = serializers.IntegerField()
    late_count = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    silence = serializers.CharField()
    cold = ColdIndicatorOut(many=True)
    rules = RuleDayOut(many=True)


class NothingOut(serializers.Serializer[Any]):
    """Decisions that ended alike; `reason` is the latest one's."""

    outcome = serializers.CharField()
    reason = serializers.CharField()
    count = serializers.IntegerField()
    symbols = serializers.ListField(child=serializers.CharField())
    last_at = serializers.DateTimeField()


class StopOut(serializers.Serializer[Any]):
    scope = serializers.CharField()
    allows_reducing = serializers.BooleanField()
    reason = serializers.CharField()


class FindingOut(serializers.Serializer[Any]):
    """One line of the verdict: its code and the facts that belong to it."""

    code = serializers.CharField()
    tone = serializers.CharField()
    facts = serializers.DictField()


class StrategyDayOut(serializers.Serializer[Any]):
    """What a strategy heard and decided on a day, and why it did nothing; what matters most comes first."""

    findings = FindingOut(many=True)
    day = serializers.DateField()
    is_trading_day = serializers.BooleanField()
    seen_from = serializers.DateTimeField(allow_null=True)
    seen_until = serializers.DateTimeField(allow_null=True)
    timer_count = serializers.IntegerField()
    session_count = serializers.IntegerField()
    symbols = SymbolDayOut(many=True)
    outcomes = NothingOut(many=True)
    stops = StopOut(many=True)
    sessions = serializers.DictField(child=serializers.CharField())
    limits_reached = serializers.ListField(child=serializers.CharField())
    stream = serializers.CharField()
