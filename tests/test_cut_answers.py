"""Answers that are cut off after the broker has accepted: unknown, asked for, and never sent under a second id.

`QTS_CUT_ANSWERS=1000 pytest tests/test_cut_answers.py` cuts as many.
"""

import os
import threading
import time
from typing import cast
from uuid import UUID

import pytest
from django.db import connections

from apps.marketdata import selectors as marketdata
from apps.orders import services
from apps.orders.models import GatewayState, Intent, Order, StreamPosition
from apps.orders.services import order_stream, sending
from apps.orders.services.broker import open_client
from qts.adapters.lease import Slice
from qts.domain.orders import Status
from qts.domain.values import Side
from tests.journeys import STRATEGY, Journey, journey
from tests.order_market import wait_for

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3_600)]
ANSWERS = int(os.environ.get("QTS_CUT_ANSWERS", "20"))
AT_ONCE = 20
RESOLVED_S_MAX = 3.0


class Turn:
    """Nobody else sends; this one asks nothing either."""

    epoch = 1

    def goes_on(self) -> bool:
        return True


def test_cut_answers_are_found_when_the_stream_returns(journey: Journey):
    journey.market.ask("sim/quota", {"service": "trading", "limits": []})
    GatewayState.objects.get_or_create(connection_id=journey.connection_id)
    floor, _ = journey.band()
    took: list[float] = []
    for _ in range(max(1, ANSWERS // AT_ONCE)):
        order_ids = [journey.submit(Side.BUY, 100, floor) for _ in range(AT_ONCE)]
        _send_all_without_an_answer(journey, order_ids)
        took.append(_seconds_until_known(journey, order_ids))
        _take_back(journey, order_ids)
    requests = journey.market.ask("sim/ledger")["requests"]
    placed = [one["request"]["requestID"] for one in requests if one["name"] == "NewOrder"]
    assert len(placed) == len(set(placed)) == len(took) * AT_ONCE, "a second id, or a second copy"
    assert set(placed) == set(Order.objects.values_list("request_id", flat=True))
    assert not Intent.objects.filter(state__in=["NOT_RECEIVED", "REFUSED", "UNKNOWN"]).exists(), "a false rejection"
    print(f"{len(placed)} answers cut; seconds from the stream's return until known: {max(took):.2f} at most")
    assert max(took) < RESOLVED_S_MAX


def _send_all_without_an_answer(journey: Journey, order_ids: list[UUID]) -> None:
    journey.market.ask("sim/faults", {"lost_answers": len(order_ids)})
    client = open_client(journey.connection_id)
    while sending.send_next(journey.connection_id, Turn(), client, marketdata.market_now()):
        pass
    client.close()
    journey.market.ask("sim/faults", {})
    assert {journey.order(order_id).status for order_id in order_ids} == {Status.UNKNOWN}


def _seconds_until_known(journey: Journey, order_ids: list[UUID]) -> float:
    """From the connection to the last order; the stream ends with that."""
    StreamPosition.objects.update(state=StreamPosition.State.RECONNECTING)
    with Reading(journey):
        wait_for(lambda: journey.connection("stream_state") == "CONNECTED", 60, "no stream")
        began = time.monotonic()
        unknown = Order.objects.filter(id__in=order_ids).exclude(status=Status.OPEN)
        wait_for(lambda: not unknown.exists(), 60, lambda: f"{unknown.first()}")
        return time.monotonic() - began


class Reading:
    """A slice of the order stream in a thread, until the block ends; its own turn to read."""

    epoch = 1

    def __init__(self, journey: Journey) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(journey.connection_id,))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def goes_on(self) -> bool:
        return not self._over.is_set()

    def _read(self, connection_id: UUID) -> None:
        order_stream.follow(connection_id, cast(Slice, self))
        connections.close_all()


def _take_back(journey: Journey, order_ids: list[UUID]) -> None:
    for order_id in order_ids:
        services.request_cancel(order_id=order_id, actor=STRATEGY, now=marketdata.market_now())
    client = open_client(journey.connection_id)
    while sending.send_next(journey.connection_id, Turn(), client, marketdata.market_now()):
        pass
    client.close()
    with Reading(journey):
        working = Order.objects.filter(id__in=order_ids).exclude(status=Status.CANCELLED)
        wait_for(lambda: not working.exists(), 60, lambda: f"{working.first()}")
