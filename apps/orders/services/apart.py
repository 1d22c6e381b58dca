"""What is done for many orders in turn: one that cannot be acted on does not hold up the others."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.db import InterfaceError, OperationalError

from apps.orders.services import discrepancies
from apps.orders.services.discrepancies import Kind
from qts.domain.errors import TransientError

Act = Callable[[UUID, UUID, datetime], bool]


def act_on_each(orders: Iterable[tuple[UUID, UUID]], act: Act, *, what: str, connection_id: UUID, now: datetime) -> int:
    """How many were done. `orders` are accounts and orders; `act` opens its own transaction for each and says whether
    it did it. An order that fails is noted for a person, once, and tried again next time; a database or a broker that
    is away concerns all of them, and is raised."""
    done = 0
    for account_id, order_id in orders:
        try:
            done += act(account_id, order_id, now)
        except (OperationalError, InterfaceError, TransientError):
            raise
        except Exception as error:  # whatever is wrong with this one is none of the others' business
            subject, detail = f"{what}: {order_id}", f"{type(error).__name__}: {error}"
            discrepancies.note(connection_id, Kind.ACT_FAILED, subject=subject, detail=detail, now=now)
    return done
