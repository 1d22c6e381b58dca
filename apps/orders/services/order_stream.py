"""The broker's order stream, taken in message by message, each in one transaction with the position in the stream."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from apps.marketdata.selectors import market_now
from apps.orders.models import StreamPosition
from apps.orders.services import discrepancies
from apps.orders.services.book_comparison import BookComparison
from apps.orders.services.broker import open_client
from apps.orders.services.broker_events import apply_broker_events
from apps.orders.services.day_comparison import DayComparison
from apps.orders.services.discrepancies import Kind
from apps.orders.services.reconciliation import Reconciler
from apps.orders.services.turns import SLICE_S, run_for_each_connection, run_under_lease
from qts.adapters.lease import Slice
from qts.adapters.ssi.order_stream import NOTIFY_ID_WHOLE_DAY, connect_order_stream
from qts.adapters.ssi.signalr import ReceivedFrame, SignalRConnection
from qts.adapters.ssi.trading import TradingClient
from qts.adapters.ssi.trading_codec import BrokerError, BrokerMatch, BrokerMessage, decode_order_frame
from qts.domain.errors import IllegalTransition, TerminalError, TransientError
from qts.domain.market import to_vietnam
from qts.observability.crash_points import passing
from qts.observability.metrics import STREAM_CONNECTED, STREAM_RECONNECTS

log = structlog.get_logger(__name__)

LEASE_NAME = "order-stream"
READ_S = 0.25
SHOW_EVERY_S = 2.0
RETRY_S_MAX = 5.0
TOGETHER_MAX = 50
_MOVE = """
    UPDATE orders_streamposition SET trading_day = %(day)s, last_notify_id = %(notify_id)s
    WHERE connection_id = %(connection_id)s
        AND (trading_day < %(day)s OR trading_day = %(day)s AND last_notify_id < %(notify_id)s)
