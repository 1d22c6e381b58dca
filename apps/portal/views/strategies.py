"""Strategies: what runs on which symbols, what it decided, start and stop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from apps.accounts import selectors as accounts
from apps.accounts.selectors import AccountView
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, OFFICERS, TRADERS, asked_limit, asks_for_fragment, page
from apps.portal.views.silence_words import sentences
from apps.portal.views.strategy_numbers import typed_numbers
from apps.sso.selectors import actor_of, has_role
from apps.strategies import selectors as strategies
from apps.strategies import services as strategy_services
from apps.strategies.selectors import DecisionView, ParityView, ProfitView, StrategyView
from qts.domain.errors import TransientError
from qts.domain.strategy import Parameter

DECISIONS_MAX = 40
VERDICT_SHOWN = 4


@dataclass(frozen=True, slots=True)
class StrategyCard:
    strategy: StrategyView
    account_number: str
    parameters: list[tuple[Parameter, int | None]]
    may_start: bool
    may_stop: bool
    may_promote: bool
    parity: ParityView | None


def decision_rows(account_ids: Iterable[UUID], *, limit: int) -> list[DecisionView]:
    return strategies.decisions(account_ids=account_ids, limit=limit)


@require_GET
@page(*EVERYBODY)
def strategy_list(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    mine = accounts.accounts_of(request.user)
    account_ids = [account.id for account in mine]
    decisions = decision_rows(account_ids, limit=asked_limit(request, DECISIONS_MAX))
    if asks_for_fragment(request) and request.GET.get("part") == "decisions":
        return render(request, "portal/strategies/decisions.html", {"decisions": decisions})
    found = strategies.strategies(account_ids)
    context = {
        "cards": _cards(request.user, found, mine),
        "profits": _profits(found),
        "decisions": decisions,
        "is_trader": has_role(request.user, *TRADERS),
    }
    is_fragment = asks_for_fragment(request)
    return render(request, "portal/strategies/body.html" if is_fragment else "portal/strategies/page.html", context)


def _profits(found: Sequence[StrategyView]) -> dict[UUID, ProfitView]:
    """None of them while the live prices are away: what runs is seen and stopped all the same."""
    try:
        return strategies.strategy_profits(found, marketdata.market_now())
    except TransientError:
        return {}


@require_GET
@page(*EVERYBODY)
def strategy_page(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """One strategy: state, profit, position, what it decided last and why. For htmx its body alone."""
    card, now = _card(request, strategy_id), marketdata.market_now()
    today = strategies.strategy_day(card.strategy, marketdata.board_day(), now)
    found = strategies.decisions(strategy_id=strategy_id, limit=asked_limit(request, DECISIONS_MAX))
    context = {
        "card": card,
        "strategy": card.strategy,
        "profit": strategies.strategy_profit(card.strategy, now),
        "decisions": found,
        "latest": found[0] if found else None,
        "verdict": sentences(strategies.findings(today))[:VERDICT_SHOWN],
        "version": strategies.version(card.strategy.code_hash) if card.strategy.is_of_file else None,
    }
    template = "one_body" if asks_for_fragment(request) else "one"
    return render(request, f"portal/strategies/{template}.html", context)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def parameters(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """Its form, made from what the code describes; what is saved counts from the next start on."""
    card = _card(request, strategy_id)
    if not card.may_promote:
        raise Http404
    told, given = card.strategy.described, request.POST
    context: dict[str, Any] = {
        "strategy": card.strategy,
        "fields": [(one, given.get(f"parameter-{one.name}", shown(one, value))) for one, value in card.parameters],
    }
    if request.method == "GET":
        return render(request, "portal/strategies/parameters.html", context)
    try:
        strategy_services.change_parameters(
            strategy_id, typed_numbers(told, given), actor=actor_of(request.user), now=marketdata.market_now()
        )
    except strategy_services.StrategyRefused as refused:
        shown_again = context | {"problems": refused.problems}
        return render(request, "portal/strategies/parameters.html", shown_again, status=422)
    return _done(_("Saved. It counts from the next start of {name} on.").format(name=card.strategy.name))


def shown(parameter: Parameter, value: int | None) -> int:
    return parameter.default if value is None else value


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def start(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    card = _card(request, strategy_id)
    if not card.may_start:
        raise Http404
    context: dict[str, Any] = {"card": card, "act": "start"}
    if request.method == "GET":
        return render(request, "portal/strategies/confirm.html", context)
    try:
        strategy_services.start_strategy(strategy_id, actor=actor_of(request.user), now=marketdata.market_now())
    except strategy_services.StrategyRefused as refused:
        return render(request, "portal/strategies/confirm.html", context | {"problems": refused.problems}, status=422)
    return _done(_("{name} is running.").format(name=card.strategy.name))


@require_http_methods(["GET", "POST"])
@page(*TRADERS, *OFFICERS)
def stop(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    card = _card(request, strategy_id)
    if not card.may_stop:
        raise Http404
    if request.method == "GET":
        return render(request, "portal/strategies/confirm.html", {"card": card, "act": "stop"})
    strategy_services.stop_strategy(
        strategy_id,
        actor=actor_of(request.user),
        now=marketdata.market_now(),
        reason=request.POST.get("reason", "")[:200],
    )
    return _done(_("{name} is stopped.").format(name=card.strategy.name))


def _card(request: HttpRequest, strategy_id: UUID) -> StrategyCard:
    strategy = strategies.strategy(strategy_id)
    mine = accounts.accounts_of(request.user)
    if strategy is None or strategy.account_id not in {account.id for account in mine}:
        raise Http404
    return _cards(request.user, [strategy], mine)[0]


def _cards(user: Any, found: Sequence[StrategyView], mine: Iterable[AccountView]) -> list[StrategyCard]:
    measured = strategies.latest_parity([one.id for one in found])
    numbers = {account.id: account.number for account in mine}
    traded = {account.id for account in accounts.accounts_to_trade(user)}
    is_trader, is_officer = has_role(user, *TRADERS), has_role(user, *OFFICERS)
    return [
        StrategyCard(
            strategy=strategy,
            account_number=numbers.get(strategy.account_id, ""),
            parameters=strategies.parameters_shown(strategy.described, strategy.parameters),
            may_start=is_trader and strategy.account_id in traded and not strategy.is_running,
            parity=measured.get(strategy.id),
            may_promote=is_trader and strategy.account_id in traded,
            may_stop=strategy.is_running and (is_officer or (is_trader and strategy.account_id in traded)),
        )
        for strategy in found
    ]


def _done(said: str) -> HttpResponse:
    response = trigger_client_event(HttpResponse(), "qts:toast", {"text": said, "tone": "ok"})
    return trigger_client_event(trigger_client_event(response, "qts:close"), "qts:signals")
