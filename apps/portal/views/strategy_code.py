"""Strategies from people's own files: new ones, versions, and the promotions that two people make."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, OFFICERS, TRADERS, asks_for_fragment, page
from apps.portal.views.approvals import REASON_LENGTH_MIN
from apps.portal.views.strategy_numbers import typed_numbers
from apps.risk.services import ApprovalRefused
from apps.sso.selectors import actor_of, has_role
from apps.strategies import selectors as strategies
from apps.strategies import services
from apps.strategies.selectors import PromotionView, StrategyView
from qts.web.said import told

PROMOTIONS_MAX = 20


@require_GET
@page(*EVERYBODY)
def code(request: HttpRequest) -> HttpResponse:
    """The folder of files as it is now, and what waits for a second person; for htmx its body alone."""
    found = strategies.promotions([one.id for one in accounts.accounts_of(request.user)], limit=PROMOTIONS_MAX)
    people = [one.proposed_by for one in found] + [one.decided_by for one in found]
    context = {
        "files": strategies.files(),
        "promotions": found,
        "names": actor_names(people),
        "me": str(actor_of(request.user)),
        "is_trader": has_role(request.user, *TRADERS),
        "is_officer": has_role(request.user, *OFFICERS),
    }
    is_fragment = asks_for_fragment(request)
    return render(
        request, "portal/strategies/code_body.html" if is_fragment else "portal/strategies/code.html", context
    )


@require_POST
@page(*TRADERS)
def register(request: HttpRequest, name: str) -> HttpResponse:
    """Take a file in as it is now; what is wrong with it is shown with its line."""
    try:
        services.register_file(name, actor=actor_of(request.user), now=marketdata.market_now())
    except services.StrategyRefused as refused:
        return render(
            request, "portal/strategies/problems.html", {"name": name, "problems": refused.problems}, status=422
        )
    return _done(_("{name} is taken in. A strategy can be made of it.").format(name=name))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def new(request: HttpRequest) -> HttpResponse:
    """A form made from the parameters that the code describes; another choice of code asks for it again."""
    given = request.POST if request.method == "POST" else request.GET
    choices = strategies.choices()
    chosen = next((one for one in choices if one.class_key == given.get("code")), choices[0])
    context: dict[str, Any] = {
        "choices": choices,
        "chosen": chosen,
        "accounts": accounts.accounts_to_trade(request.user),
        "fields": [(one, given.get(f"parameter-{one.name}", one.default)) for one in chosen.parameters],
        "given": given,
    }
    if request.method == "GET":
        return render(request, "portal/strategies/new.html", context)
    account = next((one for one in context["accounts"] if str(one.id) == given.get("account")), None)
    try:
        if account is None:
            raise services.StrategyRefused([_("Choose an account that you may trade.")])
        services.create_strategy(
            name=given.get("name", "").strip()[:80],
            class_key=chosen.class_key,
            parameters=typed_numbers(chosen.parameters, given),
            account_id=account.id,
            symbols=given.get("symbols", "").upper().replace(",", " ").split(),
        )
    except services.StrategyRefused as refused:
        return render(request, "portal/strategies/new.html", context | {"problems": refused.problems}, status=422)
    return _done(_("{name} is made. Start it when you are ready.").format(name=given.get("name", "").strip()))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def version(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    strategy = _own(request, strategy_id)
    if not strategy.is_of_file:
        raise Http404
    name = strategy.class_key.removeprefix(strategies.FILE_KEY)
    context: dict[str, Any] = {"strategy": strategy, "versions": strategies.versions(name)}
    if request.method == "GET":
        return render(request, "portal/strategies/version.html", context)
    try:
        services.change_version(
            strategy_id,
            request.POST.get("version", ""),
            keeps_state=request.POST.get("state") == "keep",
            actor=actor_of(request.user),
            now=marketdata.market_now(),
        )
    except services.StrategyRefused as refused:
        return render(request, "portal/strategies/version.html", context | {"problems": refused.problems}, status=422)
    return _done(_("{name} goes on with this version.").format(name=strategy.name))


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def promote(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Ask for the next mode, or go down by oneself."""
    strategy = _own(request, strategy_id)
    context: dict[str, Any] = {
        "strategy": strategy,
        "next_mode": strategies.next_mode(strategy.mode),
        "parameters": strategies.parameters_shown(strategy.described, strategy.parameters),
    }
    if request.method == "GET":
        return render(request, "portal/strategies/promote.html", context)
    who, now = actor_of(request.user), marketdata.market_now()
    try:
        if request.POST.get("act") == "down":
            services.take_back(strategy_id, mode="PAPER", actor=who, now=now)
            return _done(_("{name} is on paper again.").format(name=strategy.name))
        reason = request.POST.get("reason", "")
        services.propose_promotion(strategy_id, mode=context["next_mode"], reason=reason, actor=who, now=now)
    except services.StrategyRefused as refused:
        return render(request, "portal/strategies/promote.html", context | {"problems": refused.problems}, status=422)
    except ApprovalRefused as refusal:
        context["problems"] = [told(refusal)]
        return render(request, "portal/strategies/promote.html", context, status=422)
    return _done(_("Proposed. A risk officer decides."))


@require_http_methods(["GET", "POST"])
@page(*TRADERS, *OFFICERS)
def promotion(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """GET shows what is asked for, POST agrees or refuses. What is agreed to is what was shown: its hash comes back."""
    found = _visible(request, promotion_id)
    me = actor_of(request.user)
    strategy = strategies.strategy(found.strategy_id)
    shown = strategies.version(found.binding["code_hash"])
    context: dict[str, Any] = {
        "promotion": found,
        "strategy": strategy,
        "version": shown,
        "names": actor_names([found.proposed_by]),
        "is_own": found.proposed_by == str(me),
    }
    if request.method == "GET":
        return render(request, "portal/strategies/promotion.html", context)
    reason, agrees = request.POST.get("reason", "").strip(), request.POST.get("act") == "approve"
    now = marketdata.market_now()
    problem = _("Say why, in a few words: it is recorded.") if len(reason) < REASON_LENGTH_MIN else ""
    try:
        if agrees and not problem:
            seen = request.POST.get("content_hash", "")
            services.approve_promotion(promotion_id, seen_hash=seen, reason=reason, actor=me, now=now)
        elif not problem:
            services.reject_promotion(promotion_id, reason=reason, actor=me, now=now)
    except ApprovalRefused as refusal:
        problem = told(refusal)
    if problem:
        shown_again = context | {"problem": problem, "reason": reason}
        return render(request, "portal/strategies/promotion.html", shown_again, status=422)
    return _done(_("Approved. Start it when you are ready.") if agrees else _("Not approved. Nothing has changed."))


def _own(request: HttpRequest, strategy_id: UUID) -> StrategyView:
    strategy = strategies.strategy(strategy_id)
    if strategy is None or not accounts.may_trade(request.user, strategy.account_id):
        raise Http404
    return strategy


def _visible(request: HttpRequest, promotion_id: UUID) -> PromotionView:
    found = strategies.promotion(promotion_id)
    if found is None or not accounts.may_view(request.user, found.account_id):
        raise Http404
    return found


def _done(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:signals")
