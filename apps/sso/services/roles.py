"""What a role may do in the admin. Pages and API ask for the role itself; Django permissions only steer the admin."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone

from apps.eventlog import services as eventlog
from apps.sso.models import Role, User
from qts.domain.events import RolesChanged
from qts.domain.values import Actor, ActorKind

_SET_UP: Final = Actor(ActorKind.SYSTEM, "set-up")

_VIEW = frozenset({"view"})
_EDIT = frozenset({"view", "add", "change"})
_ALL = frozenset({"view", "add", "change", "delete"})

# By role, then by app label. Models that must not be edited say so in their own admin class.
ADMIN_GRANTS: Final[Mapping[Role, Mapping[str, frozenset[str]]]] = {
    Role.TRADER: {},
    Role.RISK_OFFICER: {
        "risk": _EDIT,
        "accounts": _VIEW,
        "orders": _VIEW,
        "strategies": _VIEW,
        "marketdata": _VIEW,
        "eventlog": _VIEW,
    },
    Role.OPERATOR: {
        "configuration": _EDIT,
        "eventlog": _EDIT,
        "marketdata": _EDIT,
        "django_celery_beat": _EDIT,
        "accounts": _VIEW,
        "orders": _VIEW,
        "risk": _VIEW,
        "strategies": _VIEW,
        "axes": _VIEW,
    },
    Role.ADMINISTRATOR: {
        "sso": _EDIT,
        "auth": _VIEW,
        "mfa": frozenset({"view", "delete"}),
        "axes": frozenset({"view", "delete"}),
        "accounts": _ALL,
        "configuration": _EDIT,
        "eventlog": _VIEW,
        "marketdata": _VIEW,
        "orders": _VIEW,
        "risk": _VIEW,
        "strategies": _VIEW,
    },
}

# These log into the admin site; a trader has no business there.
STAFF_ROLES: Final = frozenset({Role.RISK_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR})


def grant_role_permissions() -> None:
    """Set each role's permissions to what the table says. Runs after every migrate, when new models have theirs."""
    with transaction.atomic():
        for role, grants in ADMIN_GRANTS.items():
            group, _made = Group.objects.get_or_create(name=role)
            group.permissions.set(_permissions(grants))


def assign_roles(user: User, roles: Iterable[Role], *, by: Actor = _SET_UP) -> None:
    """Make these the user's roles, and the user staff where one of them works in the admin."""
    chosen = set(roles)
    with transaction.atomic():
        before = user.groups.filter(name__in=list(Role)).values_list("name", flat=True)
        event = RolesChanged(
            user_id=str(user.pk), username=user.username, roles_before=_listed(before), roles=_listed(chosen)
        )
        if event.roles != event.roles_before:
            eventlog.record(event, actor=by, now=timezone.now())
        user.groups.remove(*Group.objects.filter(name__in=list(Role)))
        user.groups.add(*Group.objects.filter(name__in=chosen))
        user.is_staff = user.is_superuser or bool(chosen & STAFF_ROLES)
        user.save(update_fields=["is_staff"])
    user.__dict__.pop("_qts_roles", None)


def _listed(roles: Iterable[str]) -> str:
    return ", ".join(sorted(str(role) for role in roles))


def _permissions(grants: Mapping[str, frozenset[str]]) -> list[Permission]:
    found = Permission.objects.filter(content_type__app_label__in=grants).select_related("content_type")
    return [
        permission
        for permission in found
        if permission.codename.partition("_")[0] in grants[permission.content_type.app_label]
    ]
