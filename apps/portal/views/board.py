"""The price board. The page is small whatever is listed: its rows are made in the browser, those in sight alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from apps.accounts import selectors as accounts
from apps.accounts.selectors import BOARD
from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveMarket, Market
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.data_words import sector_of
from apps.portal.views.market import indexes
from apps.risk import selectors as risk
from apps.sso.selectors import has_role

LEVEL_COUNT = 3
UNARMED_MARKED_MAX = 200
LISTED_KEPT_S = 300  # of what a browser remembers: lists change overnight, an officer's sectors now and then


@require_GET
@page(*EVERYBODY)
def board(request: HttpRequest) -> HttpResponse:
    may_trade = has_role(request.user, *TRADERS)
    return render(request, "portal/board.html", board_context(request, LiveMarket(), may_trade=may_trade))


def board_context(request: HttpRequest, market: Market, *, may_trade: bool) -> dict[str, Any]:
    """The board of any market."""
    lists = accounts.watchlists(request.user)
    unarmed = [] if market.replay else marketdata.unarmed_symbols(marketdata.market_today())
    return {
        "unarmed": unarmed,
        "indexes": indexes(market),
        "bid_levels": range(LEVEL_COUNT, 0, -1),
        "ask_levels": range(1, LEVEL_COUNT + 1),
        "may_trade": may_trade,
        "columns": _columns(),
        "page_data": {
            "securities_url": reverse("portal:board-securities"),
            "ticket_url": reverse("portal:ticket") if may_trade else "",
            "watchlists": [{"id": one.id, "name": one.name, "symbols": one.symbols} for one in lists],
            "layout": accounts.layout(request.user, BOARD),
            # before the load of the day it is all of them, which the note above the board says
            "unarmed": unarmed if len(unarmed) <= UNARMED_MARKED_MAX else [],
        },
    }


def _columns() -> list[tuple[str, str]]:
    """What may be taken away; symbol, price and change always stay."""
    return [
        ("limits", _("Reference, ceiling, floor")),
        ("side", _("Best bid and ask")),
        ("depth", _("Second and third level")),
        ("last_qty", _("Matched volume")),
        ("total", _("Total volume")),
        ("value", _("Value matched")),
        ("range", _("High, average, low")),
        ("foreign", _("Foreign")),
        ("sector", _("Sector")),
    ]


@require_GET
@page(*EVERYBODY)
@cache_control(private=True, max_age=LISTED_KEPT_S)
def board_securities(_request: HttpRequest) -> HttpResponse:
    """[symbol, name, exchange, kind, sector, indices] of everything that is listed, by symbol. The sector is an
    officer's word, else the exchange's."""
    listed = marketdata.securities()
    sectors = risk.sectors([security.symbol for security in listed])
    indices = marketdata.indices_by_symbol()
    rows = []
    for one in listed:
        codes = indices.get(one.symbol, [])
        sector = sectors.get(one.symbol) or sector_of(codes)
        rows.append((one.symbol, one.name, str(one.exchange), str(one.kind), sector, codes))
    return JsonResponse({"securities": rows})
