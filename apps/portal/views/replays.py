"""Days that are played again: choosing one, steering it, and its board and symbols. Nothing on these pages trades."""

from collections.abc import Callable
from datetime import date, time
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import REPLAY_SPEEDS, ReplayMarket
from apps.marketdata.services import time_machine
from apps.marketdata.services.time_machine import ReplayRefused
from apps.portal.selectors import may_steer
from apps.portal.views.access import EVERYBODY, View, page
from apps.portal.views.board import board_context
from apps.portal.views.shell import matching_securities
from apps.portal.views.symbol import listed, replay_data, symbol_context
from qts.domain.errors import Said
from qts.web.said import told

DAYS_SHOWN_MAX = 60


def replay_page(view: Callable[..., HttpResponse]) -> View:
    """A page of one replay; gone when it is over, with the way to the others."""

    @page(*EVERYBODY)
    @wraps(view)
    def answer(request: HttpRequest, replay_id: str, **named: Any) -> HttpResponse:
        market = marketdata.market_of(f"{marketdata.REPLAY_MARK}{replay_id}")
        if not isinstance(market, ReplayMarket):
            return _gone(request, replay_id)
        time_machine.watch_replay(replay_id)
        return view(request, market, **named)

    return answer


@require_GET
@page(*EVERYBODY)
def replay_list(request: HttpRequest) -> HttpResponse:
    context = {
        "recordings": marketdata.recordings(limit=DAYS_SHOWN_MAX),
        "rows": [(view, may_steer(request.user, view)) for view in marketdata.replays()],
        "speeds": REPLAY_SPEEDS,
    }
    return render(request, "portal/replays/list.html", context)


@require_POST
@page(*EVERYBODY)
def start(request: HttpRequest) -> HttpResponse:
    try:
        replay_id = time_machine.start_replay(
            owner_id=request.user.pk or 0,
            owner=request.user.get_username(),
            day=_day(request),
            speed=_speed(request),
            at=_time(request),
        )
    except ReplayRefused as refusal:
        messages.error(request, told(refusal))
        return redirect("portal:replays")
    return redirect("portal:replay-board", replay_id=replay_id)


@require_POST
@page(*EVERYBODY)
def act(request: HttpRequest, replay_id: str) -> HttpResponse:
    """Pause, resume, another speed, another time, stop; 422 with a sentence where that cannot be."""
    view = marketdata.replay(replay_id)
    if view is None:
        raise Http404
    if not may_steer(request.user, view):
        return HttpResponse(_("This replay is %(owner)s's.") % {"owner": view.owner}, status=403)
    wanted = request.POST.get("act", "")
    try:
        time_machine.steer_replay(replay_id, wanted, speed=_speed(request), at=_time(request))
    except ReplayRefused as refusal:
        return HttpResponse(told(refusal), status=422)
    if wanted == "stop" and not request.headers.get("HX-Request"):
        messages.success(request, _("The replay is over."))
        return redirect("portal:replays")
    return HttpResponse(status=204)


@require_GET
@replay_page
def board(request: HttpRequest, market: ReplayMarket) -> HttpResponse:
    return render(
        request, "portal/board.html", _context(request, market) | board_context(request, market, may_trade=False)
    )


@require_GET
@replay_page
def symbol_page(request: HttpRequest, market: ReplayMarket, symbol: str) -> HttpResponse:
    security = listed(symbol)
    context = symbol_context(market, security) | {"page_data": replay_data(market, security)}
    return render(request, "portal/symbol.html", _context(request, market) | context)


@require_GET
@replay_page
def bars(_request: HttpRequest, market: ReplayMarket, symbol: str) -> HttpResponse:
    return JsonResponse(replay_data(market, listed(symbol)))


@require_GET
@replay_page
def find(request: HttpRequest, market: ReplayMarket) -> HttpResponse:
    typed, exact, matching = matching_securities(request)
    if exact is not None:
        return redirect("portal:replay-symbol", replay_id=market.view.id, symbol=exact.symbol)
    return render(request, "portal/find.html", _context(request, market) | {"typed": typed, "matching": matching})


def _context(request: HttpRequest, market: ReplayMarket) -> dict[str, Any]:
    return {
        "replay": market.view,
        "replay_speeds": REPLAY_SPEEDS,
        "may_steer": may_steer(request.user, market.view),
        "may_trade": False,
    }


def _gone(request: HttpRequest, replay_id: str) -> HttpResponse:
    view = marketdata.replay(replay_id)
    return render(request, "portal/replays/over.html", {"ended": view}, status=404 if view is None else 410)


def _day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        raise ReplayRefused("NOT_RECORDED", Said("Name a day.")) from None


def _speed(request: HttpRequest) -> int:
    typed = request.POST.get("speed", "1")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0


def _time(request: HttpRequest) -> time | None:
    try:
        return time.fromisoformat(request.POST.get("at", "")).replace(tzinfo=None)
    except ValueError:
        return None
