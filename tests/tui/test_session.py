"""Answers that a server should not give, and what the user hears of them."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from qts.tui import language, wire
from qts.tui.__main__ import problem_of
from qts.tui.errors import BadAnswer, Refused, ServerAway, SessionEnded
from qts.tui.session import Session, Step


@contextmanager
def answering(*answers):
    """A server that gives these (status, body) in turn; the headers and bodies that it got."""
    left, got = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            got.append((self.command, self.path, dict(self.headers), self.rfile.read(length).decode()))
            status, body = left.pop(0)
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Set-Cookie", "csrftoken=t0ken")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 (the names of http.server)

        def log_message(self, *_arguments) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def in_english():
    language.use("en")


ACCOUNTS = list[wire.Account]
ERROR = {"code": "X", "message": "No.", "context": {}, "correlation_id": ""}


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (200, "<html>", BadAnswer, "cannot be read"),
        (200, {"id": 1}, BadAnswer, "cannot be read"),
        (200, [{"id": 7}], BadAnswer, "cannot be read"),
        (200, "", BadAnswer, "cannot be read"),
        (302, "", BadAnswer, "cannot be read"),
        (404, "<html>not found</html>", BadAnswer, "cannot be read"),
        (500, "<h1>Server Error</h1>", BadAnswer, "fault (status 500)"),
        (503, ERROR, BadAnswer, "fault (status 503)"),
        (403, ERROR | {"code": "NOT_AUTHENTICATED"}, SessionEnded, "Log in again"),
        (
            403,
            ERROR | {"code": "PERMISSION_DENIED", "message": "Only a risk officer."},
            Refused,
            "Only a risk officer.",
        ),
        (422, ERROR | {"code": "UNKNOWN_SYMBOL", "message": "[bold]No[/]"}, Refused, "[bold]No[/]"),
    ],
)
async def test_every_answer_that_is_none_is_told(status, body, error, sentence):
    with answering((status, body)) as (url, _got):
        async with Session(url) as session:
            with pytest.raises(error, match=sentence.replace("[", r"\[").replace("(", r"\(").replace(")", r"\)")):
                await session.get("accounts/", ACCOUNTS)


async def test_a_server_that_is_not_there():
    async with Session("http://127.0.0.1:1") as session:
        with pytest.raises(ServerAway, match="does not answer at http://127"):
            await session.get("accounts/", ACCOUNTS)


async def test_an_order_carries_its_key_the_token_and_its_origin():
    with answering((200, []), (200, [])) as (url, got):
        async with Session(url) as session:
            await session.get("accounts/", ACCOUNTS)
            await session.post("orders/", {"symbol": "SSI"}, ACCOUNTS, idempotency_key="k-1")
        method, path, headers, body = got[1]
        assert (method, path, json.loads(body)) == ("POST", "/api/v1/orders/", {"symbol": "SSI"})
        sent = {name: headers.get(name) for name in ("Idempotency-Key", "X-CSRFToken", "Origin", "Accept-Language")}
        assert sent == {"Idempotency-Key": "k-1", "X-CSRFToken": "t0ken", "Origin": url, "Accept-Language": "en"}


UNKNOWN = {"status": 401, "data": {"flows": [{"id": "login"}]}, "meta": {}}
HALF = {"status": 401, "data": {"flows": [{"id": "mfa_authenticate", "is_pending": True}]}, "meta": {}}
IN = {"status": 200, "data": {"user": {"id": 1, "username": "trader"}}, "meta": {}}


async def test_a_log_in_keeps_neither_password_nor_code():
    with answering((401, UNKNOWN), (401, HALF), (200, IN)) as (url, got):
        async with Session(url) as session:
            assert await session.give_password("trader", "s3cret-passw0rd") is Step.CODE
            assert await session.give_code("123456") is Step.DONE
            assert session.person == wire.Person(1, "trader")
            kept = repr(vars(session)) + repr(dict(session._http.headers)) + session.cookie
        assert "s3cret-passw0rd" not in kept
        assert "123456" not in kept
        assert [path for _method, path, _headers, _body in got] == [
            "/accounts/browser/v1/auth/session",
            "/accounts/browser/v1/auth/login",
            "/accounts/browser/v1/auth/2fa/authenticate",
        ]


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (400, {"status": 400, "errors": [{"code": "incorrect", "message": "Wrong."}]}, Refused, "Wrong."),
        (429, "<html>locked out</html>", Refused, "Too many tries"),
        (401, UNKNOWN, BadAnswer, "way of logging in"),
        (200, "<html>", BadAnswer, "cannot be read"),
        (500, "<html>", BadAnswer, "answered 500"),
        (403, "<html>CSRF</html>", BadAnswer, "answered 403"),
    ],
)
async def test_a_log_in_that_fails_says_why(status, body, error, sentence):
    with answering((401, UNKNOWN), (status, body)) as (url, _got):
        async with Session(url) as session:
            with pytest.raises(error, match=sentence):
                await session.give_password("trader", "x")
            assert session.person is None


async def test_a_password_without_a_second_factor_is_not_a_log_in():
    with answering((401, UNKNOWN), (200, IN)) as (url, _got):
        async with Session(url) as session:
            assert await session.give_password("novice", "x") is Step.ENROLMENT
            assert session.person is None


async def test_a_code_that_comes_too_late_begins_again():
    with answering((401, UNKNOWN)) as (url, _got):
        async with Session(url) as session:
            with pytest.raises(Refused, match="begin again") as refused:
                await session.give_code("123456")
            assert refused.value.code == "LOG_IN_EXPIRED"


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000/", True),
        ("http://[::1]:8000", True),
        ("https://qts.example", True),
        ("http://qts.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("ftp://127.0.0.1", False),
        ("127.0.0.1:8000", False),
        ("", False),
    ],
)
def test_a_password_travels_in_the_clear_on_this_machine_only(url, is_fine):
    assert (problem_of(url) == "") is is_fine
