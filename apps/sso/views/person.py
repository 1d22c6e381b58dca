"""What every request has from the person who makes it, what browsers may keep of the answers, and the choice of a
language."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as set_browsers_language

from apps.eventlog import services as eventlog
from apps.sso import services
from qts.domain.errors import TerminalError

NOT_KEPT: Final = "private, no-store"


class OfOnePerson:
    """The address, for the event log; the language that the person has chosen; and that the session is in use. What is
    told to a person stays in no cache unless its view says so: after the log-out nobody goes back to it, and a part of
    a page is not shown in the place of the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if user.is_authenticated:
            services.note_activity(str(request.session.session_key))
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
        with structlog.contextvars.bound_contextvars(**{eventlog.ADDRESS_NAME: services.client_address(request)}):
            response = self._get_response(request)
        if user.is_authenticated or "Authorization" in request.headers:
            response.headers.setdefault("Cache-Control", NOT_KEPT)
        return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Of this browser, and of the person wherever they are logged in."""
    if request.user.is_authenticated and (language := request.POST.get("language")):
        with suppress(TerminalError):  # Django's view passes over a language that there is none of, too
            services.save_preferences(request.user, language=language)
    return set_browsers_language(request)