"""


def run_order_stream_slice(connection_id: UUID, *, seconds_max: float = SLICE_S, standby_s: float = 0.0) -> bool:
    """Follow the order stream of one connection until the slice ends; False when another reader held the lease."""
    return run_under_lease(LEASE_NAME, connection_id, follow, seconds_max=seconds_max, standby_s=standby_s)


def run_order_streams() -> None:
    """One slice for each active connection, side by side."""
    run_for_each_connection(LEASE_NAME, follow)


def follow(connection_id: UUID, turn: Slice) -> None:
    """Connect, resume after the last message taken in, read; and again after every break, with growing pauses."""
    client = open_client(connection_id)
    failures = 0
    try:
        while turn.goes_on():
            began_at = time.monotonic()
            try:
                _read_one_connection(connection_id, turn, client)
            except (TransientError, TerminalError) as error:
                failures = failures + 1 if time.monotonic() - began_at < RETRY_S_MAX else 1
                _show(connection_id, StreamPosition.State.RECONNECTING, str(error))
                STREAM_CONNECTED.labels(stream="orders").set(0)
                STREAM_RECONNECTS.labels(stream="orders").inc()
                log.warning("order_stream_broken", reason=str(error), failures=failures)
                _rest(turn, min(0.25 * 2.0**failures, RETRY_S_MAX))
    finally:
        client.close()


def _read_one_connection(connection_id: UUID, turn: Slice, client: TradingClient) -> None:
    position = position_of(connection_id, to_vietnam(market_now()).date())
    with connect_order_stream(
        settings.SSI_TRADING_STREAM_URL, client, notify_id=position.last_notify_id or NOTIFY_ID_WHOLE_DAY
    ) as stream:
        _show(connection_id, StreamPosition.State.CONNECTED, "")
        STREAM_CONNECTED.labels(stream="orders").set(1)
        reconciler = Reconciler(connection_id, client)
        books, days = BookComparison(connection_id, client), DayComparison(connection_id, client)
        reader = _Reader(connection_id, stream, turn)
        reader.read(market_now())  # what was missed comes first; the order book is compared with the result
        while turn.goes_on():
            now = market_now()
            reconciler.step(now)
            books.step(now)
            days.step(now)
            reader.read(now)
            if reconciler.wants_replay:
                rewind(connection_id)
                return


class _Reader:
    def __init__(self, connection_id: UUID, stream: SignalRConnection, turn: Slice) -> None:
        self._connection_id = connection_id
        self._stream = stream
        self._turn = turn
        self._show_at = 0.0

    def read(self, now: datetime) -> None:
        frames = self._stream.frames(READ_S)
        for first in range(0, len(frames), TOGETHER_MAX):
            if not self._turn.goes_on():  # renews the lease too: many messages may take longer than its ttl
                return  # the successor asks for what is left
            take_together(self._connection_id, frames[first : first + TOGETHER_MAX], now=now)
        if time.monotonic() >= self._show_at:
            self._show_at = time.monotonic() + SHOW_EVERY_S
            StreamPosition.objects.filter(connection_id=self._connection_id).update(seen_at=Now())


def take_together(connection_id: UUID, frames: Sequence[ReceivedFrame], *, now: datetime) -> None:
    """Those that are there anyway, in one transaction: one reader stands in line for an account's lock with everybody
    who places orders there, and would fall behind if each message cost it a turn. Where the books refuse them together,
    each is taken in for itself."""
    try:
        with transaction.atomic():
            take_frames(connection_id, frames, now=now)
    except (IntegrityError, DataError) as error:
        log.warning("order_stream_one_by_one", reason=str(error), frames=len(frames))
        take_frames(connection_id, frames, now=now)
    if frames:
        passing("message.committed")


def take_frames(connection_id: UUID, frames: Iterable[ReceivedFrame], *, now: datetime) -> None:
    """Matches that follow each other are taken in together, every other message for itself."""
    for is_match, messages in groupby(_messages(connection_id, frames, now), lambda one: isinstance(one, BrokerMatch)):
        if is_match:
            take_messages(connection_id, list(messages), now=now)
        else:
            for message in messages:
                take_messages(connection_id, [message], now=now)


def _messages(connection_id: UUID, frames: Iterable[ReceivedFrame], now: datetime) -> Iterator[BrokerMessage]:
    for frame in frames:
        decoded = decode_order_frame(frame.raw)
        for notice in decoded.notices:
            log.warning("order_stream_notice", text=notice)
        for failure in decoded.failures:
            subject = hashlib.sha256(failure.raw.encode()).hexdigest()[:16]
            detail = f"{failure.reason}: {failure.raw}"
            discrepancies.note(connection_id, Kind.UNREADABLE, subject=subject, detail=detail, now=now)
        yield from decoded.messages


def take_messages(connection_id: UUID, messages: Sequence[BrokerMessage], *, now: datetime) -> None:
    """One, or matches that came together. What cannot be applied together is taken in for itself, and what cannot be
    applied at all is kept for a person; the stream goes on."""
    passing("stream.received")
    try:
        with transaction.atomic():
            apply_broker_events(connection_id, messages, now=now)
            passing("message.applied")
            _move_position(connection_id, messages, now)
            passing("message.positioned")
    except (IllegalTransition, TerminalError, IntegrityError, DataError, ValueError) as error:
        if len(messages) > 1:
            log.warning("messages_one_by_one", reason=str(error), messages=len(messages))
            for message in messages:
                take_messages(connection_id, [message], now=now)
            return
        (message,) = messages
        subject = f"notifyID {message.notify_id}"
        detail = f"{type(error).__name__}: {error}: {message}"
        discrepancies.note(connection_id, Kind.UNREADABLE, subject=subject, detail=detail, now=now)
        with transaction.atomic():
            _move_position(connection_id, messages, now)


def position_of(connection_id: UUID, today: date) -> StreamPosition:
    """Where to resume; a new trading day is read from its beginning."""
    position, _ = StreamPosition.objects.get_or_create(connection_id=connection_id, defaults={"trading_day": today})
    if position.trading_day < today:
        position.trading_day, position.last_notify_id = today, 0
        position.save(update_fields=["trading_day", "last_notify_id"])
    return position


def rewind(connection_id: UUID) -> None:
    """The next connection reads the whole day again; what is known already changes nothing."""
    StreamPosition.objects.filter(connection_id=connection_id).update(last_notify_id=0)


def _move_position(connection_id: UUID, messages: Sequence[BrokerMessage], now: datetime) -> None:
    """Behind the last of them. Numbers begin anew each day; some refusals carry none."""
    numbered = [(_day_of(message, now), message.notify_id) for message in messages if message.notify_id > 0]
    if not numbered:
        return
    day, notify_id = max(numbered)
    asked: dict[str, Any] = {"connection_id": connection_id, "day": day, "notify_id": notify_id}
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, asked)


def _day_of(message: BrokerMessage, now: datetime) -> date:
    if isinstance(message, BrokerError):
        epoch_ms = 0
    else:
        epoch_ms = message.matched_ms if isinstance(message, BrokerMatch) else message.order.modified_ms
    return to_vietnam(datetime.fromtimestamp(epoch_ms / 1000, UTC) if epoch_ms else now).date()


def _show(connection_id: UUID, state: StreamPosition.State, trouble: str) -> None:
    StreamPosition.objects.filter(connection_id=connection_id).update(state=state, trouble=trouble[:500], seen_at=Now())


def _rest(turn: Slice, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and turn.goes_on():
        time.sleep(0.1)
