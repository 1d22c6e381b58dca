"""PostgreSQL's NOTIFY as a doorbell: the gateway learns of a new intent in the moment its transaction commits."""

from types import TracebackType
from typing import Self
from uuid import UUID

import psycopg
from django.db import connection, connections

from apps.risk.services import KILL_CHANNEL
from qts.domain.errors import TransientError

_CHANNEL = "qts_order_intents"


def ring(connection_id: UUID) -> None:
    """Delivered at commit; lost when nobody listens, so listeners also look at the table from time to time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [_CHANNEL, str(connection_id)])


class Doorbell:
    """A database connection of its own that waits for `ring`. Use as a context manager; raises TransientError."""

    def __init__(self, connection_id: UUID) -> None:
        self._payload = str(connection_id)
        self._listener: psycopg.Connection[tuple[object, ...]] | None = None

    def __enter__(self) -> Self:
        parameters = connections["default"].get_connection_params()
        for name in ("pool", "cursor_factory", "context", "prepare_threshold", "server_side_binding"):
            parameters.pop(name, None)
        try:
            self._listener = psycopg.connect(**parameters, autocommit=True, connect_timeout=5)
            self._listener.execute(f"LISTEN {_CHANNEL}")
            self._listener.execute(f"LISTEN {KILL_CHANNEL}")
        except psycopg.OperationalError as error:
            raise TransientError(f"PostgreSQL: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()

    def wait(self, timeout_s: float) -> bool:
        """Return at the next ring for this connection, when a kill switch changes, or after `timeout_s`; True when it
        was a kill switch."""
        if self._listener is None:
            raise RuntimeError("the doorbell is used outside its with block")
        try:
            for note in self._listener.notifies(timeout=timeout_s):
                if note.channel == KILL_CHANNEL:
                    return True
                if note.payload == self._payload:
                    return False
        except psycopg.OperationalError as error:
            raise TransientError(f"PostgreSQL: {error}") from error
        return False
