"""The one lock of the event log."""

from django.db import connection

from apps.eventlog.models import EventRecord

# Any constant does, as long as no other advisory lock of this database uses it.
_RELAY_LOCK = 0x515453_0001
# written out: it is asked after every commit
_UNPUBLISHED = "SELECT * FROM eventlog_eventrecord WHERE published_at IS NULL ORDER BY id LIMIT %s"


def claim_unpublished(limit: int) -> list[EventRecord]:
    """The oldest unpublished events, for this transaction alone; none while another relay is at work.

    A row lock with SKIP LOCKED would let a second relay overtake the first inside one key. One lock for the whole queue
    costs nothing (one relay publishes faster than transactions commit) and keeps the order.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_RELAY_LOCK])
        (claimed,) = cursor.fetchone()
    return list(EventRecord.objects.raw(_UNPUBLISHED, [limit])) if claimed else []
