"""The alerts centre: what came true, what a person waits for, and the ways out of the page."""

import math
from datetime import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from apps.marketdata import selectors as marketdata
from apps.notifications import selectors, services
from apps.notifications.services import ChannelProblem, ChannelRefused, RuleProblem, RuleRefused, RuleWish
from apps.portal.forms import read_price_vnd
from apps.portal.views.access import EVERYBODY, asks_for_fragment, page
from apps.portal.views.alert_words import KINDS_OFFERED, problem_text
from apps.portal.views.market import shown_unit_vnd
from qts.domain.values import InstrumentKind

PRICE_KINDS = ("PRICE_ABOVE", "PRICE_BELOW")
CHANGE_KINDS = ("CHANGE_ABOVE", "CHANGE_BELOW")
INDICATOR_KINDS = ("INDICATOR_ABOVE", "INDICATOR_BELOW")
COOLDOWN_MINUTES = 5


@require_GET
@page(*EVERYBODY)
@never_cache
def alerts(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx what changes by itself: the inbox and the deliveries."""
    if asks_for_fragment(request):
        return render(request, "portal/alerts/live.html", _live(request))
    return _page(request)


@require_POST
@page(*EVERYBODY)
def mark_read(request: HttpRequest) -> HttpResponse:
    services.mark_read(_me(request), now=timezone.now())
    return redirect("portal:alerts")


@require_POST
@page(*EVERYBODY)
def new_rule(request: HttpRequest) -> HttpResponse:
    typed = request.POST.dict()
    try:
        wish = _wish(request)
        services.make_rule(_me(request), wish, language=get_language() or "vi", now=timezone.now())
    except (ValueError, RuleRefused) as error:
        problem = error.problem if isinstance(error, RuleRefused) else RuleProblem.THRESHOLD_OUT_OF_RANGE
        return _page(request, {"rule_problem": problem_text(problem), "typed": typed}, status=422)
    messages.success(request, _("The alert is set."))
    return redirect("portal:alerts")


@require_POST
@page(*EVERYBODY)
def change_rule(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    try:
        if act == "delete":
            services.delete_rule(_me(request), rule_id)
        else:
            services.switch_rule(_me(request), rule_id, is_active=act == "on")
    except RuleRefused as refusal:
        messages.error(request, problem_text(refusal.problem))
    return redirect("portal:alerts")


@require_POST
@sensitive_post_parameters("target", "token")
@page(*EVERYBODY)
def new_channel(request: HttpRequest) -> HttpResponse:
    """A webhook's key is shown with the answer, and never again."""
    given = request.POST
    try:
        _id, secret = services.make_channel(
            _me(request),
            kind=given.get("kind", ""),
            name=given.get("name", ""),
            target=given.get("target", ""),
            token=given.get("token", ""),
            quiet_from=_time(given.get("quiet_from", "")),
            quiet_to=_time(given.get("quiet_to", "")),
            now=timezone.now(),
        )
    except (ValueError, ChannelRefused) as error:
        problem = error.problem if isinstance(error, ChannelRefused) else ChannelProblem.QUIET_HALF_SET
        typed = {name: given.get(name, "") for name in ("name", "kind")}  # never what opens it
        context = {"channel_problem": problem_text(problem), "channel_typed": typed}
        return _page(request, context, status=422)
    if secret:
        return _page(request, {"secret": secret, "secret_of": given.get("name", "")})
    messages.success(request, _("The channel is set up. Send a test."))
    return redirect("portal:alerts")


@require_POST
@page(*EVERYBODY)
def change_channel(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    try:
        if request.POST.get("act") == "delete":
            services.delete_channel(_me(request), channel_id)
        else:
            services.try_channel(_me(request), channel_id, language=get_language() or "vi", now=timezone.now())
            messages.success(request, _("A test is on its way: see the deliveries below."))
    except ChannelRefused as refusal:
        messages.error(request, problem_text(refusal.problem))
    return redirect("portal:alerts")


def _page(request: HttpRequest, more: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    context = {
        **_live(request),
        "rules": selectors.rules(_me(request)),
        "channels": selectors.channels(_me(request)),
        "kinds": KINDS_OFFERED,
        "symbols": [security.symbol for security in marketdata.securities()],
        "asked_symbol": request.GET.get("symbol", "")[:20],
        "cooldown_minutes": COOLDOWN_MINUTES,
    }
    return render(request, "portal/alerts/page.html", context | (more or {}), status=status)


def _live(request: HttpRequest) -> dict[str, Any]:
    return {
        "alerts": selectors.alerts(_me(request)),
        "unread": selectors.unread_count(_me(request)),
        "deliveries": selectors.deliveries(_me(request)),
    }


def _wish(request: HttpRequest) -> RuleWish:
    """Raises ValueError for a number that cannot be read, RuleRefused for a symbol that is not listed."""
    kind, symbol = request.POST.get("kind", ""), request.POST.get("symbol", "").strip().upper()
    known = marketdata.security(symbol) if symbol else None
    if symbol and known is None:
        raise RuleRefused(RuleProblem.SYMBOL_MALFORMED)
    unit_vnd = shown_unit_vnd(known.kind if known else InstrumentKind.STOCK)
    return RuleWish(
        kind=kind,
        symbol=symbol,
        indicator=request.POST.get("indicator", "").strip().lower(),
        threshold=_threshold(kind, request.POST.get("threshold", "").strip(), unit_vnd),
        note=request.POST.get("note", ""),
        cooldown_s=60 * int(request.POST.get("cooldown") or COOLDOWN_MINUTES),
        rearms=request.POST.get("rearms") != "once",
        channel_ids=tuple(UUID(text) for text in request.POST.getlist("channels")),
    )


def _threshold(kind: str, text: str, unit_vnd: int) -> int | None:
    """As people type it: thousand VND or points, percent of change, an indicator's own number, percent of certainty."""
    if not text:
        return None
    if kind in PRICE_KINDS:
        return read_price_vnd(text, unit_vnd)
    if kind in CHANGE_KINDS:
        return _decimal(text, 100)
    return _decimal(text, 1_000) if kind in INDICATOR_KINDS else int(text)


def _decimal(text: str, parts: int) -> int:
    """ "-2.5" in hundredths is -250. Raises ValueError."""
    number = float(text.replace("%", "").replace(",", ".")) * parts
    if not math.isfinite(number):
        raise ValueError(f"no number for a level: {text!r}")
    return round(number)


def _time(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _me(request: HttpRequest) -> int:
    return int(request.user.pk or 0)
