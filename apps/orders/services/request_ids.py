"""SSI's requestID: digits, at most eight, unique per connection and day, taken in the transaction that needs it."""

from datetime import date, datetime
from uuid import UUID

from django.db import connection

from qts.domain.market import to_vietnam

_REQUEST_ID_MAX = 99_999_999
# Room for this many requests in each second of the market's day: a counter that has to begin anew on the same day
# (an empty database or an older backup, the same broker) goes on above everything that the lost one can have given out.
_REQUESTS_A_SECOND = 1_000

_TAKE = """
    INSERT INTO orders_requestcounter (connection_id, trading_day, last) VALUES (%s, %s, %s)
    ON CONFLICT (connection_id, trading_day)
        DO UPDATE SET last = GREATEST(orders_requestcounter.last + 1, EXCLUDED.last)
    RETURNING last
"""


def take_request_id(connection_id: UUID, trading_day: date, now: datetime) -> str:
    """The row stays locked until the transaction ends, so take it late. Raises OverflowError after the last id."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [connection_id, trading_day, _first_of(now)])
        taken = int(cursor.fetchone()[0])
    if taken > _REQUEST_ID_MAX:
        raise OverflowError(f"no request id is left on {trading_day} for connection {connection_id}")
    return str(taken)


def _first_of(now: datetime) -> int:
    local = to_vietnam(now)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return seconds * _REQUESTS_A_SECOND + 1
