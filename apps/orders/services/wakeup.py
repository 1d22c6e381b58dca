"""PostgreSQL's NOTIFY as a doorbell: the gateway learns of a new intent in the moment its transaction commits."""

from enum import StrEnum
from types import TracebackType
from typing import Self
from uuid import UUID

import psycopg
from django.db import connection, connections

from apps.configuration.services import LOG_IN_CHANNEL
from apps.risk.services import KILL_CHANNEL
from qts.domain.errors import TransientError

_CHANNEL = "qts_order_intents"


class Ring(StrEnum):
    """Who rings."""

    INTENT = _CHANNEL
    KILL_SWITCH = KILL_CHANNEL
    LOG_IN = LOG_IN_CHANNEL


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
            for channel in Ring:
                self._listener.execute(f"LISTEN {channel}")
        except psycopg.OperationalError as error:
            raise TransientError(f"PostgreSQL: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()

    def wait(self, timeout_s: float) -> Ring | None:
        """The next ring that is for this connection, as every kill switch is; None after `timeout_s` without one."""
        if self._listener is None:
            raise RuntimeError("the doorbell is used outside its with block")
        try:
            for note in self._listener.notifies(timeout=timeout_s):
                who = Ring(note.channel)
                if who == Ring.KILL_SWITCH or note.payload == self._payload:
                    return who
        except psycopg.OperationalError as error:
            raise TransientError(f"PostgreSQL: {error}") from error
        return None
