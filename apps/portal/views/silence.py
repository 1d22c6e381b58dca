"""'Why did nothing happen?': one strategy on one trading day, the verdict first, then what it heard and missed."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import EVERYBODY, asks_for_fragment, page, visible_account
from apps.portal.views.days import asked_day
from apps.portal.views.silence_words import nothing_text, sentences
from apps.strategies import selectors as strategies
from apps.strategies.selectors import Nothing, StrategyDayView, StrategyView


@dataclass(frozen=True, slots=True)
class ReasonRow:
    outcome: str
    text: str
    nothing: Nothing


@require_GET
@page(*EVERYBODY)
def why_nothing(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    strategy = visible_strategy(request, strategy_id)
    now = marketdata.market_now()
    today = marketdata.board_day()
    chosen = min(asked_day(request.GET.get("day", "")) or today, today)
    symbol = request.GET.get("symbol", "").upper()
    symbol = symbol if symbol in strategy.symbols else ""
    day = strategies.strategy_day(strategy, chosen, now, symbol=symbol)
    calendar = marketdata.trading_calendar()
    context = {
        "strategy": strategy,
        "day": day,
        "symbol": symbol,
        "verdict": sentences(strategies.findings(day)),
        "reasons": _reasons(day),
        "names": actor_names(change.actor for change in day.changes),
        "before": calendar.previous_trading_day(chosen),
        "after": _next_day(chosen, today),
        "today": today,
    }
    template = "silence_body" if asks_for_fragment(request) else "silence"
    return render(request, f"portal/strategies/{template}.html", context)


def visible_strategy(request: HttpRequest, strategy_id: UUID) -> StrategyView:
    """404 where it is on nobody's account that the user may see."""
    strategy = strategies.strategy(strategy_id)
    if strategy is None:
        raise Http404
    visible_account(request, strategy.account_id)
    return strategy


def _reasons(day: StrategyDayView) -> list[ReasonRow]:
    return [ReasonRow(one.outcome, nothing_text(one.reason), one) for one in day.outcomes]


def _next_day(chosen: date, today: date) -> date | None:
    calendar, following = marketdata.trading_calendar(), chosen + timedelta(days=1)
    while following <= today:
        if calendar.is_trading_day(following):
            return following
        following += timedelta(days=1)
    return None
