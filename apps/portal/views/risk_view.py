"""Risk: use of the limits and the kill switches."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, OFFICERS, asks_for_fragment, chosen_account, page
from apps.risk import selectors as risk
from apps.risk import services as risk_services
from apps.risk.selectors import FIRM, KillSwitchView, account_scope, strategy_scope
from apps.sso.selectors import actor_of, has_role
from apps.strategies import selectors as strategies

REASON_LENGTH_MIN = 5
PERCENT_WARN = 70
WORDS = {True: "RELEASE", False: "STOP"}  # the same in every language: typed in a hurry, without diacritics


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


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One thing that can be stopped, and whether it is."""

    scope: str
    label: str
    switch: KillSwitchView | None

    @property
    def is_engaged(self) -> bool:
        return self.switch is not None and self.switch.is_engaged


@require_GET
@page(*EVERYBODY)
def risk_page(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    mine = accounts.accounts_of(request.user)
    account = chosen_account(request, mine)
    is_officer = has_role(request.user, *OFFICERS)
    scopes = _scopes(mine) if is_officer else []
    context = {
        "accounts": mine,
        "account": account,
        "limits": _limits(account.id) if account else [],
        "scopes": scopes,
        "names": actor_names(row.switch.changed_by for row in scopes if row.switch),
        "is_officer": is_officer,
    }
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/risk/body.html" if is_fragment else "portal/risk/page.html", context)


@require_http_methods(["GET", "POST"])
@page(*OFFICERS)
def kill_switch(request: HttpRequest) -> HttpResponse:
    """GET asks for the typed word and a reason, POST engages or releases."""
    scope = request.GET.get("scope") or request.POST.get("scope", "")
    known = {row.scope: row for row in _scopes(accounts.accounts_of(request.user))}
    if scope not in known:
        return HttpResponse(_("There is nothing of that name to stop."), status=404)
    row = known[scope]
    word = WORDS[row.is_engaged]
    context: dict[str, Any] = {"row": row, "word": word}
    if request.method == "GET":
        return render(request, "portal/risk/kill.html", context)
    typed, reason = request.POST.get("word", "").strip(), request.POST.get("reason", "").strip()
    wants_engaged = request.POST.get("act") == "engage"
    problems = _problems(typed, word, reason, is_same=wants_engaged == row.is_engaged)
    if problems:
        context |= {"problems": problems, "reason": reason}
        return render(request, "portal/risk/kill.html", context, status=422)
    act = risk_services.engage_kill_switch if wants_engaged else risk_services.release_kill_switch
    act(scope=scope, reason=reason[:500], actor=actor_of(request.user), now=marketdata.market_now())
    said = _("Stopped: {what}.") if wants_engaged else _("Released: {what}.")
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said.format(what=row.label), "tone": "ok"})
    for event in ("qts:close", "qts:risk", "qts:banners"):
        response = trigger_client_event(response, event)
    return response


def _problems(typed: str, word: str, reason: str, *, is_same: bool) -> list[str]:
    problems = []
    if is_same:
        problems.append(_("Somebody else has just done that. Close this and look again."))
    if typed.upper() != word.upper():
        problems.append(_("Type {word} to confirm.").format(word=word))
    if len(reason) < REASON_LENGTH_MIN:
        problems.append(_("Say why, in a few words: it is recorded."))
    return problems


def _limits(account_id: UUID) -> list[LimitRow]:
    language = get_language()
    rows = []
    for use in risk.limit_use(account_id, marketdata.market_now()):
        label = use.help_vi if language == "vi" else use.help_en
        rows.append(LimitRow(use.code, label, use.scope, use.limit, use.actual, use.unit, use.percent))
    return rows


def _scopes(mine: list[AccountView]) -> list[ScopeRow]:
    switches = {switch.scope: switch for switch in risk.kill_switches()}
    scopes = [(FIRM, _("Everything"))]
    scopes += [(account_scope(account.id), _("Account {number}").format(number=account.number)) for account in mine]
    scopes += [
        (strategy_scope(str(known.id)), _("Strategy {name}").format(name=known.name))
        for known in strategies.strategies()
    ]
    return [ScopeRow(scope, label, switches.get(scope)) for scope, label in scopes]
