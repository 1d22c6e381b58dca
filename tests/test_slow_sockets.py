"""A client that does not take what it is sent is not listened to, then dropped, and the others go on; under a real
Daphne."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client
from django.conf import settings
from websockets.typing import Origin

from qts.embedded.options import ROOT
from tests.market_pipeline import database_url, free_port

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 60
SLOW_S = 1.0
ASKED = 60  # each answer has 60 KB: together more than any buffer takes
MADE_MAX = 10  # of those that are asked for in one go
SERVER = f"""
import sys
from daphne.cli import CommandLineInterface
from qts.asgi import application
from qts.web import consumers
from apps.marketdata.consumers import IndexesChannel, MarketsConsumer

class Large(IndexesChannel):
    async def snapshot(self):
        print("made", flush=True)
        return "x" * 60_000

MarketsConsumer.channels["large"] = Large
consumers.SLOW_S_MAX = {SLOW_S}
CommandLineInterface().run(["-v", "0", "-p", sys.argv[1], "qts.asgi:application"])
"""


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "daphne.log"


@pytest.fixture
def port(floor, log_file: Path) -> Iterator[int]:
    port = free_port()
    own = {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "qts.settings.test",
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port)], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + WAIT_S
        while not _accepts(port):
            assert process.poll() is None, log_file.read_text()
            assert time.monotonic() < until, log_file.read_text()
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def opened(floor, port: int, *, origin: str = "", **options: Any) -> Any:
    cookie = f"sessionid={floor.trader_client.cookies['sessionid'].value}"
    address = f"ws://localhost:{port}/ws/markets?interval_ms=100"
    return websockets.sync.client.connect(
        address,
        additional_headers={"Cookie": cookie},
        origin=Origin(origin or f"http://localhost:{port}"),
        proxy=None,
        open_timeout=WAIT_S,
        **options,
    )


def test_whoever_takes_nothing_is_not_listened_to_and_dropped_and_the_others_go_on(floor, port, log_file):
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", port))
    with opened(floor, port) as good, opened(floor, port, sock=narrow, max_queue=1, compression=None) as slow:
        for _ in range(ASKED):
            slow.send(json.dumps({"action": "subscribe", "channel": "large"}))
        good.send(json.dumps({"action": "subscribe", "channel": "status"}))
        heard = [json.loads(good.recv(WAIT_S))["seq"] for _ in range(4)]  # one a second
        assert heard == [0, 1, 2, 3]
        assert answers_until_dropped(slow) < MADE_MAX
    assert 0 < log_file.read_text().count("made") < MADE_MAX, "answers were made for nobody"


def test_whoever_takes_all_gets_all_in_turn(floor, port):
    """Also more at once than Daphne would let in."""
    with opened(floor, port, max_size=None) as client:
        for _ in range(ASKED):
            client.send(json.dumps({"action": "subscribe", "channel": "large"}))
        assert [len(json.loads(client.recv(WAIT_S))["data"]) for _ in range(ASKED)] == [60_000] * ASKED


def test_a_page_of_another_port_of_this_host_is_a_stranger(floor, port):
    for stranger in ("http://localhost", f"http://localhost:{port + 1}", "null"):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            opened(floor, port, origin=stranger)
        assert refused.value.response.status_code == HTTPStatus.FORBIDDEN


def answers_until_dropped(slow) -> int:
    for answers in range(ASKED):
        try:
            slow.recv(WAIT_S)
        except websockets.exceptions.ConnectionClosed:
            return answers
    return ASKED
