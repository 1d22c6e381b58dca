"""How a person wants the pages. It stands with the user, so every browser shows the same."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from apps.sso.models import User
from qts.domain.errors import TerminalError

PREFERENCES: Final[Mapping[str, Sequence[str]]] = {
    "language": [code for code, _name in settings.LANGUAGES],
    "theme": User.Theme.values,
    "density": User.Density.values,
}


def save_preferences(user: User, **chosen: str) -> None:
    """What is left out stays; empty is 'as the browser has it'. Raises TerminalError for what nobody can choose."""
    for name, value in chosen.items():
        if value and value not in PREFERENCES[name]:
            raise TerminalError(f"{value!r} is no {name}")
        setattr(user, name, value)
    user.save(update_fields=list(chosen))
