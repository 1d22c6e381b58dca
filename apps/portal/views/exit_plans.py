"""Stop-loss, take-profit and trailing exit of one position, in a dialog."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.forms import read_price_vnd
from apps.portal.views.access import TRADERS, chosen_account, page
from apps.risk import services as risk_services
from apps.risk.selectors.exits import exit_plans
from apps.sso.selectors import actor_of
from qts.domain.errors import TerminalError
from qts.domain.portfolio import ExitLevels

VND_PER_UNIT = 1_000  # prices are typed as the board shows them
BPS_PER_PERCENT = 100


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def exit_plan(request: HttpRequest, symbol: str) -> HttpResponse:
    """GET asks for the levels, POST sets or clears them."""
    account = chosen_account(request, accounts.accounts_of(request.user))
    if account is None or not accounts.may_trade(request.user, account.id):
        raise Http404
    plan = next((one for one in exit_plans([account.id]) if one.symbol == symbol), None)
    context: dict[str, Any] = {"account": account, "symbol": symbol, "plan": plan, "typed": request.POST}
    if request.method == "GET":
        return render(request, "portal/risk/exit_plan.html", context)
    try:
        said = _act(request, account.id, symbol)
    except (ValueError, TerminalError) as problem:
        return render(request, "portal/risk/exit_plan.html", context | {"problem": problem}, status=422)
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    for event in ("qts:close", "qts:risk"):
        response = trigger_client_event(response, event)
    return response


def _act(request: HttpRequest, account_id: Any, symbol: str) -> str:
    actor = actor_of(request.user)
    if request.POST.get("act") == "clear":
        risk_services.clear_exit_plan(account_id=account_id, symbol=symbol, actor=actor)
        return _("{symbol} has no exit plan any more.").format(symbol=symbol)
    levels = ExitLevels(
        stop_vnd=_level(request, "stop", VND_PER_UNIT),
        target_vnd=_level(request, "target", VND_PER_UNIT),
        trail_bps=_level(request, "trail", BPS_PER_PERCENT),
    )
    now = marketdata.market_now()
    risk_services.set_exit_plan(account_id=account_id, symbol=symbol, levels=levels, actor=actor, now=now)
    return _("The exit of {symbol} is watched.").format(symbol=symbol)


def _level(request: HttpRequest, name: str, unit: int) -> int | None:
    """Raises ValueError for what is no number."""
    text = request.POST.get(name, "").strip()
    return read_price_vnd(text, unit) if text else None
