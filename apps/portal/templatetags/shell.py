"""The frame of every page: navigation by role, market state, banners."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone

from apps.accounts.selectors import broken_books, broker_log_ins
from apps.marketdata.selectors import market_moment
from apps.portal.selectors import actor_names
from apps.portal.views.audit import MAY_SEARCH
from apps.portal.views.broker_log_in import MAY_LOG_IN
from apps.portal.views.market import stream_status
from apps.portal.views.places import main_places
from apps.portal.views.pre_open import unarmed_accounts
from apps.portal.views.replay_words import ending_text, state_label
from apps.risk import selectors as risk
from apps.sso.selectors import Role, has_role

register = template.Library()


@dataclass(frozen=True, slots=True)
class NavigationItem:
    label: str
    url: str
    icon: str
    is_current: bool


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[NavigationItem]:
    request = context["request"]
    items = []
    for name, icon, label in main_places(request.user):
        url = reverse(f"portal:{name}")
        is_current = request.path == url if name == "home" else request.path.startswith(url)
        items.append(NavigationItem(label, url, icon, is_current))
    return items


@register.simple_tag(takes_context=True)
def symbol_url(context: Context, symbol: str) -> str:
    """The symbol's page in the market that this page shows."""
    if view := context.get("replay"):
        return reverse("portal:replay-symbol", args=[view.id, symbol])
    return reverse("portal:symbol", args=[symbol])


@register.filter
def replay_state(state: str) -> str:
    return state_label(state)


@register.filter
def replay_ending(detail: str) -> str:
    return ending_text(detail)


@register.filter
def may_log_in_at_broker(user: Any) -> bool:
    return has_role(user, *MAY_LOG_IN)


@register.filter
def may_audit(user: Any) -> bool:
    return has_role(user, *MAY_SEARCH)


@register.filter
def sees_actions(user: Any) -> bool:
    return has_role(user, Role.OPERATOR, Role.ADMINISTRATOR)


@register.inclusion_tag("portal/parts/market_state.html", takes_context=True)
def market_state(context: Context) -> dict[str, Any]:
    """Of the market that the page shows."""
    view = context.get("replay")
    moment = view.moment if view else market_moment()
    status = None if view else stream_status()
    return {
        "now": moment.local,
        "now_ms": moment.now_ms,
        "speed": moment.speed,
        "session": moment.session,
        "stream_state": status.state if status else "",
        "is_replay": view is not None,
    }


@register.inclusion_tag("portal/parts/banners.html", takes_context=True)
def banners(context: Context) -> dict[str, Any]:
    switches = risk.visible_kill_switches(context["request"].user, engaged_only=True)
    now = timezone.now()
    found = broker_log_ins(context["request"].user, of_persons_only=True)
    return {
        "kill_switches": switches,
        "codes_wanted": [one for one in found if one.is_wanted(now)],
        "broken_books": broken_books(context["request"].user),
        "unarmed": unarmed_accounts(context["request"].user),
        "log_ins_ending": [one for one in found if one.ends_soon(now)],
        "names": actor_names(switch.changed_by for switch in switches),
        "request": context["request"],
    }
