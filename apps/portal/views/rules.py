"""The editor of rules: typed text is checked while it is typed, tried on stored bars, and saved as a new version.

Nothing typed is lost: every answer is a fragment beside the text, and the browser keeps a draft of its own.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from apps.marketdata import selectors as marketdata
from apps.portal.selectors import actor_names
from apps.portal.views.access import TRADERS, page
from apps.portal.views.rule_words import understood
from apps.sso.selectors import actor_of
from apps.strategies import selectors as strategies
from apps.strategies import services
from apps.strategies.selectors import VersionView
from apps.strategies.services import RulesPreview
from qts.adapters.rule_files import CHARACTERS_MAX, RulesUnreadable
from qts.domain.values import Side

VERSIONS_SHOWN: Final = 20
PREVIEW_DAYS: Final = (1, 5, 20)
NEW_DOCUMENT: Final = """\
title: Dips in an up-trend
enter:
  all:
    - rsi_14 < 30
    - close > sma_50
    - time between 09:20 and 14:20
leave:
  any:
    - rsi_14 > 65
    - profit_percent <= -3
    - bars_held >= 120
size: {method: fixed, quantity: 100}
wait_bars: 5
"""


@dataclass(frozen=True, slots=True)
class DiffLine:
    kind: str
    text: str


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def new(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("name", "").strip().lower()
    return _save(request, name, None) if request.method == "POST" else _editor(request, "", None, NEW_DOCUMENT)


@require_http_methods(["GET", "POST"])
@page(*TRADERS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """GET shows a version, the newest if none is named; POST saves another one."""
    known = [one for one in strategies.versions(name) if one.is_rules]
    if not known:
        raise Http404
    if request.method == "POST":
        return _save(request, name, known[0])
    asked = request.GET.get("version", "")
    shown = next((one for one in known if one.content_hash == asked), known[0])
    return _editor(request, name, known[0], shown.source)


@require_POST
@page(*TRADERS)
def check(request: HttpRequest) -> HttpResponse:
    """What was understood, or what is wrong and where; asked while somebody types."""
    text = _text(request)
    try:
        rules = services.read_document(text)
    except RulesUnreadable as error:
        context: dict[str, Any] = {"found": error.problems, "lines": [one.line for one in error.problems if one.line]}
        return render(request, "portal/rules/told.html", context)
    newest = next((one for one in strategies.versions(request.POST.get("name", "")) if one.is_rules), None)
    context = {"understood": understood(rules), "diff": diff_lines(newest, text), "newest": newest}
    return render(request, "portal/rules/told.html", context)


@require_POST
@page(*TRADERS)
def preview(request: HttpRequest) -> HttpResponse:
    symbol = request.POST.get("symbol", "").strip().upper()
    asked = request.POST.get("days", "")
    days = int(asked) if asked in {str(one) for one in PREVIEW_DAYS} else PREVIEW_DAYS[1]
    try:
        if marketdata.security(symbol) is None:
            raise services.StrategyRefused([_("{symbol} is not listed.").format(symbol=symbol or "?")])
        found = services.preview_rules(_text(request), symbol=symbol, days=days, now=marketdata.market_now())
    except RulesUnreadable as error:
        problems = [one.said for one in error.problems]
        return render(request, "portal/rules/preview.html", {"problems": problems}, status=422)
    except services.StrategyRefused as refused:
        return render(request, "portal/rules/preview.html", {"problems": refused.problems}, status=422)
    return render(request, "portal/rules/preview.html", _preview_context(found))


def diff_lines(newest: VersionView | None, text: str) -> list[DiffLine]:
    """Against the newest version; empty without one, and where nothing differs."""
    if newest is None:
        return []
    lines = difflib.unified_diff(newest.source.splitlines(), text.splitlines(), lineterm="", n=1)
    return [DiffLine({"+": "added", "-": "removed"}.get(line[:1], "same"), line) for line in list(lines)[2:]]


def _editor(request: HttpRequest, name: str, newest: VersionView | None, text: str) -> HttpResponse:
    known = strategies.versions(name)[:VERSIONS_SHOWN] if name else []
    context = {
        "name": name,
        "text": text,
        "newest": newest,
        "versions": known,
        "names": actor_names(one.registered_by for one in known),
        "documents": strategies.rules_names(),
        "symbols": [one.symbol for one in marketdata.securities()],
        "days": PREVIEW_DAYS,
        "characters_max": CHARACTERS_MAX,
    }
    return render(request, "portal/rules/page.html", context)


def _save(request: HttpRequest, name: str, newest: VersionView | None) -> HttpResponse:
    seen = request.POST.get("seen", "") if newest else ""
    try:
        content_hash = services.save_rules(
            name, _text(request), seen_hash=seen, actor=actor_of(request.user), now=marketdata.market_now()
        )
    except services.StrategyRefused as refused:
        return render(request, "portal/rules/saved.html", {"problems": refused.problems}, status=422)
    if newest is None:
        response: HttpResponse = HttpResponseClientRedirect(reverse("portal:rules", kwargs={"name": name}))
    else:
        saved = strategies.version(content_hash)
        response = render(request, "portal/rules/saved.html", {"saved": saved, "is_same": content_hash == seen})
    return trigger_client_event(response, "qts:rules-saved", {"hash": content_hash})


def _preview_context(found: RulesPreview) -> dict[str, Any]:
    result = found.result
    sales = [fill for fill in result.fills if fill.side is Side.SELL]
    return {
        "symbol": found.symbol,
        "bar_count": len(found.bars),
        "profit_vnd": result.last_equity_vnd - result.first_equity_vnd,
        "fall_vnd": result.lowest_from_peak_vnd,
        "costs_vnd": sum(fill.fee_vnd + fill.tax_vnd for fill in result.fills),
        "entries": len(result.fills) - len(sales),
        "exits": len(sales),
        "won": sum(fill.realised_pnl_vnd > 0 for fill in sales),
        "refused": len(result.refusals),
        "page_data": {"bars": _bars(found.bars), "trades": _trades(result.fills)},
    }


def _bars(rows: Sequence[tuple[int, ...]]) -> list[dict[str, int]]:
    names = ("open", "high", "low", "close", "volume")
    return [{"time": row[0] // 1_000, **dict(zip(names, row[1:], strict=True))} for row in rows]


def _trades(fills: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"time": fill.ts_ms // 1_000, "side": fill.side, "quantity": fill.quantity, "price": fill.price_vnd}
        for fill in fills
    ]


def _text(request: HttpRequest) -> str:
    """As it was typed, with the line ends of a file."""
    return request.POST.get("text", "").replace("\r\n", "\n")
