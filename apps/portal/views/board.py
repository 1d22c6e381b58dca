"""The price board."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import LiveQuote, SecurityView
from apps.portal.views.access import EVERYBODY, TRADERS, page
from apps.portal.views.market import indexes, quotes_of
from apps.sso.selectors import has_role

LEVEL_COUNT = 3


@dataclass(frozen=True, slots=True)
class BoardRow:
    security: SecurityView
    quote: LiveQuote


@require_GET
@page(*EVERYBODY)
def board(request: HttpRequest) -> HttpResponse:
    securities = marketdata.securities()
    quotes = quotes_of(security.symbol for security in securities)
    context = {
        "rows": [BoardRow(security, quotes[security.symbol]) for security in securities],
        "indexes": indexes(),
        "bid_levels": range(LEVEL_COUNT, 0, -1),
        "ask_levels": range(1, LEVEL_COUNT + 1),
        "may_trade": has_role(request.user, *TRADERS),
    }
    return render(request, "portal/board.html", context)
