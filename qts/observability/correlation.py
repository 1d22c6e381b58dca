"""One id that ties together what one cause set off: request, event, task, log lines."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

NAME = "correlation_id"


def correlation_id() -> str:
    """The id bound in this thread or task; "" when there is none. A web request's own id serves as one."""
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get(NAME) or bound.get("request_id") or "")


@contextmanager
def correlated(value: str) -> Iterator[None]:
    """Bind `value` for the block, so that log lines and recorded events carry it."""
    with structlog.contextvars.bound_contextvars(**{NAME: value}):
        yield
