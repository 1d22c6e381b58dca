"""API keys: made in a verified session, shown once, revoked at any time. All times are of the wall clock."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.eventlog import services as eventlog
from apps.sso.locks import lock_user
from apps.sso.models import ApiKey, User
from apps.sso.selectors import ApiKeyView, actor_of, api_key_digest
from qts.domain.errors import TerminalError
from qts.domain.events import ApiKeyChanged
from qts.domain.values import Actor

MARK: Final = "qts_"  # so that people and scanners of leaked secrets recognise one
SHOWN_LENGTH: Final = 12
LIFETIME_DAYS_MAX: Final = 365
KEYS_PER_USER_MAX: Final = 20
USE_NOTED_EVERY: Final = timedelta(minutes=1)


class TooManyKeys(TerminalError):
    """The user has as many living keys as anybody may have."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    id: UUID
    secret: str = field(repr=False)  # told once, stored nowhere


def issue_api_key(*, user: User, name: str, scope: str, days: int) -> NewApiKey:
    """Raises TerminalError for a name, scope or lifetime that is none, TooManyKeys beyond KEYS_PER_USER_MAX."""
    name = name.strip()
    if not name or len(name) > 60 or scope not in ApiKey.Scope.values or not 1 <= days <= LIFETIME_DAYS_MAX:
        raise TerminalError(f"a key has a name, a scope, and lives 1 to {LIFETIME_DAYS_MAX} days")
    secret, now = MARK + secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        lock_user(user.pk)
        living = ApiKey.objects.filter(Q(revoked_at=None), user=user, expires_at__gt=now).count()
        if living >= KEYS_PER_USER_MAX:
            raise TooManyKeys(f"nobody has more than {KEYS_PER_USER_MAX} keys: revoke one first")
        row = ApiKey.objects.create(
            user=user,
            name=name,
            prefix=secret[:SHOWN_LENGTH],
            digest=api_key_digest(secret),
            scope=scope,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        _announce(row, is_active=True)
    return NewApiKey(row.id, secret)


def revoke_api_key(key_id: UUID, *, user: User) -> bool:
    """The owner takes a key back; False when there is none, or it was revoked before. It opens nothing any more."""
    with transaction.atomic():
        row = ApiKey.objects.filter(id=key_id, user=user, revoked_at=None).first()
        revoked = ApiKey.objects.filter(id=key_id, user=user, revoked_at=None).update(revoked_at=timezone.now())
        if row is not None and revoked:
            _announce(row, is_active=False)
    return bool(revoked)


def revoke_every_key(user: User, *, by: Actor) -> None:
    """Inside the transaction of whoever takes from the user what the keys rested on."""
    living = list(ApiKey.objects.filter(user=user, revoked_at=None))
    ApiKey.objects.filter(id__in=[row.id for row in living]).update(revoked_at=timezone.now())
    for row in living:
        _announce(row, is_active=False, by=by)


def note_use(key: ApiKeyView) -> None:
    """For the page of keys; written at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)


def _announce(row: ApiKey, *, is_active: bool, by: Actor | None = None) -> None:
    event = ApiKeyChanged(
        user_id=str(row.user_id), name=row.name, prefix=row.prefix, scope=row.scope, is_active=is_active
    )
    eventlog.record(event, actor=by or actor_of(row.user), now=timezone.now())
