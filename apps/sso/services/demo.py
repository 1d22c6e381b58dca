"""The six people of the demo. Their passwords are public, so they are refused where the money is real."""

from dataclasses import dataclass
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.db import transaction

from apps.sso.models import Role, User
from apps.sso.services.factors import enrol_totp
from apps.sso.services.roles import assign_roles
from qts.domain.errors import TerminalError


@dataclass(frozen=True, slots=True)
class DemoUser:
    username: str
    password: str
    roles: tuple[Role, ...]
    is_superuser: bool = False


DEMO_USERS: Final = (
    DemoUser("trader", "trader-demo-1", (Role.TRADER,)),
    DemoUser("trader2", "trader-demo-2", (Role.TRADER,)),
    DemoUser("risk", "risk-demo-1", (Role.RISK_OFFICER,)),
    DemoUser("risk2", "risk2-demo-1", (Role.RISK_OFFICER,)),  # what loosens takes two of them
    DemoUser("operator", "operator-demo-1", (Role.OPERATOR,)),
    DemoUser("admin", "admin-demo-1", (Role.ADMINISTRATOR,), is_superuser=True),
)


def seed_demo_users() -> tuple[DemoUser, ...]:
    """Make the users that are not there yet, each with a second factor whose secret is random; all of them.

    Raises TerminalError outside demo and test settings.
    """
    if not settings.IS_DEMO:
        raise TerminalError("demo users have public passwords: only under demo settings")
    for person in DEMO_USERS:
        with transaction.atomic():
            user, is_new = User.objects.get_or_create(
                username=person.username, defaults={"is_superuser": person.is_superuser}
            )
            if is_new:
                user.set_password(person.password)
                user.save(update_fields=["password"])
                assign_roles(user, person.roles)
            if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
                enrol_totp(user, generate_totp_secret())
    return DEMO_USERS
