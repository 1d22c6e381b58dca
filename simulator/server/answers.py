"""Reading requests and writing answers as an ASP.NET service does: names in any case, prefixes tolerated."""

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from simulator.server.quotas import Limit

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)  # what decoding a body may raise
BODY_TIMEOUT_S: Final = 5.0
_PREFIXES: Final = ("lookuprequest.", "request.")


def query_of(request: web.Request) -> dict[str, str]:
    """Parameters by lower-case name, without the prefixes that some clients add; empty ones are left out."""
    found = {}
    for name, value in request.query.items():
        lowered = name.lower()
        for prefix in _PREFIXES:
            lowered = lowered.removeprefix(prefix)
        if value.strip():
            found[lowered] = value.strip()
    return found


async def body_of(request: web.Request) -> bytes:
    """Raises web.HTTPRequestTimeout where it does not arrive in time, web.HTTPRequestEntityTooLarge."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


def answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", status=status)


def success(data: Any) -> web.Response:
    """The envelope of FC Trading: the status is the integer 200."""
    return answer({"message": "Success", "status": 200, "data": data})


def failure(message: str, status: int = 400, http_status: int = 200) -> web.Response:
    """A business failure comes with HTTP 200 and its status in the body."""
    return answer({"message": message, "status": status, "data": None}, http_status)


def unauthorized() -> web.Response:
    return failure("Unauthorized", 401, 401)


def quota_exceeded(limit: Limit, *, as_text: bool) -> web.Response:
    """SSI's specification gives text and code; whether they come as JSON or as plain text is not known."""
    text = f"API calls quota exceeded! maximum admitted {limit.limit} per {limit.period}."
    return web.Response(text=text, status=429) if as_text else failure(text, 429, 429)


def is_json(request: web.Request) -> bool:
    """Whether the body may be JSON by its content type; a client that names none is believed."""
    return "Content-Type" not in request.headers or request.content_type in ("application/json", "text/json")
