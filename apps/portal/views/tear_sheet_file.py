"""An account's tear sheet to keep as PDF."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.portal.views.access import EVERYBODY, chosen_account, page
from apps.portal.views.performance import tear_sheet
from apps.portal.views.tear_sheet_pdf import tear_sheet_pdf


@require_GET
@page(*EVERYBODY)
def pdf(request: HttpRequest) -> HttpResponse:
    """The same as the page shows."""
    account = chosen_account(request, accounts.accounts_of(request.user))
    if account is None:
        raise Http404
    response = HttpResponse(tear_sheet_pdf(account, tear_sheet(account)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="performance-{account.number}.pdf"'
    return response
