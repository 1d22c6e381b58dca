"""A request over ASGI leaves the event loop once, however many middlewares it passes."""

import threading

from asgiref.testing import ApplicationCommunicator
from django.test import override_settings
from django.utils.deprecation import MiddlewareMixin

from qts.asgi import OneThreadHandler

SEEN: list[tuple[bool, int]] = []


class Noting(MiddlewareMixin):
    """Can be called from an event loop too, as most of Django's own can: then `async_mode` is true."""

    def process_request(self, _request):
        SEEN.append((self.async_mode, threading.get_ident()))

    def process_response(self, _request, response):
        SEEN.append((self.async_mode, threading.get_ident()))
        return response


async def test_the_middlewares_of_a_request_share_one_thread():
    SEEN.clear()
    with override_settings(MIDDLEWARE=[f"{__name__}.Noting"] * 2):
        handler = OneThreadHandler()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/healthz",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    browser = ApplicationCommunicator(handler, scope)
    await browser.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await browser.receive_output(5)
    body = await browser.receive_output(5)
    assert (start["status"], body["body"]) == (200, b'{"status": "ok"}')
    assert len(SEEN) == 4
    assert {is_async for is_async, _ in SEEN} == {False}
    threads = {thread for _, thread in SEEN}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
