"""Master data: how far today's load is, which securities take no order, indices and members, what changed when."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView
from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.data_health import data_page

SECURITIES_A_PAGE = 50
CHANGES_MAX = 500
LOADS_SHOWN = 10


@require_GET
@page(*EVERYBODY)
def master_data(request: HttpRequest) -> HttpResponse:
    """Today's load with its progress, and the securities; ?q= searches, ?unarmed=1 shows those that take no order."""
    today = marketdata.market_today()
    unarmed = set(marketdata.unarmed_symbols(today))
    typed, only_unarmed = request.GET.get("q", "").strip()[:40], request.GET.get("unarmed") == "1"
    matching = [
        one
        for one in marketdata.securities()
        if _matches(one, typed.casefold()) and (not only_unarmed or one.symbol in unarmed)
    ]
    shown = Paginator(matching, SECURITIES_A_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "progress": marketdata.load_progress(today),
        "loads": marketdata.master_loads(limit=LOADS_SHOWN),
        "history": marketdata.backfill_progress(),
        "unarmed": unarmed,
        "only_unarmed": only_unarmed,
        "typed": typed,
        "shown": shown,
    }
    return data_page(request, "master", context)


def _matches(one: SecurityView, wanted: str) -> bool:
    return wanted in one.symbol.casefold() or wanted in f"{one.name_vi} {one.name_en}".casefold()


@require_GET
@page(*EVERYBODY)
def indices(request: HttpRequest) -> HttpResponse:
    """Every listed index; ?code= shows the members of one."""
    found = marketdata.index_views()
    chosen = next((one for one in found if one.code == request.GET.get("code")), None)
    members = marketdata.index_members(chosen.code) if chosen else []
    names = {one.symbol: one.name for one in marketdata.securities(active_only=False)} if chosen else {}
    context = {
        "indices": found,
        "chosen": chosen,
        "members": [(symbol, names.get(symbol, "")) for symbol in members],
    }
    return data_page(request, "indices", context)


@require_GET
@page(*EVERYBODY)
def changes(request: HttpRequest) -> HttpResponse:
    """What each load found different; ?day= and ?symbol= narrow it down."""
    typed_day = request.GET.get("day", "")
    try:
        day = parse_date(typed_day)
    except ValueError:
        day = None
    symbol = request.GET.get("symbol", "").strip()[:40]
    found = marketdata.master_changes(day=day, subject=symbol, limit=CHANGES_MAX)
    return data_page(request, "changes", {"changes": found, "day": day, "symbol": symbol, "limit": CHANGES_MAX})
