"""The log-in at the broker that a person's one-time code opens: who wants one, since when, and where to enter it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from apps.accounts import selectors as accounts
from apps.accounts import services
from apps.accounts.services import LOG_IN_SENTENCES, LogInAnswer
from apps.configuration.selectors import LogInView
from apps.configuration.services import WRONG_CODES_MAX
from apps.orders import selectors as orders
from apps.orders.selectors import BrokerConnectionStatus
from apps.portal.selectors import actor_names
from apps.portal.views.access import asks_for_fragment, page
from apps.sso.selectors import Role, actor_of
from qts.adapters.ssi.credentials import SecondFactor

MAY_LOG_IN = (Role.TRADER, Role.OPERATOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class LogInCard:
    """One connection as its card shows it at the moment `now` of the wall clock."""

    log_in: LogInView
    gateway: BrokerConnectionStatus | None
    now: datetime
    problem: str = ""
    told: str = ""

    @property
    def needs_person(self) -> bool:
        return self.log_in.second_factor.needs_person

    @property
    def is_wanted(self) -> bool:
        return self.log_in.is_wanted(self.now)

    @property
    def ends_soon(self) -> bool:
        return self.log_in.ends_soon(self.now)

    @property
    def can_request(self) -> bool:
        return self.log_in.second_factor == SecondFactor.OTP

    @property
    def code_left_s(self) -> int | None:
        """None: no code is outstanding; 0: it came too late."""
        until = self.log_in.code_until()
        return max(0, int((until - self.now).total_seconds())) if until else None

    @property
    def is_stopped(self) -> bool:
        return self.log_in.stopped_until is not None and self.now < self.log_in.stopped_until

    @property
    def is_last_try(self) -> bool:
        return not self.is_stopped and self.log_in.wrong_code_count >= WRONG_CODES_MAX - 1


@require_GET
@page(*MAY_LOG_IN)
@never_cache
def broker_log_ins(request: HttpRequest) -> HttpResponse:
    """The whole page; for htmx what one connection's card shows besides its forms."""
    if asks_for_fragment(request):
        card = _card(request, _asked_connection(request))
        return render(request, "portal/broker_log_in/state.html", {"card": card, "names": _names([card])})
    return _page(request)


@require_POST
@page(*MAY_LOG_IN)
def request_code(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    _card(request, connection_id)
    answer = services.request_broker_code(connection_id, actor=actor_of(request.user), now=timezone.now())
    return _answered(request, connection_id, answer, _("The broker sends a code by SMS or e-mail."))


@require_POST
@sensitive_post_parameters("code")
@page(*MAY_LOG_IN)
def enter_code(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    _card(request, connection_id)
    answer = services.enter_broker_code(
        connection_id, request.POST.get("code", ""), actor=actor_of(request.user), now=timezone.now()
    )
    return _answered(request, connection_id, answer, _("Logged in: orders leave again."))


def _answered(request: HttpRequest, connection_id: UUID, answer: LogInAnswer, done: str) -> HttpResponse:
    """Back to the page, or the page with what went wrong; what was typed is not shown again."""
    if answer.problem is None:
        messages.success(request, done)
        return redirect("portal:pre-open" if request.POST.get("back") == "pre-open" else "portal:broker-log-in")
    return _page(request, {connection_id: (str(LOG_IN_SENTENCES[answer.problem]), answer.told)}, status=422)


def _page(
    request: HttpRequest, problems: dict[UUID, tuple[str, str]] | None = None, *, status: int = 200
) -> HttpResponse:
    found = cards(request, problems or {})
    context = {"cards": found, "names": _names(found)}
    return render(request, "portal/broker_log_in/page.html", context, status=status)


def cards(request: HttpRequest, problems: dict[UUID, tuple[str, str]]) -> list[LogInCard]:
    """Of every connection that the user may see, with what went wrong at some."""
    now = timezone.now()
    gateways = {status.connection_id: status for status in orders.broker_connection_status()}
    return [
        LogInCard(found, gateways.get(found.connection_id), now, *problems.get(found.connection_id, ("", "")))
        for found in accounts.broker_log_ins(request.user)
    ]


def _card(request: HttpRequest, connection_id: UUID | None) -> LogInCard:
    """404 for a connection that the user may not see."""
    for card in cards(request, {}):
        if card.log_in.connection_id == connection_id:
            return card
    raise Http404


def _asked_connection(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("connection", ""))
    except ValueError:
        return None


def _names(cards: list[LogInCard]) -> Any:
    found = [card.log_in for card in cards]
    return actor_names([one.logged_in_by for one in found] + [one.code_requested_by for one in found])
