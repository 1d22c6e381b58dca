"""Who may see, trade and manage an account."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts import services as account_services
from apps.accounts.services import MemberRefused
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, chosen_account, page
from qts.web.said import told

USERNAME_LENGTH_MAX = 150


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
def members(request: HttpRequest) -> HttpResponse:
    """Everybody who sees an account sees who else does; only who manages it changes them."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    context: dict[str, Any] = {"accounts": mine, "account": account, "roles": role_labels(), "tab": "members"}
    if request.method == "POST":
        if account is None:
            raise Http404
        try:
            _change(request, account.id)
        except MemberRefused as refusal:
            context |= {"problem": told(refusal), "typed": request.POST}
        else:
            return redirect(f"{reverse('portal:members')}?account={account.id}")
    if account is not None:
        context |= {"members": accounts.members(account.id), "manages": accounts.may_manage(request.user, account.id)}
    return render(request, "portal/portfolio/members.html", context, status=422 if "problem" in context else 200)


def _change(request: HttpRequest, account_id: UUID) -> None:
    account_services.change_member(
        account_id=account_id,
        username=request.POST.get("username", "")[:USERNAME_LENGTH_MAX],
        role=request.POST.get("role", ""),
        by=request.user,
        now=marketdata.market_now(),
    )


def role_labels() -> dict[str, str]:
    return {
        "view": _("sees it"),
        "trade": _("sees it and trades"),
        "manage": _("sees it, trades and says who may"),
    }
