"""What belongs to no single page: the way to a symbol, and banners."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import SecurityView
from apps.portal.views.access import EVERYBODY, page

FOUND_MAX = 60


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
    known, wanted = marketdata.securities(), typed.casefold()
    exact = next((security for security in known if security.symbol == typed.upper()), None)
    matching = [
        security
        for security in known
        if wanted
        and (wanted in security.symbol.casefold() or wanted in f"{security.name_vi} {security.name_en}".casefold())
    ]
    return typed, exact, matching[:FOUND_MAX]


@require_GET
@page(*EVERYBODY)
def banners(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/parts/banners_fragment.html")
