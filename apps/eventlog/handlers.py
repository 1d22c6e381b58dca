"""What people do in the administration is an event as everything else: one trail, whatever door somebody took."""

from typing import Any, Final

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import translation

from apps.eventlog import services
from qts.domain.events import AdminActed
from qts.domain.values import Actor, ActorKind

_ACTS: Final = {ADDITION: "ADDED", CHANGE: "CHANGED", DELETION: "DELETED"}
_CHANGES_LENGTH_MAX: Final = 2_000


@receiver(post_save, sender=LogEntry)
def on_admin_act(instance: LogEntry, **_: Any) -> None:
    with translation.override("en"):  # events speak no language of a reader
        changes = instance.get_change_message()[:_CHANGES_LENGTH_MAX]
    kind = instance.content_type
    event = AdminActed(
        row_id=f"{kind.app_label}.{kind.model}:{instance.object_id}" if kind else str(instance.object_id),
        row=instance.object_repr,
        act=_ACTS[instance.action_flag],
        changes=changes,
    )
    with transaction.atomic():
        services.record(event, actor=Actor(ActorKind.USER, str(instance.user_id)), now=instance.action_time)
