"""What waits for a second risk officer."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import OFFICERS, asks_for_fragment, page
from apps.portal.views.rule_book_words import changes_of as rule_changes_of
from apps.portal.views.what_if import answers
from apps.risk import selectors as risk
from apps.risk import services as risk_services
from apps.sso.selectors import actor_of
from qts.web.said import told

REASON_LENGTH_MIN = 5


@require_GET
@page(*OFFICERS)
def approvals(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    waiting, past = risk.open_proposals(), risk.past_proposals()
    people = [found.proposed_by for found in waiting + past] + [found.decided_by for found in past]
    context = {
        "waiting": waiting,
        "past": past,
        "names": actor_names(people),
        "me": str(actor_of(request.user)),
    }
    is_fragment = asks_for_fragment(request)
    template = "portal/risk/approvals_body.html" if is_fragment else "portal/risk/approvals.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@page(*OFFICERS)
def approval(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """GET shows what would change, POST agrees or refuses. What is agreed to is what was shown: its hash comes back."""
    found = risk.proposal(proposal_id)
    if found is None:
        raise Http404
    me = actor_of(request.user)
    context = {
        "proposal": found,
        "names": actor_names([found.proposed_by]),
        "is_own": found.proposed_by == str(me),
    }
    if request.method == "GET":
        return _dialog(request, found, context)
    reason, agrees = request.POST.get("reason", "").strip(), request.POST.get("act") == "approve"
    problem = _("Say why, in a few words: it is recorded.") if len(reason) < REASON_LENGTH_MIN else ""
    try:
        if agrees and not problem:
            shown = request.POST.get("content_hash", "")
            risk_services.approve(proposal_id, seen_hash=shown, reason=reason, actor=me, now=marketdata.market_now())
        elif not problem:
            risk_services.reject(proposal_id, reason=reason, actor=me, now=marketdata.market_now())
    except risk_services.ApprovalRefused as refusal:
        problem = told(refusal)
    if problem:
        return _dialog(request, found, context | {"problem": problem, "reason": reason}, status=422)
    said = _("Approved. It acts on the next order.") if agrees else _("Not approved. Nothing has changed.")
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    for event in ("qts:close", "qts:risk", "qts:banners"):
        response = trigger_client_event(response, event)
    return response


def _dialog(
    request: HttpRequest, found: risk.ProposalView, context: dict[str, object], status: int = 200
) -> HttpResponse:
    """What is asked for, and what it would do."""
    shown = {"answers": answers(risk_services.proposed_changes(found)), "changes": rule_changes_of(found)}
    return render(request, "portal/risk/approval.html", context | shown, status=status)
