"""The kill console: what is stopped or held, stopping it, and asking for a release."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.orders import services as orders
from apps.portal.selectors import actor_names
from apps.portal.views.access import OFFICERS, asks_for_fragment, page
from apps.risk import selectors as risk
from apps.risk import services as risk_services
from apps.risk.selectors import FIRM, KillSwitchView, ProposalView, account_scope, strategy_scope
from apps.sso.selectors import actor_of
from apps.strategies import selectors as strategies
from qts.domain.values import ActorKind
from qts.web.said import told

log = structlog.get_logger(__name__)

REASON_LENGTH_MIN = 5
WORDS = {True: "RELEASE", False: "STOP"}  # the same in every language: typed in a hurry, without diacritics
FLATTENED = (FIRM, "account", "symbol")


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One thing that can be stopped, whether it is, and whether somebody has asked for its release."""

    scope: str
    label: str
    switch: KillSwitchView | None
    asked: ProposalView | None = None

    @property
    def is_engaged(self) -> bool:
        return self.switch is not None and self.switch.is_engaged

    @property
    def can_be_flattened(self) -> bool:
        return self.scope.partition(":")[0] in FLATTENED


def console_context(mine: list[AccountView]) -> dict[str, Any]:
    """What `portal/risk/console.html` shows."""
    rows = scope_rows(mine)
    actors = [row.switch.changed_by for row in rows if row.switch] + [
        row.asked.proposed_by for row in rows if row.asked
    ]
    return {"scopes": rows, "holds": risk.holds(), "kill_file": risk.kill_file_stops(), "names": actor_names(actors)}


def scope_rows(mine: list[AccountView]) -> list[ScopeRow]:
    """Everything, accounts and strategies; symbols, exchanges and people once they were stopped."""
    switches = {switch.scope: switch for switch in risk.kill_switches()}
    asked = {found.content["scope"]: found for found in risk.open_proposals() if found.kind == "release"}
    labels = {FIRM: _("Everything")}
    labels |= {account_scope(account.id): _("Account {number}").format(number=account.number) for account in mine}
    labels |= {
        strategy_scope(str(known.id)): _("Strategy {name}").format(name=known.name) for known in strategies.strategies()
    }
    labels |= {scope: _label(scope) for scope in switches if scope not in labels}
    return [ScopeRow(scope, label, switches.get(scope), asked.get(scope)) for scope, label in labels.items()]


@require_GET
@page(*OFFICERS)
def kill_console(request: HttpRequest) -> HttpResponse:
    """The console alone, for whoever needs nothing else now; for htmx its body."""
    context = console_context(accounts.accounts_of(request.user))
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/risk/console.html" if is_fragment else "portal/risk/kill_page.html", context)


@require_http_methods(["GET", "POST"])
@page(*OFFICERS)
def kill_switch(request: HttpRequest) -> HttpResponse:
    """GET asks for the typed word and a reason, POST stops, or asks a second risk officer for the release."""
    row = _row(request)
    if row is None:
        return HttpResponse(_("There is nothing of that name to stop."), status=404)
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
    if wants_engaged:
        _stop(request, row, reason[:500])
        return _done(_("Stopped: {what}.").format(what=row.label))
    try:
        risk_services.propose_release(
            scope=row.scope, reason=reason[:500], actor=actor_of(request.user), now=marketdata.market_now()
        )
    except risk_services.ApprovalRefused as refusal:
        context |= {"problems": [told(refusal)], "reason": reason}
        return render(request, "portal/risk/kill.html", context, status=422)
    return _done(_("Asked for the release: {what}. A second risk officer has to approve it.").format(what=row.label))


def _stop(request: HttpRequest, row: ScopeRow, reason: str) -> None:
    """The working orders are asked back here and now as well: the bus and the workers may be what is broken."""
    now = marketdata.market_now()
    risk_services.engage_kill_switch(
        scope=row.scope,
        reason=reason,
        actor=actor_of(request.user),
        now=now,
        flatten=row.can_be_flattened and request.POST.get("flatten") == "on",
    )
    try:
        orders.cancel_for_kill_switch(scope=row.scope, reason=reason, now=now)
    except* Exception:
        log.exception("kill_cancel_incomplete", scope=row.scope)  # the gateway's sweep asks for the rest again


def _row(request: HttpRequest) -> ScopeRow | None:
    """The scope asked for, by its own name or by kind and name as typed (symbol SSI, user trader)."""
    rows = {row.scope: row for row in scope_rows(accounts.accounts_of(request.user))}
    kind = request.GET.get("kind", "")
    scope = _typed_scope(kind, request.GET.get("name", "").strip()) if kind else ""
    scope = scope or request.GET.get("scope") or request.POST.get("scope", "")
    if scope in rows:
        return rows[scope]
    return ScopeRow(scope, _label(scope), None) if _exists(scope) else None


def _typed_scope(kind: str, name: str) -> str:
    if kind == "user":
        person = get_user_model().objects.filter(username=name).first()
        return f"user:{person.pk}" if person else "user:"
    return f"{kind}:{name.upper()}"


def _exists(scope: str) -> bool:
    """Symbols, exchanges and people; accounts and strategies are in the list already."""
    kind, _sep, name = scope.partition(":")
    if not risk.is_scope(scope):
        return False
    if kind == "user":
        return name.isdecimal() and get_user_model().objects.filter(pk=int(name)).exists()
    listed = marketdata.securities() if kind in {"symbol", "exchange"} else []
    return name in {security.symbol if kind == "symbol" else security.exchange for security in listed}


def _label(scope: str) -> str:
    kind, _sep, name = scope.partition(":")
    if kind == "user":
        actor = f"{ActorKind.USER}:{name}"
        return _("User {name}").format(name=actor_names([actor]).get(actor, name))
    words = {"symbol": _("Symbol {name}"), "exchange": _("Exchange {name}")}
    return words[kind].format(name=name) if kind in words else scope


def _problems(typed: str, word: str, reason: str, *, is_same: bool) -> list[str]:
    problems = []
    if is_same:
        problems.append(_("Somebody else has just done that. Close this and look again."))
    if typed.upper() != word.upper():
        problems.append(_("Type {word} to confirm.").format(word=word))
    if len(reason) < REASON_LENGTH_MIN:
        problems.append(_("Say why, in a few words: it is recorded."))
    return problems


def _done(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    for event in ("qts:close", "qts:risk", "qts:banners"):
        response = trigger_client_event(response, event)
    return response
