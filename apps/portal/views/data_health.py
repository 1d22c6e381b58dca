"""How good the market data is: stream, completeness and gaps, quality by symbol, order books, unreadable messages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.marketdata import selectors as marketdata
from apps.marketdata.selectors import Level, MessageCount
from apps.marketdata.services.dead_letters import REPLAYED_MAX, replay_dead_letters
from apps.portal.views.access import EVERYBODY, OPERATORS, asks_for_fragment, page
from apps.portal.views.data_words import channel_label, letter_outcome_label
from apps.portal.views.market import quotes_of, stream_status
from apps.sso.selectors import has_role
from qts.domain.market import to_vietnam

LETTERS_MAX = 200
GAPS_SHOWN_MAX = 200
RECENT = timedelta(hours=24)


@require_GET
@page(*EVERYBODY)
def stream(request: HttpRequest) -> HttpResponse:
    """State, rate, lag, latency; for htmx the figures alone."""
    since = timezone.now() - RECENT
    context = {
        "stream": stream_status(),
        "figures": marketdata.stream_figures(),
        "dead_letter_count": marketdata.dead_letter_count(since=since),
        "gaps": marketdata.gaps(since=since, limit=20),
        "wrong_books": sorted(symbol for symbol, state in marketdata.book_states().items() if state.wrong_now),
        "book_failures": sum(state.failure_count for state in marketdata.book_states().values()),
    }
    return data_page(request, "stream", context)


@require_GET
@page(*EVERYBODY)
def completeness(request: HttpRequest) -> HttpResponse:
    """Messages by channel and session, and every gap of the day."""
    day, symbol = _asked_day(request), _asked_symbol(request)
    counts = [one for one in marketdata.message_counts(day) if not symbol or one.symbol == symbol]
    gaps = marketdata.gaps_of_day(day, symbol)
    context = {
        **_day_context(day, symbol),
        "sessions": (sessions := _in_order(one.session for one in counts)),
        "rows": _channel_rows(counts, sessions, lambda one: channel_label(one.topic)),
        "symbol_rows": _channel_rows(
            [one for one in counts if _is_of_a_security(one)], sessions, lambda one: one.symbol
        ),
        "gaps": gaps[-GAPS_SHOWN_MAX:],
        "gap_s": sum(gap.length_s for gap in gaps),
        "open_gaps": sum(not gap.is_filled for gap in gaps),
    }
    return data_page(request, "completeness", context)


@require_GET
@page(*EVERYBODY)
def quality(request: HttpRequest) -> HttpResponse:
    """A line for each symbol of the day."""
    day, symbol = _asked_day(request), _asked_symbol(request)
    rows = [row for row in marketdata.day_quality(day) if not symbol or row.symbol == symbol]
    context = {
        **_day_context(day, symbol),
        "rows": rows,
        "books": marketdata.book_states() if day == marketdata.market_today() else {},
        "dead_letter_count": marketdata.dead_letters_of_day(day),
    }
    return data_page(request, "quality", context)


@require_GET
@page(*EVERYBODY)
def order_book(request: HttpRequest, symbol: str) -> HttpResponse:
    """All levels that the exchange tells, and whether they can be."""
    security = marketdata.security(symbol)
    if security is None:
        raise Http404
    quote = quotes_of([symbol])[symbol]
    state = marketdata.book_states().get(symbol)
    odd_lots = marketdata.odd_lot_book(symbol)
    context = {
        "security": security,
        "quote": quote,
        "levels": _in_pairs(quote.bids, quote.asks),
        "odd_lots": odd_lots,
        "odd_levels": _in_pairs(odd_lots.bids, odd_lots.asks) if odd_lots else [],
        "state": state,
        "bid_total": sum(quantity for _price, quantity in quote.bids),
        "ask_total": sum(quantity for _price, quantity in quote.asks),
        "symbols": [one.symbol for one in marketdata.securities()],
        "gaps": marketdata.gaps_of_day(marketdata.market_today(), symbol),
    }
    return data_page(request, "book", context)


def _in_pairs(bids: Sequence[Level], asks: Sequence[Level]) -> list[tuple[Level | None, Level | None]]:
    """What stands side by side; None where one side has fewer levels."""
    return list(zip_longest(bids, asks))


@require_GET
@page(*EVERYBODY)
def dead_letters(request: HttpRequest) -> HttpResponse:
    letters = marketdata.dead_letters(limit=LETTERS_MAX)
    context = {
        "letters": [(letter, letter_outcome_label(letter.outcome)) for letter in letters],
        "may_replay": has_role(request.user, *OPERATORS),
        "limit": LETTERS_MAX,
    }
    return data_page(request, "letters", context)


@require_POST
@page(*OPERATORS)
def replay(request: HttpRequest) -> HttpResponse:
    """The chosen ones, or all that are listed where none is chosen."""
    chosen = [int(text) for text in request.POST.getlist("letter") if text.isdecimal()][:REPLAYED_MAX]
    if not chosen:
        messages.error(request, _("Choose at least one message."))
        return redirect("portal:data-letters")
    outcomes = replay_dead_letters(chosen, now=timezone.now())
    told = ", ".join(f"{letter_outcome_label(outcome)}: {count}" for outcome, count in sorted(outcomes.items()))
    messages.success(request, _("Read again. %(told)s") % {"told": told})
    return redirect("portal:data-letters")


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many messages came in each of the sessions shown, and in all of them."""

    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def _channel_rows(
    counts: Iterable[MessageCount], sessions: list[str], label: Callable[[MessageCount], str]
) -> list[CountRow]:
    added: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in counts:
        added[label(one)][one.session] += one.count
    return [CountRow(name, tuple(found[session] for session in sessions)) for name, found in sorted(added.items())]


def _in_order(sessions: Iterable[str]) -> list[str]:
    known = ("PRE_OPEN", "ATO", "CONTINUOUS", "PERIODIC", "BREAK", "ATC", "PLO", "CLOSED", "HALT")
    found = set(sessions)
    return [session for session in known if session in found]


def _is_of_a_security(one: MessageCount) -> bool:
    return ".index." not in one.topic and ".ingestion." not in one.topic


def _asked_day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return marketdata.board_day()


def _asked_symbol(request: HttpRequest) -> str:
    return request.GET.get("symbol", "").strip().upper()[:20]


def _day_context(day: date, symbol: str) -> dict[str, Any]:
    today = to_vietnam(marketdata.market_now()).date()
    return {"day": day, "symbol": symbol, "is_today": day == today}


def data_page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or for htmx its body alone."""
    context["tab"] = name
    context["body"] = f"portal/data/{name}.html"
    return render(request, context["body"] if asks_for_fragment(request) else "portal/data/page.html", context)
