"""Patterns of the market: today's list, and what one symbol's chart draws."""

from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.analytics import selectors as analytics
from apps.analytics.selectors import PatternView
from apps.marketdata import selectors as marketdata
from apps.portal.views.access import EVERYBODY, asks_for_fragment, page
from apps.portal.views.formats import NOTHING, price_text
from apps.portal.views.pattern_words import CANDLES, CHART, TIMEFRAMES, pattern_label, timeframe_label
from qts.domain.market import VIETNAM, Timeframe, to_vietnam

ROWS_MAX = 200
OF_SYMBOL_MAX = 30
GROUPS = {"chart": tuple(CHART), "candles": tuple(CANDLES)}
DIRECTIONS = {"up": 1, "down": -1}


@dataclass(frozen=True, slots=True)
class PatternRow:
    """One pattern in words; `time` and `points` are seconds since 1970 and VND, as the chart has them."""

    id: int
    symbol: str
    name: str
    timeframe: str
    timeframe_label: str
    direction: int
    when: str
    time: int
    level: str
    level_vnd: int
    target: str
    target_vnd: int | None
    strength_percent: int
    points: tuple[tuple[int, int], ...]


@require_GET
@page(*EVERYBODY)
def pattern_list(request: HttpRequest) -> HttpResponse:
    """Today's, newest first; for htmx the table alone."""
    asked = request.GET
    kinds = {security.symbol: security.kind for security in marketdata.securities()}
    chosen = asked.get("what", "")
    names = GROUPS.get(chosen) or ((chosen,) if chosen in CHART | CANDLES else ())
    watched = _watched(request.user) if asked.get("show") == "watched" else None
    found = analytics.patterns(
        symbols=watched,
        names=names,
        timeframe=asked.get("timeframe", "") if asked.get("timeframe") in set(Timeframe) else "",
        direction=DIRECTIONS.get(asked.get("direction", ""), 0),
        since=_today(),
        limit=ROWS_MAX + 1,
    )
    context = {
        "rows": [_row(one, kinds.get(one.symbol, "STOCK")) for one in found[:ROWS_MAX]],
        "has_more": len(found) > ROWS_MAX,
        "rows_max": ROWS_MAX,
        "is_filtered": bool(names or watched is not None or asked.get("timeframe") or asked.get("direction")),
    }
    if asks_for_fragment(request):
        return render(request, "portal/patterns/table.html", context)
    choices = {
        "charts": [(name, pattern_label(name)) for name in CHART],
        "candles": sorted(((name, pattern_label(name)) for name in CANDLES), key=lambda one: one[1]),
        "timeframes": [(one.value, timeframe_label(one)) for one in TIMEFRAMES],
    }
    return render(request, "portal/patterns/page.html", context | choices)


@require_GET
@page(*EVERYBODY)
def of_symbol(_request: HttpRequest, symbol: str) -> HttpResponse:
    """The latest ones of one symbol, for its chart."""
    security = marketdata.security(symbol)
    if security is None:
        raise Http404
    rows = [_row(one, security.kind) for one in analytics.patterns(symbols=[symbol], limit=OF_SYMBOL_MAX)]
    return JsonResponse({"patterns": [asdict(row) for row in rows]})


def _watched(user: Any) -> list[str]:
    """What stands in any of the person's lists."""
    return sorted({symbol for one in accounts.watchlists(user) for symbol in one.symbols})


def _today() -> datetime:
    return datetime.combine(to_vietnam(marketdata.market_now()).date(), time.min, tzinfo=VIETNAM)


def _row(found: PatternView, kind: str) -> PatternRow:
    return PatternRow(
        id=found.id,
        symbol=found.symbol,
        name=pattern_label(found.pattern),
        timeframe=found.timeframe,
        timeframe_label=timeframe_label(found.timeframe),
        direction=found.direction,
        when=_when(found.confirmed_at),
        time=found.points[-1][0] // 1_000,
        level=price_text(found.level_vnd, kind),
        level_vnd=found.level_vnd,
        target=price_text(found.target_vnd, kind) if found.target_vnd else NOTHING,
        target_vnd=found.target_vnd,
        strength_percent=found.strength_percent,
        points=tuple((ts_ms // 1_000, price_vnd) for ts_ms, price_vnd in found.points),
    )


def _when(moment: datetime) -> str:
    local, today = to_vietnam(moment), _today()
    return local.strftime("%H:%M") if local >= today else local.strftime("%d/%m %H:%M")
