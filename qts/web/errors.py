"""Every API error has one shape: {"code", "message", "context", "correlation_id"}."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from qts.domain.errors import Breach, Said, TransientError
from qts.web.said import rule_text, told

_CODES = {
    exceptions.NotAuthenticated: "NOT_AUTHENTICATED",
    exceptions.AuthenticationFailed: "NOT_AUTHENTICATED",
    exceptions.PermissionDenied: "PERMISSION_DENIED",
    exceptions.NotFound: "NOT_FOUND",
    exceptions.MethodNotAllowed: "METHOD_NOT_ALLOWED",
    exceptions.NotAcceptable: "NOT_ACCEPTABLE",
    exceptions.UnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE",
    exceptions.Throttled: "TOO_MANY_REQUESTS",
    exceptions.ParseError: "MALFORMED_BODY",
    exceptions.ValidationError: "INVALID_INPUT",
}


class Refused(exceptions.APIException):
    """A refusal with its reasons; 422, or the status given."""

    def __init__(self, code: str, message: str, *, context: Mapping[str, Any] | None = None, status_code: int = 422):
        super().__init__(told(message))
        self.refusal_code = code
        self.context = dict(context or {})
        self.status_code = status_code


def refused_for_reasons(code: str, problems: Iterable[str]) -> Refused:
    sentences = [told(problem) for problem in problems]
    return Refused(code, " ".join(sentences), context={"problems": sentences})


def breaches_out(breaches: Iterable[Breach]) -> list[dict[str, Any]]:
    """`sentence` is in the reader's language; the rest is the same for everybody."""
    return [
        {
            "code": breach.code.value,
            "sentence": rule_text(breach.code),
            "limit": breach.limit,
            "actual": breach.actual,
            "detail": breach.detail,
        }
        for breach in breaches
    ]


def exception_handler(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """Unknown errors return None: Django answers 500 and logs them."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, TransientError):
        error = Refused("TEMPORARILY_UNAVAILABLE", Said("Try again in a moment."), status_code=503)
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    return Response(_body(error), status=error.status_code, headers=_headers(error))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    wait_s: float | None = getattr(error, "wait", None)  # of Throttled
    return {"Retry-After": str(int(wait_s) + 1)} if wait_s else {}


def _body(error: exceptions.APIException) -> dict[str, Any]:
    correlation_id = structlog.contextvars.get_contextvars().get("request_id", "")
    if isinstance(error, Refused):
        code, message, extra = error.refusal_code, str(error.detail), error.context
    elif isinstance(error, exceptions.ValidationError):
        code, message, extra = "INVALID_INPUT", _first_sentence(error.detail), {"fields": error.detail}
    else:
        code, message, extra = _CODES.get(type(error), "ERROR"), str(error.detail), {}
    return {"code": code, "message": message, "context": extra, "correlation_id": correlation_id}


def _first_sentence(detail: Any, field: str = "") -> str:
    if isinstance(detail, Mapping):
        name, inner = next(iter(detail.items()))
        return _first_sentence(inner, "" if name == "non_field_errors" else str(name))
    if isinstance(detail, list) and detail:
        return _first_sentence(detail[0], field)
    return f"{field}: {detail}" if field else str(detail)
