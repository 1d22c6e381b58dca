"""A client that does not take what it is sent is dropped, and the others go on; under a real Daphne."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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
ASKED, LONG_NAME = 60, "x" * 60_000  # each answer names the channel again: 3.6 MB, more than any buffer takes
SERVER = f"""
import sys
from daphne.cli import CommandLineInterface
from qts.web import consumers
consumers.SLOW_S_MAX = {SLOW_S}
CommandLineInterface().run(["-v", "0", "-p", sys.argv[1], "qts.asgi:application"])
"""


@pytest.fixture
def port(floor, tmp_path: Path) -> Iterator[int]:
    port, log_file = free_port(), tmp_path / "daphne.log"
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


def opened(floor, port: int, **options: Any) -> Any:
    cookie = f"sessionid={floor.trader_client.cookies['sessionid'].value}"
    address = f"ws://localhost:{port}/ws/markets?interval_ms=100"
    return websockets.sync.client.connect(
        address,
        additional_headers={"Cookie": cookie},
        origin=Origin("http://localhost"),
        proxy=None,
        open_timeout=WAIT_S,
        **options,
    )


def test_whoever_takes_nothing_is_dropped_and_the_others_go_on(floor, port):
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", port))
    with opened(floor, port) as good, opened(floor, port, sock=narrow, max_queue=1, compression=None) as slow:
        for _ in range(ASKED):
            slow.send(json.dumps({"action": "subscribe", "channel": LONG_NAME}))
        good.send(json.dumps({"action": "subscribe", "channel": "status"}))
        heard = [json.loads(good.recv(WAIT_S))["seq"] for _ in range(4)]  # one a second
        assert heard == [0, 1, 2, 3]
        assert answers_until_dropped(slow) < ASKED, "what waited for it was not thrown away"


def answers_until_dropped(slow) -> int:
    for answers in range(ASKED):
        try:
            slow.recv(WAIT_S)
        except websockets.exceptions.ConnectionClosed:
            return answers
    return ASKED
