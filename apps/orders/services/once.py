"""Doing what a request asks for once, however often it comes: its answer is kept under the key it came with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from apps.orders.models import ApiRequest
from qts.domain.errors import RuleCode

KEPT_FOR: Final = timedelta(days=7)
# Whoever began it is dead by then, if it was not seen before: it may be done again, for every write here is harmless to
# repeat.
RUNNING_S_MAX: Final = 60.0
_IS_ALIVE: Final = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s AND backend_start <= %s)"


@dataclass(frozen=True, slots=True)
class Answer:
    """As it goes back to the client; `body` is JSON."""

    status_code: int
    body: Any


def answer_once(*, user_id: str, key: str, body_hash: str, act: Callable[[], Answer]) -> Answer | RuleCode:
    """`act`, or what it answered the first time; or why neither: the key came with another body, or it is running.

    What `act` raises leaves nothing behind: the request may come again.
    """
    now = datetime.now(UTC)
    found, is_new = ApiRequest.objects.get_or_create(
        user_id=user_id,
        key=key,
        defaults={"body_hash": body_hash, "began_at": now, "backend_pid": _backend_pid()},
    )
    if found.body_hash != body_hash:
        return RuleCode.IDEMPOTENCY_KEY_REUSED
    if found.status_code is not None:
        return Answer(found.status_code, found.answer)
    if not is_new and not _take_over(found, now):
        return RuleCode.REQUEST_IN_PROGRESS
    try:
        answer = act()
    except BaseException:
        ApiRequest.objects.filter(id=found.id, began_at=now).delete()
        raise
    ApiRequest.objects.filter(id=found.id, began_at=now).update(status_code=answer.status_code, answer=answer.body)
    return answer


def forget_old_answers(now_wall: datetime) -> int:
    deleted, _ = ApiRequest.objects.filter(began_at__lt=now_wall - KEPT_FOR).delete()
    return deleted


@contextmanager
def one_at_a_time(name: str) -> Iterator[bool]:
    """False when the same name is being worked on elsewhere. Needs no transaction and outlives none of its holder."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s::text, 0))", [name])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s::text, 0))", [name])


def _take_over(found: ApiRequest, now: datetime) -> bool:
    """Whoever began it has died: its connection to the database is gone, or it takes longer than anybody does."""
    if found.began_at > now - timedelta(seconds=RUNNING_S_MAX) and _is_alive(found):
        return False
    mine = ApiRequest.objects.filter(id=found.id, began_at=found.began_at)
    return mine.update(began_at=now, backend_pid=_backend_pid()) == 1


def _is_alive(found: ApiRequest) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_IS_ALIVE, [found.backend_pid, found.began_at])
        return bool(cursor.fetchone()[0])


def _backend_pid() -> int:
    """Known to the client: no question to the server."""
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)
