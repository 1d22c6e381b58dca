"""Nothing is ordered from a market of the past.

A page of a replay, and a terminal that shows one, name it with every request. Whatever names a replay may look and may
steer that replay; an act is refused here, before any view sees it. Stopping the firm's orders is never refused.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

CODE: Final = "REPLAY_MARKET"
MARKET_HEADER: Final = "X-QTS-Market"
CONFLICT: Final = 409
_MARK: Final = "replay:"
_REPLAY_PAGE: Final = re.compile(r"/replay/[0-9a-f]{16}/")
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_API: Final = "/api/"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TICKETS: Final = ("/ticket/", "/orders/conditional/new/", "/orders/sliced/new/")  # not even shown
_MAY_ACT: Final = ("/replay/", "/api/v1/replays/", "/i18n/", "/accounts/", "/risk/kill", "/api/v1/kill-switches/")

Answer = Callable[[HttpRequest], HttpResponse]


class NoOrdersInReplays:
    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _may_be_an_act(request) and names_replay(request):
            return _refusal(request)
        return self._get_response(request)


def names_replay(request: HttpRequest) -> bool:
    """Whether a header, the address, the form, or the page that it comes from names a replay."""
    named = [request.headers.get(MARKET_HEADER, ""), *request.GET.getlist("market")]
    if request.content_type in _FORMS and not request.path.startswith(_API):  # programs say it in the header
        named += request.POST.getlist("market")
    pages = [request.headers.get(name, "") for name in ("HX-Current-URL", "Referer")]
    return any(one.strip().lower().startswith(_MARK) for one in named) or any(
        _REPLAY_PAGE.match(urlsplit(one).path) for one in pages
    )


def _may_be_an_act(request: HttpRequest) -> bool:
    if request.path.startswith(_TICKETS):
        return True
    return request.method not in _SAFE and not request.path.startswith(_MAY_ACT)


def _refusal(request: HttpRequest) -> HttpResponse:
    sentence = _(
        "This is a replay: its prices are of the past, and nothing can be ordered here. Go to the live market."
    )
    if request.path.startswith(_API):
        body = {"code": CODE, "message": sentence, "context": {}, "correlation_id": ""}
        return JsonResponse(body, status=CONFLICT)
    return HttpResponse(sentence, status=CONFLICT, content_type="text/plain; charset=utf-8")
