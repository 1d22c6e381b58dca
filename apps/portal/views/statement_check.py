"""The broker's statement of trades beside our bookings, line by line; nothing is corrected."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.portal.views.access import EVERYBODY, chosen_account, page
from qts.adapters.ssi.statement_file import StatementRefused, read_statement
from qts.domain.portfolio import Cause
from qts.web.said import told

UPLOAD_BYTES_MAX: Final = 4_000_000


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
def statement_check(request: HttpRequest) -> HttpResponse:
    """GET asks for the file, POST compares it. The file is not kept."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    context: dict[str, Any] = {"accounts": mine, "account": account, "causes": cause_labels(), "tab": "check"}
    if request.method == "POST" and account is not None:
        try:
            context |= _compared(request, account)
        except StatementRefused as refusal:
            context["problem"] = told(refusal)
    status = 422 if "problem" in context else 200
    return render(request, "portal/portfolio/statement_check.html", context, status=status)


def _compared(request: HttpRequest, account: AccountView) -> dict[str, Any]:
    """Raises StatementRefused."""
    file = request.FILES.get("file")
    if file is None or file.size is None:
        raise StatementRefused(_("Choose the statement's CSV file."))
    if file.size > UPLOAD_BYTES_MAX:
        raise StatementRefused(_("The file is too large."))
    lines = accounts.compare_statement(account.id, read_statement(file.read()))
    return {"lines": lines, "differing": [line for line in lines if line.causes], "file": file.name}


def cause_labels() -> dict[str, str]:
    return {
        Cause.NOT_HERE: _("Not in our books: traded elsewhere, or a fill that never arrived"),
        Cause.NOT_THERE: _("Not on the statement: another day, or a fill that the broker took back"),
        Cause.QUANTITY: _("Another quantity: a fill is missing on one side"),
        Cause.FEE: _("Another fee: another rate, or rounded by order"),
        Cause.TAX: _("Another tax: shares that were a dividend, or rounded otherwise"),
    }
