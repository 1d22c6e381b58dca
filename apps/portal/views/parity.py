"""How a strategy's days compare with backtests and replays of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.portal.views.access import EVERYBODY, page
from apps.strategies import selectors as strategies
from qts.domain.errors import said_again

ROWS_MAX = 200


@require_GET
@page(*EVERYBODY)
def parity(request: HttpRequest, strategy_id: UUID) -> HttpResponse:
    """The measured days; of one of them, the newest unless another is asked for, every difference."""
    strategy = strategies.strategy(strategy_id)
    if strategy is None or not accounts.may_view(request.user, strategy.account_id):
        raise Http404
    days = strategies.parity_days(strategy_id)
    asked = request.GET.get("day", "")
    shown = next((one for one in days if not asked or one.trading_day.isoformat() == asked), None)
    if asked and shown is None:
        raise Http404
    document = shown.document if shown else {}
    context = {
        "strategy": strategy,
        "days": days,
        "shown": shown,
        "differences": [_timed(one) for one in document.get("differences", [])[:ROWS_MAX]],
        "replay_differences": [_timed(one) for one in document.get("replay_differences", [])[:ROWS_MAX]],
        "fills": [_timed(one) for one in document.get("fills", [])[:ROWS_MAX]],
        "replay_problem": said_again(document.get("replay_problem_kept"), document.get("replay_problem", "")),
    }
    return render(request, "portal/parity/page.html", context)


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    """With its moments as such: `at_ms` as `at`."""
    moments = {name.removesuffix("_ms"): _moment(value) for name, value in row.items() if name.endswith("at_ms")}
    return {**row, **moments}


def _moment(ts_ms: int | None) -> datetime | None:
    return None if ts_ms is None else datetime.fromtimestamp(ts_ms / 1_000, tz=UTC)
