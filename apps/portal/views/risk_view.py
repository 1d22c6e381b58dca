"""Risk: use of the limits, and for officers the kill console."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, OFFICERS, asks_for_fragment, chosen_account, page
from apps.portal.views.kill_console import console_context
from apps.risk import selectors as risk
from apps.sso.selectors import has_role

PERCENT_WARN = 70


@dataclass(frozen=True, slots=True)
class LimitRow:
    code: str
    label: str
    scope: str
    limit: int
    actual: int | None
    unit: str
    percent: int | None

    @property
    def tone(self) -> str:
        if self.percent is None or self.percent >= 100:
            return "bad"
        return "warn" if self.percent >= PERCENT_WARN else ""


@require_GET
@page(*EVERYBODY)
def risk_page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    is_officer = has_role(request.user, *OFFICERS)
    context = {
        "accounts": mine,
        "account": account,
        "limits": _limits(account.id) if account else [],
        "is_officer": is_officer,
    }
    if is_officer:
        context |= console_context(mine)
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/risk/body.html" if is_fragment else "portal/risk/page.html", context)


def _limits(account_id: UUID) -> list[LimitRow]:
    language = get_language()
    rows = []
    for use in risk.limit_use(account_id, marketdata.market_now()):
        label = use.help_vi if language == "vi" else use.help_en
        rows.append(LimitRow(use.code, label, use.scope, use.limit, use.actual, use.unit, use.percent))
    return rows
