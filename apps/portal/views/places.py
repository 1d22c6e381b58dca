"""Where one can go: the places of the navigation, and what the palette finds."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.symbol_search import plain, securities_like
from apps.sso.selectors import Role, has_role
from apps.strategies import selectors as strategies

TYPED_MAX: Final = 40
OF_A_KIND_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    label: str
    url: str
    icon: str
    kind: str = ""


def main_places(user: Any) -> list[tuple[str, str, str]]:
    """(address name, icon, label); the first four stand in the bar of a phone."""
    places = [
        ("home", "house", _("Home")),
        ("board", "table-2", _("Board")),
        ("orders", "list-ordered", _("Orders")),
        ("positions", "wallet", _("Positions")),
        ("strategies", "bot", _("Strategies")),
        ("backtests", "activity", _("Backtests")),
        ("patterns", "trending-up", _("Patterns")),
        ("risk", "shield-alert", _("Risk")),
        ("data-stream", "zap", _("Market data")),
        ("replays", "play", _("Time machine")),
        ("pre-open", "circle-check", _("Before the open")),
        ("auction", "clock", _("Auctions")),
        ("futures", "layers", _("Futures")),
    ]
    if has_role(user, Role.OPERATOR, Role.ADMINISTRATOR):
        places.append(("system", "server", _("System")))
    return places


def _further_places(user: Any) -> list[tuple[str, str, str]]:
    """What stands on tabs and in menus."""
    places = [
        ("conditional", "list-ordered", _("Conditional orders")),
        ("sliced", "list-ordered", _("Sliced")),
        ("basket", "list-ordered", _("Basket")),
        ("portfolio", "wallet", _("Portfolio")),
        ("cash", "wallet", _("Cash")),
        ("trades", "wallet", _("Trades")),
        ("performance", "wallet", _("Performance")),
        ("signals", "bot", _("Signals")),
        ("rules-new", "bot", _("New rules")),
        ("backtest-new", "activity", _("New backtest")),
        ("risk-monitor", "shield-alert", _("Risk monitor")),
        ("data-completeness", "zap", _("Completeness")),
        ("data-quality", "zap", _("Quality")),
        ("master-data", "zap", _("Master data")),
        ("master-indices", "zap", _("Indices")),
        ("master-changes", "zap", _("Changes of master data")),
        ("alerts", "bell", _("Alerts")),
        ("settings", "user", _("Settings")),
        ("api-keys", "server", _("API keys")),
        ("design", "palette", _("Signs and shortcuts")),
    ]
    if has_role(user, Role.RISK_OFFICER, Role.ADMINISTRATOR):
        places += [("kill-console", "shield-alert", _("Kill switches")), ("approvals", "shield-alert", _("Approvals"))]
    if has_role(user, Role.RISK_OFFICER, Role.OPERATOR, Role.ADMINISTRATOR):
        places.append(("audit", "eye", _("Audit")))
    return places


@require_GET
@page(*EVERYBODY)
def go(request: HttpRequest) -> HttpResponse:
    """The palette's list: pages, symbols and one's strategies that hold what is typed; with nothing typed the pages."""
    wanted = request.GET.get("q", "").strip()[:TYPED_MAX]
    found = _pages(request.user, wanted)
    if wanted:
        found = [*_symbols(wanted), *found, *_strategies(request.user, wanted)]
    return render(request, "portal/parts/palette_found.html", {"found": found, "typed": wanted})


def _pages(user: Any, wanted: str) -> list[Place]:
    places = main_places(user) + (_further_places(user) if wanted else [])
    return [
        Place(label, reverse(f"portal:{name}"), icon) for name, icon, label in places if plain(wanted) in plain(label)
    ]


def _symbols(wanted: str) -> list[Place]:
    return [
        Place(f"{one.symbol} · {one.name}", reverse("portal:symbol", args=[one.symbol]), "trending-up", _("Symbol"))
        for one in securities_like(wanted)[:OF_A_KIND_MAX]
    ]


def _strategies(user: Any, wanted: str) -> list[Place]:
    mine = strategies.strategies([account.id for account in accounts.accounts_of(user)])
    matching = [one for one in mine if plain(wanted) in plain(one.name)][:OF_A_KIND_MAX]
    return [Place(one.name, reverse("portal:strategy", args=[one.id]), "bot", _("Strategy")) for one in matching]
