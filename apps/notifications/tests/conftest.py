"""Two people, one with an account that the other may not see, and servers that take what is sent."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth import get_user_model
from django.utils.translation import override

from apps.notifications import services
from apps.notifications.services import reach
from apps.notifications.services.watching import AlertDesk
from qts.adapters.bus import encode
from qts.domain.events import Event, QuoteUpdated
from qts.domain.ports import Delivery

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ACCOUNT = "0b8f4c52-6f4e-4d6b-8a3d-0c1d2e3f4a5b"


@pytest.fixture
def people(db, monkeypatch) -> tuple[int, int]:
    """The first may see ACCOUNT, the second nothing."""
    made = [get_user_model().objects.create_user(username=name).pk for name in ("an", "binh")]
    monkeypatch.setattr(reach, "_readers", [lambda user_id: frozenset({ACCOUNT} if user_id == made[0] else ())])
    return made[0], made[1]


def quote(symbol: str, last_vnd: int, reference_vnd: int = 25_000) -> QuoteUpdated:
    zeros = dict.fromkeys(
        ("last_quantity", "total_quantity", "total_value_vnd", "high_vnd", "low_vnd", "average_vnd"), 0
    )
    return QuoteUpdated(
        symbol=symbol, reference_vnd=reference_vnd, ceiling_vnd=26_750, floor_vnd=23_250, last_vnd=last_vnd, **zeros,
        estimated_match_vnd=0, aggressor="", session="CONTINUOUS", status="N", ts_exchange_ms=0, ts_received_ns=0,
        wal_position="0:0",
    )  # fmt: skip


class Watch:
    """The worker's desk, given events one after the other as the bus would."""

    def __init__(self) -> None:
        self._desk = AlertDesk()
        self._position = 0

    def tell(self, *events: Event, now: datetime = NOW, again: bool = False) -> list[Any]:
        self._desk.refresh()
        deliveries = []
        for event in events:
            self._position += 0 if again else 1
            message = encode(event)
            deliveries.append(Delivery(message.topic, message.key, message.body, str(self._position)))
        return self._desk.take(deliveries, now)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def rule(user_id: int, kind: str, **wish: Any) -> Any:
    return services.make_rule(user_id, services.RuleWish(kind, **wish), language="en", now=NOW)


@dataclass
class Taken:
    """What a server was sent; it answers with `answers`, one after the other, and 200 then."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def http_server() -> Iterator[Taken]:
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.requests.append((self.path, dict(self.headers), body))
            status = taken.answers.pop(0) if taken.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{taken.url}stolen")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tests are silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield taken
    server.shutdown()
    server.server_close()
    thread.join()


class Mailbox:
    def __init__(self) -> None:
        self.letters: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.letters.append(envelope)
        return "250 taken"


@pytest.fixture
def mailbox(settings) -> Iterator[list[Any]]:
    """A real mail server; Django talks SMTP to it."""
    handler = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    with override("en"):
        yield handler.letters
    controller.stop()
