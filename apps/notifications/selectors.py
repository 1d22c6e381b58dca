"""Reading rules, channels, alerts and deliveries of one person. Nothing sealed leaves here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from apps.notifications.models import Alert, AlertKind, AlertRule, Channel, Delivery

__all__ = [
    "AlertKind",
    "AlertView",
    "ChannelView",
    "DeliveryView",
    "RuleView",
    "alerts",
    "channels",
    "deliveries",
    "rule",
    "rules",
    "unread_count",
]


@dataclass(frozen=True, slots=True)
class AlertView:
    """`facts` are the numbers of the moment it came true, prices in VND."""

    id: UUID
    kind: str
    symbol: str
    facts: Mapping[str, Any]
    note: str
    fired_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleView:
    id: UUID
    kind: str
    symbol: str
    indicator: str
    threshold: int | None
    note: str
    cooldown_s: int
    rearms: bool
    is_active: bool
    last_fired_at: datetime | None
    channel_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelView:
    id: UUID
    kind: str
    name: str
    shown: str
    quiet_from: time | None
    quiet_to: time | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    id: UUID
    alert_kind: str
    symbol: str
    channel_name: str
    state: str
    attempts: int
    next_at: datetime
    trouble: str
    sent_at: datetime | None


def alerts(user_id: int, *, limit: int = 100) -> list[AlertView]:
    """The newest first."""
    rows = Alert.objects.filter(user_id=user_id).exclude(kind=AlertKind.TEST)
    return [_alert_view(row) for row in rows[:limit]]


def unread_count(user_id: int) -> int:
    return Alert.objects.filter(user_id=user_id, read_at=None).count()


def rules(user_id: int) -> list[RuleView]:
    return [_rule_view(row) for row in AlertRule.objects.filter(user_id=user_id).prefetch_related("channels")]


def rule(user_id: int, rule_id: UUID) -> RuleView | None:
    row = AlertRule.objects.filter(user_id=user_id, id=rule_id).prefetch_related("channels").first()
    return _rule_view(row) if row else None


def channels(user_id: int) -> list[ChannelView]:
    return [
        ChannelView(**{name: getattr(row, name) for name in ChannelView.__slots__})
        for row in Channel.objects.filter(user_id=user_id)
    ]


def deliveries(user_id: int, *, limit: int = 50) -> list[DeliveryView]:
    """The newest first."""
    rows = Delivery.objects.filter(alert__user_id=user_id).select_related("alert", "channel")
    return [
        DeliveryView(
            id=row.id,
            alert_kind=row.alert.kind,
            symbol=row.alert.symbol,
            channel_name=row.channel.name,
            state=row.state,
            attempts=row.attempts,
            next_at=row.next_at,
            trouble=row.trouble,
            sent_at=row.sent_at,
        )
        for row in rows.order_by("-alert__fired_at", "id")[:limit]
    ]


def _alert_view(row: Alert) -> AlertView:
    return AlertView(**{name: getattr(row, name) for name in AlertView.__slots__})


def _rule_view(row: AlertRule) -> RuleView:
    names = tuple(channel.name for channel in row.channels.all())
    plain = {name: getattr(row, name) for name in RuleView.__slots__ if name != "channel_names"}
    return RuleView(**plain, channel_names=names)
