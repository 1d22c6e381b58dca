"""What people did to other people's rights, and in the administration."""

from dataclasses import dataclass
from typing import ClassVar

from qts.domain.events.base import Event, published


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class RolesChanged(Event):
    """Somebody has other roles than before; both are names with commas between them."""

    topic: ClassVar[str] = "identity.roles.changed"
    key_field: ClassVar[str] = "user_id"
    user_id: str
    username: str
    roles_before: str
    roles: str


@published
@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActed(Event):
    """A row was added, changed or deleted in the administration; `changes` names the fields."""

    topic: ClassVar[str] = "administration.row.changed"
    key_field: ClassVar[str] = "row_id"
    row_id: str  # app, model and number: risk.risklimit:5
    row: str  # as the administration shows it
    act: str  # ADDED, CHANGED or DELETED
    changes: str
