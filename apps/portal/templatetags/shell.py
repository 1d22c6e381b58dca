"""The frame of every page: navigation by role, market state, banners."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.selectors import broker_log_ins
from apps.marketdata.selectors import market_moment
from apps.portal.selectors import actor_names
from apps.portal.views.broker_log_in import MAY_LOG_IN
from apps.portal.views.market import stream_status
from apps.risk import selectors as risk
from apps.sso.selectors import Role, has_role

register = template.Library()


@dataclass(frozen=True, slots=True)
class NavigationItem:
    label: str
    url: str
    icon: str
    is_current: bool


def _places(user: Any) -> list[tuple[str, str, str]]:
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
    ]
    if has_role(user, Role.OPERATOR, Role.ADMINISTRATOR):
        places.append(("system", "server", _("System")))
    return places


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[NavigationItem]:
    request = context["request"]
    items = []
    for name, icon, label in _places(request.user):
        url = reverse(f"portal:{name}")
        is_current = request.path == url if name == "home" else request.path.startswith(url)
        items.append(NavigationItem(label, url, icon, is_current))
    return items


@register.filter
def may_log_in_at_broker(user: Any) -> bool:
    return has_role(user, *MAY_LOG_IN)


@register.inclusion_tag("portal/parts/market_state.html")
def market_state() -> dict[str, Any]:
    moment = market_moment()
    status = stream_status()
    return {
        "now": moment.local,
        "now_ms": moment.now_ms,
        "speed": moment.speed,
        "session": moment.session,
        "stream_state": status.state if status else "",
    }


@register.inclusion_tag("portal/parts/banners.html", takes_context=True)
def banners(context: Context) -> dict[str, Any]:
    switches = risk.visible_kill_switches(context["request"].user, engaged_only=True)
    now = timezone.now()
    found = broker_log_ins(context["request"].user, of_persons_only=True)
    return {
        "kill_switches": switches,
        "codes_wanted": [one for one in found if one.is_wanted(now)],
        "log_ins_ending": [one for one in found if one.ends_soon(now)],
        "names": actor_names(switch.changed_by for switch in switches),
        "request": context["request"],
    }
