"""Every page of the portal, found in its table of addresses and by following links, and those of the admin.

Whoever looks at all pages (a test, the pictures) visits them one by one; what a page links to gives an example for
each address that has arguments.
"""

import re
from collections.abc import Container, Iterator
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from django.urls import URLPattern, get_resolver
from playwright.sync_api import Page

SYMBOL: Final = "FPT"
# parts of pages, files, and what is only ever posted
_OTHERS: Final = """
    alert-channel alert-channel-new alert-rule alert-rule-new alerts-read amend api-key-revoke arming attention
    audit-export layout-reset session-end sessions-end
    board-securities cash-event-decide performance-pdf replay-act replay-bars replay-start futures-roll history marks
    backtest-cancel backtest-chart backtest-delete backtest-fills backtest-progress
    backtest-repeat banners bars broker-code-enter broker-code-request cancel cancel-all conditional-cancel
    conditional-new data-replay exit-plan go kill-switch orders-export performance-download
    promotion resolve risk-at-risk risk-history rules-check rules-preview signals-export sliced-cancel sliced-new
    strategy-new strategy-parameters strategy-promote strategy-register strategy-start strategy-stop strategy-version
    symbol-patterns ticket ticket-confirm ticket-edit ticket-preview ticket-submit trade-note trades-export
    what-if
"""
NOT_PAGES: Final = frozenset(_OTHERS.split())
# an example where nothing need link to one
EXAMPLES: Final = {
    "find": f"/symbols/?q={SYMBOL[:1]}",
    "symbol": f"/symbols/{SYMBOL}/",
    "data-book": f"/data/books/{SYMBOL}/",
}
ADMIN: Final = {
    "admin": "/admin/",
    "admin-list": "/admin/orders/order/",
    "admin-row": "/admin/risk/risklimit/",
    "admin-form": "/admin/risk/killswitch/add/",
}
_ARGUMENT: Final = re.compile(r"<(\w+):\w+>")
_KINDS: Final = {"uuid": "[0-9a-f-]{36}", "int": "[0-9]+", "slug": "[-a-zA-Z0-9_]+", "str": "[^/]+"}
# those of pictures are no strings
_LINKS: Final = """() => [...document.querySelectorAll('main a[href]')].map(
    (link) => new URL(link.getAttribute('href'), location).href)"""


def walk(page: Page, *, without: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """(name, path) of each page, which is open in `page` while it is looked at; those of `without` are left out."""
    routes = page_routes()
    found = {name: EXAMPLES.get(name, f"/{route}") for name, route in routes.items() if not _ARGUMENT.search(route)}
    found.pop("backtest-compare", None)  # says 422 unless something is chosen, and the list of backtests links to it
    waiting = [*found.items(), *((name, path) for name, path in EXAMPLES.items() if name not in found), *ADMIN.items()]
    seen = {name for name, _ in waiting}
    while waiting:
        name, path = waiting.pop(0)
        if name in without:
            continue
        page.goto(path)
        yield name, path
        for link in page.evaluate(_LINKS):
            known = name_of(urlsplit(link).path)
            if known is not None and known not in seen:
                seen.add(known)
                waiting.append((known, urlsplit(link).path))


@cache
def page_routes() -> dict[str, str]:
    """The portal's addresses that are pages, by name."""
    routes = {}
    for pattern in get_resolver("apps.portal.urls").url_patterns:
        if isinstance(pattern, URLPattern) and pattern.name not in NOT_PAGES:
            routes[str(pattern.name)] = str(pattern.pattern)
    return routes


def name_of(path: str) -> str | None:
    return next((name for name, route in page_routes().items() if _pattern(route).fullmatch(path)), None)


@cache
def _pattern(route: str) -> "re.Pattern[str]":
    literal, *others = _ARGUMENT.split(route)
    pattern = re.escape(literal)
    for kind, text in zip(others[::2], others[1::2], strict=True):
        pattern += _KINDS[kind] + re.escape(text)
    return re.compile("/" + pattern)
