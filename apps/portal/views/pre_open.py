"""Before the open: what has to be green before an account may trade, and arming it by hand."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views import broker_log_in
from apps.portal.views.access import EVERYBODY, asks_for_fragment, chosen_account, page, visible_account
from apps.portal.views.approvals import REASON_LENGTH_MIN
from apps.portal.views.pre_open_words import check_row
from apps.risk import selectors as risk
from apps.risk import services as risk_services
from apps.risk.services import ArmingRefused
from apps.sso.selectors import Role, actor_of, has_role
from qts.domain.market import to_vietnam
from qts.web.said import told

ACTS = ("arm", "disarm", "override")


@require_GET
@page(*EVERYBODY)
@never_cache
def pre_open(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone: it is asked for again every few seconds."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    context: dict[str, Any] = {"accounts": mine, "account": account}
    if account is not None:
        context |= _state(request, account)
    if asks_for_fragment(request):
        return render(request, "portal/pre_open/body.html", context)
    context["cards"] = _codes_wanted(request, account)
    return render(request, "portal/pre_open/page.html", context)


@require_http_methods(["GET", "POST"])
@page(*EVERYBODY)
def arming(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """GET asks for the reason, POST arms, disarms or proposes to trade against the checks."""
    account = visible_account(request, account_id)
    act = (request.POST if request.method == "POST" else request.GET).get("act", "")
    act = act if act in ACTS else "disarm"
    context: dict[str, Any] = {"account": account, "act": act}
    if request.method == "GET":
        if act == "override":
            context["failing"] = [row for row in _rows(request, account) if not row.check.is_ok]
        return render(request, "portal/pre_open/arming.html", context)
    reason = request.POST.get("reason", "").strip()
    problem = _acted(request, account, act, reason)
    if problem:
        context |= {"problem": problem, "reason": reason}
        return render(request, "portal/pre_open/arming.html", context, status=422)
    said = {
        "arm": _("Armed."),
        "disarm": _("Disarmed: no further order leaves."),
        "override": _("It waits for a second risk officer."),
    }
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said[act], "tone": "ok"})
    for event in ("qts:close", "qts:pre-open", "qts:banners"):
        response = trigger_client_event(response, event)
    return response


def unarmed_accounts(user: Any) -> list[AccountView]:
    """Those that the user may trade, and that may not trade today."""
    if not settings.ARMING_IS_NEEDED:
        return []
    found = [account for account in accounts.accounts_to_trade(user) if account.is_active]
    known = risk.armings([account.id for account in found], to_vietnam(marketdata.market_now()).date())
    return [account for account in found if account.id not in known or not known[account.id].is_armed]


def _acted(request: HttpRequest, account: AccountView, act: str, reason: str) -> str:
    """What went wrong, empty when it was done."""
    if len(reason) < REASON_LENGTH_MIN:
        return _("Say why, in a few words: it is recorded.")
    does = {"arm": risk_services.arm, "disarm": risk_services.disarm, "override": risk_services.propose_arming}[act]
    try:
        does(account.id, reason=reason, actor=actor_of(request.user), now=marketdata.market_now())
    except ArmingRefused as refusal:
        return told(refusal)
    except risk_services.ApprovalRefused as refusal:
        return told(refusal)
    return ""


def _state(request: HttpRequest, account: AccountView) -> dict[str, Any]:
    day = to_vietnam(marketdata.market_now()).date()
    rows, arming = _rows(request, account), risk.arming(account.id, day)
    is_officer = has_role(request.user, Role.RISK_OFFICER)
    may_act = is_officer or accounts.may_trade(request.user, account.id)
    is_green = all(row.check.is_ok for row in rows)
    is_armed = risk.may_trade_today(account.id, day)
    return {
        "rows": rows,
        "green_count": sum(row.check.is_ok for row in rows),
        "is_armed": is_armed,
        "is_needed": settings.ARMING_IS_NEEDED,
        "arming": arming,
        "day": day,
        "unarmed_symbols": marketdata.unarmed_symbols(day),
        "names": actor_names([arming.changed_by] if arming else []),
        "can_disarm": may_act and is_armed,
        "can_arm": may_act and is_green and not is_armed,
        "can_override": is_officer and not is_green and not is_armed,
    }


def _rows(request: HttpRequest, account: AccountView) -> list[Any]:
    checks = risk_services.pre_open_checks(account, marketdata.market_now())
    return [check_row(check, request.user) for check in checks]


def _codes_wanted(request: HttpRequest, account: AccountView | None) -> list[broker_log_in.LogInCard]:
    """The log-in of the account, where a person's code opens it and the reader may enter one."""
    if account is None or not has_role(request.user, *broker_log_in.MAY_LOG_IN):
        return []
    found = broker_log_in.cards(request, {})
    return [one for one in found if one.needs_person and one.log_in.connection_id == account.connection_id]
