"""What belongs to no single page: the way to a symbol, and banners."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from apps.marketdata.selectors import SecurityView
from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.symbol_search import securities_like

FOUND_MAX: Final = 60


@require_GET
@page(*EVERYBODY)
def find(request: HttpRequest) -> HttpResponse:
    """To the symbol that is typed, or a list of those that match by symbol or name."""
    typed, exact, matching = matching_securities(request)
    if exact is not None:
        return redirect("portal:symbol", symbol=exact.symbol)
    return render(request, "portal/find.html", {"typed": typed, "matching": matching})


def matching_securities(request: HttpRequest) -> tuple[str, SecurityView | None, list[SecurityView]]:
    """What was typed, the security of that very symbol, and those that match by symbol or name."""
    typed = request.GET.get("q", "").strip()[:40]
    found = securities_like(typed)
    exact = next((security for security in found if security.symbol == typed.upper()), None)
    return typed, exact, found[:FOUND_MAX]


@require_GET
@page(*EVERYBODY)
def banners(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/parts/banners_fragment.html")
