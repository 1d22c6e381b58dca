"""Who somebody is and what the session, or the key, has proved."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django_otp import DEVICE_ID_SESSION_KEY

from apps.sso.models import AllauthDevice, ApiKey, Role, User
from qts.domain.values import Actor, ActorKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

__all__ = [
    "API_KEY_SCOPES",
    "ROLE_LABELS",
    "ApiKeyView",
    "OpenSession",
    "Role",
    "SecondFactors",
    "SessionEnd",
    "SessionView",
    "actor_of",
    "api_key",
    "api_key_digest",
    "api_keys",
    "has_role",
    "has_second_factor",
    "is_session_verified",
    "is_verified",
    "roles_of",
    "second_factors",
    "session_ends",
    "sessions_of",
]

ROLE_LABELS: Final["Mapping[Role, StrOrPromise]"] = {
    Role.TRADER: _("trader"),
    Role.RISK_OFFICER: _("risk officer"),
    Role.OPERATOR: _("operator"),
    Role.ADMINISTRATOR: _("administrator"),
}


API_KEY_SCOPES: Final = [(scope.value, scope.label) for scope in ApiKey.Scope]


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """A key without its secret. Times are of the wall clock."""

    id: UUID
    user: User
    name: str
    prefix: str
    scope: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def may_trade(self) -> bool:
        return self.scope == ApiKey.Scope.TRADE

    @property
    def may_publish_signals(self) -> bool:
        return self.scope == ApiKey.Scope.SIGNALS

    @property
    def is_over(self) -> bool:
        return self.revoked_at is not None or self.expires_at <= timezone.now()


def api_key(secret: str) -> ApiKeyView | None:
    """The key that still opens; None for one that is unknown, over, revoked, or of somebody who is locked out."""
    row = ApiKey.objects.select_related("user").filter(digest=api_key_digest(secret), user__is_active=True).first()
    found = _key_view(row) if row else None
    return None if found is None or found.is_over else found


def api_keys(user: User) -> list[ApiKeyView]:
    """All that the user ever made, the newest first."""
    return [_key_view(row) for row in ApiKey.objects.select_related("user").filter(user=user)]


def api_key_digest(secret: str) -> str:
    """No salt and no slow hash: a key is 256 random bits, which nobody guesses."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key_view(row: ApiKey) -> ApiKeyView:
    return ApiKeyView(**{name: getattr(row, name) for name in ApiKeyView.__slots__})


def roles_of(user: Any) -> frozenset[Role]:
    """The user's roles, asked once per user object. A superuser is an administrator and nothing more by that."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    known: frozenset[Role] | None = user.__dict__.get("_qts_roles")
    if known is None:
        names = set(user.groups.filter(name__in=list(Role)).values_list("name", flat=True))
        if user.is_superuser:
            names.add(Role.ADMINISTRATOR)
        known = frozenset(Role(name) for name in names)
        user.__dict__["_qts_roles"] = known
    return known


def has_role(user: Any, *roles: Role) -> bool:
    """Whether the user has one of the roles. It says nothing about the session: see `is_verified`."""
    return not roles_of(user).isdisjoint(roles)


def is_verified(user: Any) -> bool:
    """Whether the session of `request.user` has shown a second factor; False for users that came without a session."""
    asked = getattr(user, "is_verified", None)
    return bool(user.is_authenticated and asked is not None and asked())


def is_session_verified(session: Any, user: Any) -> bool:
    """The same question for a WebSocket's scope, where django-otp's middleware does not run. Asks the database."""
    device_id = session.get(DEVICE_ID_SESSION_KEY)
    if not device_id or not user.is_authenticated:
        return False
    device = AllauthDevice.from_persistent_id(device_id)
    return bool(device is not None and device.confirmed and device.user_id == user.pk)


class SessionEnd(StrEnum):
    """Why a session may go on no longer as it began."""

    LOGGED_OUT = "logged_out"  # also: locked out, password changed
    NOT_VERIFIED = "not_verified"
    ROLES_CHANGED = "roles_changed"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What somebody relies on who looked at a session a while ago."""

    session_key: str
    user_id: int
    roles: frozenset[Role]


def session_ends(known: Sequence[OpenSession]) -> list[SessionEnd | None]:
    """For each what has changed since, in as many queries for many as for one; None where all is as it was."""
    sessions = _session_contents([one.session_key for one in known])
    users = User.objects.filter(is_active=True).prefetch_related("groups").in_bulk({one.user_id for one in known})
    devices = dict(AllauthDevice.objects.filter(user_id__in=users, confirmed=True).values_list("pk", "user_id"))
    return [_session_end(one, sessions.get(one.session_key, {}), users.get(one.user_id), devices) for one in known]


def _session_end(
    known: OpenSession, session: Mapping[str, Any], user: User | None, devices: Mapping[int, int]
) -> SessionEnd | None:
    if user is None or not _is_of(session, user):
        return SessionEnd.LOGGED_OUT
    device_ids = {AllauthDevice(pk=pk).persistent_id for pk, owner_id in devices.items() if owner_id == user.pk}
    if session.get(DEVICE_ID_SESSION_KEY) not in device_ids:
        return SessionEnd.NOT_VERIFIED
    names = {group.name for group in user.groups.all()} & set(Role)
    roles = {Role(name) for name in names} | ({Role.ADMINISTRATOR} if user.is_superuser else set())
    return None if roles == known.roles else SessionEnd.ROLES_CHANGED


def _session_contents(keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {row.session_key: store.decode(row.session_data) for row in rows}


@dataclass(frozen=True, slots=True)
class SessionView:
    """A log-in that still holds. Its key opens doors and is not told. Times are of the wall clock."""

    id: int
    ip_address: str
    user_agent: str
    started_at: datetime
    last_seen_at: datetime
    is_current: bool


def sessions_of(user: User, current_key: str) -> list[SessionView]:
    """The one that asks first, then those that were seen last."""
    rows = list(UserSession.objects.filter(user=user))
    contents = _session_contents([row.session_key for row in rows])
    living = [row for row in rows if _is_of(contents.get(row.session_key, {}), user)]
    views = [
        SessionView(row.pk, row.ip, row.user_agent, row.created_at, row.last_seen_at, row.session_key == current_key)
        for row in living
    ]
    return sorted(views, key=lambda view: (view.is_current, view.last_seen_at), reverse=True)


def _is_of(session: Mapping[str, Any], user: User) -> bool:
    """Whether the session is a log-in of this user with the password of today."""
    return session.get(SESSION_KEY) == str(user.pk) and constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
    )


@dataclass(frozen=True, slots=True)
class SecondFactors:
    enrolled_at: datetime | None
    recovery_codes_left: int


def second_factors(user: User) -> SecondFactors:
    found = {row.type: row for row in Authenticator.objects.filter(user=user)}
    app, codes = (found.get(kind) for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES))
    return SecondFactors(app.created_at if app else None, len(codes.wrap().get_unused_codes()) if codes else 0)


def has_second_factor(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def actor_of(user: Any) -> Actor:
    """The user as the one who asked, for services and the event log."""
    return Actor(ActorKind.USER, str(user.pk))
