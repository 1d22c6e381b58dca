"""One slice of an endless loop per broker connection: leased, with a standby that takes over at once."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections

from apps.configuration import selectors as configuration
from apps.orders.services.broker import LEASE_TTL_S
from qts.adapters.lease import Lease, Slice, slice_of
from qts.domain.errors import TransientError
from qts.observability.metrics import SLICES

log = structlog.get_logger(__name__)

SLICE_S = 300.0
# A task that finds the lease taken stays for almost as long as until the next one comes: so there is always one that
# takes over within a quarter of a second when a slice ends, and within the lease's ttl when its worker was killed.
STANDBY_S = 2.5
_STANDBY_POLL_S = 0.25


def run_for_each_connection(name: str, run: Callable[[UUID, Slice], None], *, seconds_max: float = SLICE_S) -> None:
    """`run` for every active broker connection, each in a thread and under a lease of its own."""
    threads = [
        threading.Thread(target=_run_thread, args=(name, connection.id, run, seconds_max), name=f"{name}-{number}")
        for number, connection in enumerate(configuration.connections())
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_under_lease(
    name: str, connection_id: UUID, run: Callable[[UUID, Slice], None], *, seconds_max: float, standby_s: float = 0.0
) -> bool:
    """False when somebody else held the lease all the time."""
    give_up_at = time.monotonic() + standby_s
    while True:
        lease = Lease(settings.REDIS_URL, f"{name}:{connection_id}", LEASE_TTL_S)
        with slice_of(lease, seconds_max) as turn:
            if turn.goes_on():
                run(connection_id, turn)
                return True
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_STANDBY_POLL_S)


def _run_thread(name: str, connection_id: UUID, run: Callable[[UUID, Slice], None], seconds_max: float) -> None:
    with structlog.contextvars.bound_contextvars(connection_id=str(connection_id), slice=name):
        try:
            ran = run_under_lease(name, connection_id, run, seconds_max=seconds_max, standby_s=STANDBY_S)
            if ran:
                SLICES.labels(name=name, ended="done").inc()
        except TransientError as error:
            SLICES.labels(name=name, ended="transient").inc()
            log.warning("slice_ended", reason=str(error))
        except Exception:
            SLICES.labels(name=name, ended="failed").inc()
            log.exception("slice_failed")
        finally:
            connections.close_all()
