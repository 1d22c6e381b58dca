"""Portfolios: accounts looked at together, with their totals."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, page
from qts.domain.errors import TerminalError


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
def groups(request: HttpRequest) -> HttpResponse:
    """GET shows them with their totals, POST makes, changes or drops an own one."""
    mine = accounts.accounts_of(request.user)
    problem = ""
    if request.method == "POST":
        try:
            _change(request, mine)
        except (TerminalError, ValueError):
            problem = _("A portfolio has a name that you have not used yet, and only your own can be changed.")
        else:
            return redirect("portal:groups")
    context = {
        "accounts": mine,
        "rows": _rows(request, mine),
        "problem": problem,
        "typed": request.POST,
        "tab": "groups",
    }
    return render(request, "portal/portfolio/groups.html", context, status=422 if problem else 200)


def _rows(request: HttpRequest, mine: list[AccountView]) -> list[dict[str, Any]]:
    visible = {account.id: account for account in mine}
    found = accounts.groups_of(request.user, visible)
    asked = {account_id for group in found for account_id in group.account_ids}
    told = accounts.portfolios([visible[account_id] for account_id in asked], marketdata.market_now())
    views = {view.account.id: view for view in told}
    rows = []
    for group in found:
        parts = [views[account_id] for account_id in group.account_ids]
        cash_vnd = sum(part.state.cash_vnd for part in parts)
        rows.append({"group": group, "parts": parts, "totals": accounts.totals_of(parts), "cash_vnd": cash_vnd})
    return rows


def _change(request: HttpRequest, mine: list[AccountView]) -> None:
    """Raises TerminalError, and ValueError for an id that is none."""
    told = request.POST.get("group", "")
    group_id = UUID(told) if told else None
    if request.POST.get("act") == "drop" and group_id is not None:
        account_services.drop_group(user=request.user, group_id=group_id)
        return
    chosen = [account.id for account in mine if account.id.hex in request.POST]
    name = request.POST.get("name", "")
    account_services.save_group(user=request.user, name=name, account_ids=chosen, group_id=group_id)
