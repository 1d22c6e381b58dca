"""Risk as it runs: exposure, profit and drawdown, alerts, value at risk, and what a shock would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, OFFICERS, TRADERS, asks_for_fragment, page
from apps.risk.selectors.exits import exit_plans
from apps.risk.selectors.exposure import exposure, shocked
from apps.risk.selectors.losses import BreachView, alerts, breaches, equity_history
from apps.risk.selectors.value_at_risk import value_at_risk
from apps.sso.selectors import has_role
from qts.domain.market import to_vietnam

FIRM = "firm"
HISTORY = timedelta(days=7)
SHOCK_PERCENT_MAX = 50
SHOCK_DEFAULT = -7  # the floor of HOSE
SHOCKS = (-20, -10, -7, -5, -3, 3, 7)
_VIETNAM_MS = 7 * 3_600_000


@dataclass(frozen=True, slots=True)
class Scope:
    """One account, or for officers all of them."""

    key: str
    label: str
    account_ids: tuple[UUID, ...]

    @property
    def account_id(self) -> UUID | None:
        return self.account_ids[0] if self.key != FIRM and self.account_ids else None


@require_GET
@page(*EVERYBODY)
def monitor(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    scopes, scope = _scopes(request)
    context: dict[str, Any] = {"scopes": scopes, "scope": scope}
    if scope is not None:
        now = marketdata.market_now()
        today = to_vietnam(now).date()
        numbers = {account.id: account.number for account in accounts.accounts_of(request.user)}
        broken = breaches(scope.account_ids, today)
        context |= {
            "breaches": [_breach_row(breach, numbers) for breach in broken],
            "names": actor_names([breach.actor for breach in broken]),
            "exposure": exposure(scope.account_ids, now),
            "plans": exit_plans(scope.account_ids),
            "alerts": [(one, numbers.get(one.account_id, "")) for one in alerts(scope.account_ids, today)],
            "may_plan": scope.account_id is not None and has_role(request.user, *TRADERS),
        }
    template = "portal/risk/monitor_body.html" if asks_for_fragment(request) else "portal/risk/monitor.html"
    return render(request, template, context)


def _breach_row(breach: BreachView, numbers: Mapping[UUID, str]) -> tuple[BreachView, str, str]:
    """With the sentence of its rule and the account's number."""
    sentence = breach.help_vi if get_language() == "vi" else breach.help_en
    return breach, sentence, numbers.get(breach.account_id, "")


@require_GET
@page(*EVERYBODY)
def history(request: HttpRequest) -> HttpResponse:
    """What the chart draws: seconds of Vietnam's day, VND and percent."""
    scope = _scopes(request)[1]
    since = marketdata.market_now() - HISTORY
    points = equity_history(scope.account_ids, since=since) if scope else []
    rows = [
        {
            "time": (round(one.at.timestamp() * 1000) + _VIETNAM_MS) // 1000,
            "pnl": one.day_pnl_vnd,
            "drawdown": -one.drawdown_bps / 100,
        }
        for one in points
    ]
    return JsonResponse({"points": rows})


@require_GET
@page(*EVERYBODY)
def at_risk(request: HttpRequest) -> HttpResponse:
    """Apart from the page: it reads years of prices."""
    scope = _scopes(request)[1]
    if scope is None:
        raise Http404
    now = marketdata.market_now()
    found = value_at_risk(exposure(scope.account_ids, now).values_vnd, to_vietnam(now).date())
    names = {
        "historical": _("historical"),
        "filtered_historical": _("historical, filtered"),
        "parametric": _("parametric"),
        "monte_carlo": _("Monte Carlo"),
    }
    rows = [(names[line.method], line) for line in found.lines]
    return render(request, "portal/risk/value_at_risk.html", {"risk": found, "rows": rows})


@require_GET
@page(*EVERYBODY)
def scenario(request: HttpRequest) -> HttpResponse:
    """All prices moved by ?shock= percent, and each ?of_SSI= by its own."""
    scopes, scope = _scopes(request)
    problems: list[str] = []
    shock = _percent_bps(str(request.GET.get("shock", "")), SHOCK_DEFAULT * 100, problems)
    moves = {
        name.removeprefix("of_"): _percent_bps(text, shock, problems)
        for name, text in request.GET.dict().items()
        if name.startswith("of_") and text.strip()
    }
    context: dict[str, Any] = {
        "scopes": scopes, "scope": scope, "shock": f"{shock / 100:g}", "shocks": SHOCKS, "problems": problems,
        "typed": {symbol: f"{move / 100:g}" for symbol, move in moves.items()},
    }  # fmt: skip
    if scope is not None:
        now = marketdata.market_now()
        context["result"] = shocked(scope.account_ids, now, shock_bps=shock, of_symbols=moves)
    return render(request, "portal/risk/scenario.html", context, status=422 if problems else 200)


def _percent_bps(text: str, otherwise: int, problems: list[str]) -> int:
    """-7, -7.5 or -7,5 percent in basis points; what is not one stays as it was and is said."""
    if not text.strip():
        return otherwise
    try:
        bps = round(float(text.strip().replace(",", ".").replace("\u2212", "-")) * 100)
    except (ValueError, OverflowError):
        bps = SHOCK_PERCENT_MAX * 100 + 1
    if abs(bps) > SHOCK_PERCENT_MAX * 100:
        problems.append(_("{text} is no percentage from -50 to 50.").format(text=text[:20]))
        return otherwise
    return bps


def _scopes(request: HttpRequest) -> tuple[list[Scope], Scope | None]:
    """What the user may look at, and what he asked for; 404 for what he may not see."""
    mine = accounts.accounts_of(request.user)
    scopes = _all_scopes(mine, is_officer=has_role(request.user, *OFFICERS))
    asked = request.GET.get("account", "")
    if not asked:
        return scopes, scopes[0] if scopes else None
    for scope in scopes:
        if scope.key == asked:
            return scopes, scope
    raise Http404


def _all_scopes(mine: Sequence[AccountView], *, is_officer: bool) -> list[Scope]:
    scopes = [Scope(str(account.id), account.number, (account.id,)) for account in mine]
    if is_officer and mine:
        scopes.insert(0, Scope(FIRM, _("All accounts"), tuple(account.id for account in mine)))
    return scopes
