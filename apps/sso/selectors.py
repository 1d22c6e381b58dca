"""Who somebody is and what the session has proved."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _
from django_otp import DEVICE_ID_SESSION_KEY

from apps.sso.models import AllauthDevice, Role, User
from qts.domain.values import Actor, ActorKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

__all__ = [
    "ROLE_LABELS",
    "Role",
    "actor_of",
    "has_role",
    "has_second_factor",
    "is_session_verified",
    "is_verified",
    "roles_of",
]

ROLE_LABELS: Final["Mapping[Role, StrOrPromise]"] = {
    Role.TRADER: _("trader"),
    Role.RISK_OFFICER: _("risk officer"),
    Role.OPERATOR: _("operator"),
    Role.ADMINISTRATOR: _("administrator"),
}


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


def has_second_factor(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def actor_of(user: Any) -> Actor:
    """The user as the one who asked, for services and the event log."""
    return Actor(ActorKind.USER, str(user.pk))
