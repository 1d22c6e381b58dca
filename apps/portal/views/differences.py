"""What differs from the broker, both versions side by side, and what a person decided; what was once in doubt."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.orders import selectors as orders
from apps.orders import services as order_services
from apps.orders.selectors import DifferenceView
from apps.orders.services import ENDABLE, Resolution
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, OPERATORS, asks_for_fragment, page
from apps.risk import selectors as risk
from apps.sso.selectors import actor_of

SHOWN_MAX = 100
REASON_LENGTH_MAX = 400
# (what, in our row, in the broker's report); the broker's status code stands as it came
COMPARED = (
    ("status", "status"),
    ("quantity", "quantity"),
    ("price_vnd", "price_vnd"),
    ("filled_quantity", "filled_quantity"),
)


@require_GET
@page(*OPERATORS)
def differences(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    found, closed = orders.differences(limit=SHOWN_MAX), orders.differences(resolved=True, limit=SHOWN_MAX)
    context = {
        "open": [(one, compared(one)) for one in found],
        "closed": closed,
        "holds": risk.holds(),
        "names": actor_names([one.resolved_by for one in closed]),
    }
    fragment = "portal/system/differences_body.html"
    return render(request, fragment if asks_for_fragment(request) else "portal/system/differences.html", context)


@require_http_methods(["GET", "POST"])
@page(*OPERATORS)
def resolve(request: HttpRequest, discrepancy_id: int) -> HttpResponse:
    """GET shows both versions and asks for the reason, POST closes it."""
    found = orders.difference(discrepancy_id)
    if found is None:
        raise Http404
    reason = request.POST.get("reason", "").strip()
    may_end = found.kind in ENDABLE and found.order is not None and found.order.is_working
    context: dict[str, Any] = {"found": found, "rows": compared(found), "may_end": may_end, "reason": reason}
    if request.method == "GET":
        return render(request, "portal/system/resolve.html", context)
    ends = request.POST.get("resolution") == Resolution.ORDER_ENDED
    if not reason or len(reason) > REASON_LENGTH_MAX or (ends and not may_end):
        said = _("Say in a sentence what you found.") if not reason else _("This difference cannot be resolved so.")
        return render(request, "portal/system/resolve.html", context | {"error": said}, status=422)
    order_services.resolve_discrepancy(
        discrepancy_id=found.id,
        resolution=Resolution.ORDER_ENDED if ends else Resolution.NOTED,
        reason=reason,
        actor=actor_of(request.user),
        now=marketdata.market_now(),
    )
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": _("Resolved."), "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:differences")


@require_GET
@page(*EVERYBODY)
def outcomes(request: HttpRequest) -> HttpResponse:
    """Every request of which it was not known whether it arrived, of the accounts that the user may see."""
    numbers = {account.id: account.number for account in accounts.accounts_of(request.user)}
    found = [(one, numbers[one.order.account_id]) for one in orders.outcomes() if one.order.account_id in numbers]
    return render(request, "portal/orders/outcomes.html", {"outcomes": found})


def compared(found: DifferenceView) -> list[tuple[str, Any, Any, bool]]:
    """(what, ours, the broker's, whether they differ) of the order that it is about; empty without one."""
    if found.order is None:
        return []
    report = found.broker_report or {}
    rows = [(name, getattr(found.order, ours), report.get(name)) for name, ours in COMPARED]
    return [
        (name, ours, theirs, name != "status" and theirs is not None and ours != theirs) for name, ours, theirs in rows
    ]
