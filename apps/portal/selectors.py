"""Names for the technical names that events and rows carry; whose a replay is."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model

from apps.marketdata.selectors import ReplayView
from apps.sso.selectors import Role, has_role
from qts.domain.values import ActorKind

USER_PREFIX = f"{ActorKind.USER}:"


def actor_names(actors: Iterable[str]) -> Mapping[str, str]:
    """User names by "user:<id>"; at most one query, none where no user is among them."""
    ids = {actor: actor.removeprefix(USER_PREFIX) for actor in actors if actor.startswith(USER_PREFIX)}
    if not ids:
        return {}
    known = get_user_model().objects.in_bulk([int(user_id) for user_id in ids.values() if user_id.isdecimal()])
    names = {str(pk): user.get_username() for pk, user in known.items()}
    return {actor: names[user_id] for actor, user_id in ids.items() if user_id in names}


def may_steer(user: Any, view: ReplayView) -> bool:
    """Whoever began a replay, and operators."""
    return bool(view.owner_id == user.pk) or has_role(user, Role.OPERATOR, Role.ADMINISTRATOR)
