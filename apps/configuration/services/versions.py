"""Settings that change at run time: a new row for each change, the newest in force."""

import re
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.configuration.locks import lock_setting
from apps.configuration.models import SettingVersion
from apps.eventlog import services as eventlog
from qts.domain.events import SettingChanged
from qts.domain.values import Actor

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def set_setting(*, name: str, value: Any, reason: str, actor: Actor, now: datetime) -> int:
    """Put a new version in force; its number. A value equal to the one in force makes no new version.

    Raises ValidationError for a malformed name, an empty reason, or a value of another JSON type than the one in force.
    """
    with transaction.atomic():
        lock_setting(name)
        check_setting(name=name, value=value, reason=reason)
        newest = _newest(name)
        if newest is not None and newest.value == value:
            return newest.version
        version = newest.version + 1 if newest else 1
        SettingVersion.objects.create(
            name=name, version=version, value=value, reason=reason.strip(), changed_by=str(actor), changed_at=now
        )
        eventlog.record(SettingChanged(name=name, version=version), actor=actor, now=now)
    return version


def check_setting(*, name: str, value: Any, reason: str) -> None:
    """Raise ValidationError where `set_setting` must refuse."""
    if not _NAME.fullmatch(name):
        raise ValidationError({"name": _("A setting's name is lower-case words joined by dots.")})
    if not reason.strip():
        raise ValidationError({"reason": _("A change needs a reason.")})
    newest = _newest(name)
    if newest is not None and type(newest.value) is not type(value):
        raise ValidationError({"value": _("The value must be of the same kind as the one in force.")})


def _newest(name: str) -> SettingVersion | None:
    return SettingVersion.objects.filter(name=name).order_by("-version").first()
