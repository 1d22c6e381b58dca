"""Whether the process that holds a lease is still there, told by PostgreSQL.

A process keeps one session open, and in it an advisory lock on a name of its own. Whatever ends the process, `kill -9`
too, the kernel closes its sockets and the server frees the lock within milliseconds: whoever gets the lock of another
knows that this one is gone, long before its lease would have run out. A process that sleeps keeps its lock; against
that one stands the lease's end, as ever. A lock that is free because the connection broke, and not the process, is no
harm: the one who lost its lease so finds out at its next renewal, and the higher epoch fences what it still writes.
"""

import os
import secrets
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog

NAME_CHARACTERS: Final = 32
_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s::text, 0))"
# shared, and gone with the statement: two who look at the same time do not take each other for the living one
_LOOK: Final = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended(%s::text, 0))"

log = structlog.get_logger(__name__)


class Life:
    """`connect` opens a session of its own, in autocommit. Thread-safe. Without a database nobody is known to be gone,
    and leases run out as they do everywhere."""

    def __init__(self, connect: Callable[[], "psycopg.Connection[Any]"]) -> None:
        self._connect = connect
        self._guard = threading.Lock()
        self._session: psycopg.Connection[Any] | None = None
        self._name = ""
        self._pid = 0

    def name(self) -> str:
        """What others can look for while this process lives; "" when no database says so. After a broken connection it
        is another one: of the name before, nobody can tell any more."""
        with self._guard:
            return self._name if self._stands() else ""

    def is_over(self, name: str) -> bool:
        """Whether the process of that name is gone; False where nobody can tell."""
        with self._guard:
            is_another = self._session is not None and self._pid == os.getpid() and name != self._name
            return is_another and self._ask(_LOOK, name)

    def close(self) -> None:
        with self._guard:
            self._drop()

    def _stands(self) -> bool:
        if self._session is not None and self._pid != os.getpid():  # a fork: this session is the parent's life
            self._session, self._name = None, ""
        if self._session is not None and not self._ask("SELECT true"):
            self._drop()
        if self._session is None:
            self._open()
        return self._session is not None

    def _open(self) -> None:
        name = secrets.token_hex(NAME_CHARACTERS // 2)
        try:
            self._session = self._connect()
        except psycopg.Error as error:
            log.warning("life_unseen", reason=str(error))
            return
        self._name, self._pid = name, os.getpid()
        if not self._ask(_LOCK, name):
            self._drop()

    def _ask(self, question: str, *values: str) -> bool:
        if self._session is None:
            return False
        try:
            row = self._session.execute(question, values).fetchone()
        except psycopg.Error as error:
            log.warning("life_unseen", reason=str(error))
            self._drop()
            return False
        return bool(row and row[0])

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session, self._name = None, ""
