"""The `Idempotency-Key` of a write: the same key and body, the same answer; another body, 422; while it runs, 409."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from rest_framework.request import Request
from rest_framework.response import Response

from apps.orders import services
from apps.orders.apis.access import client_order_id
from apps.orders.services.once import Answer
from qts.domain.errors import RuleCode, Said
from qts.web.errors import Refused

_View = Callable[..., Response]
_REFUSED = 422
_REUSED = Said("This Idempotency-Key came with another request before.")
_RUNNING = Said("The same request is still being worked on.")


def written_once(view: _View) -> _View:
    """For a method of an APIView that writes and may be repeated without harm."""

    @wraps(view)
    def once(self: Any, request: Request, **named: Any) -> Response:
        client_order_id(request)  # refuses a request without a key
        given = f"{request.method} {request.path}\n".encode() + request.body
        answer = services.answer_once(
            user_id=str(request.user.pk),
            key=request.headers["Idempotency-Key"],
            body_hash=hashlib.sha256(given).hexdigest(),
            act=lambda: _answer(view, self, request, named),
        )
        if isinstance(answer, RuleCode):
            raise _refusal(answer)
        if answer.status_code == _REFUSED:
            raise Refused(**answer.body)
        return Response(answer.body, status=answer.status_code)

    return once


@contextmanager
def refused_while_running(name: str) -> Iterator[None]:
    """For a write that is kept once by its own name."""
    with services.one_at_a_time(name) as is_mine:
        if not is_mine:
            raise _refusal(RuleCode.REQUEST_IN_PROGRESS)
        yield


def _answer(view: _View, api: Any, request: Request, named: dict[str, Any]) -> Answer:
    """A refusal with reasons is an answer too; every other error leaves the request undone."""
    try:
        response = view(api, request, **named)
    except Refused as refused:
        if refused.status_code != _REFUSED:
            raise
        said = {"code": refused.refusal_code, "message": str(refused.detail), "context": refused.context}
        return Answer(_REFUSED, _plain(said))
    return Answer(response.status_code, _plain(response.data))


def _plain(body: Any) -> Any:
    """As it goes over the wire, so that the first answer and its repetition are the same."""
    return json.loads(json.dumps(body, cls=DjangoJSONEncoder))


def _refusal(code: RuleCode) -> Refused:
    if code is RuleCode.REQUEST_IN_PROGRESS:
        return Refused(code, _RUNNING, status_code=409)
    return reused()


def reused() -> Refused:
    return Refused(RuleCode.IDEMPOTENCY_KEY_REUSED, _REUSED)
