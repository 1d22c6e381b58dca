"""Reference, ceiling and floor of each security and trading day."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from django.db import transaction

from apps.eventlog.services import record_all
from apps.marketdata.models import DailyBar, DailyReference, ForeignLimit
from apps.marketdata.selectors import (
    SecurityView,
    foreign_limits,
    live_quotes,
    market_now,
    market_today,
    references,
    rules_on,
    securities,
)
from apps.marketdata.services.master_changes import ACTOR, Difference, keep_differences
from qts.domain.events import SecurityUpdated
from qts.domain.market import price_band
from qts.domain.values import InstrumentKind

ROOM_SOURCE: Final = "the exchange, by the stream of foreign rooms (R)"
Prices = tuple[int, int, int]  # reference, ceiling, floor in VND


def capture_references() -> int:
    """Keep what the exchange said today, as the live quotes show it: references and the limits of foreigners. Returns
    how many references were new or different."""
    today = market_today()
    symbols = [known.symbol for known in securities()]
    quotes = {symbol: quote for symbol, quote in live_quotes(symbols).items() if quote.is_from(today)}
    _keep_foreign_limits({symbol: quote.foreign_room_total for symbol, quote in quotes.items()}, today)
    told = {
        symbol: (quote.reference_vnd, quote.ceiling_vnd, quote.floor_vnd)
        for symbol, quote in quotes.items()
        if quote.reference_vnd and quote.ceiling_vnd and quote.floor_vnd
    }
    return _store(told, today, DailyReference.Source.STREAM, known=references(symbols, today))


def _keep_foreign_limits(told: Mapping[str, int], today: date) -> None:
    """A row where a limit differs from the one that held, with the difference and an event; 0 is one not told yet."""
    known = foreign_limits(list(told), today)
    changed = {symbol: limit for symbol, limit in told.items() if limit and known.get(symbol) != limit}
    if not changed:
        return
    with transaction.atomic():
        ForeignLimit.objects.bulk_create(
            [
                ForeignLimit(symbol=symbol, effective_from=today, limit_quantity=limit, source=ROOM_SOURCE)
                for symbol, limit in changed.items()
            ],
            update_conflicts=True,
            unique_fields=["symbol", "effective_from"],
            update_fields=["limit_quantity", "source"],
        )
        before = {symbol: str(known.get(symbol, "")) for symbol in changed}
        keep_differences(
            [Difference(symbol, "foreign_limit", before[symbol], str(limit)) for symbol, limit in changed.items()],
            today,
        )
        record_all([SecurityUpdated(symbol=symbol) for symbol in changed], actor=ACTOR, now=market_now())


def derive_references(listed: list[SecurityView], day: date) -> int:
    """For securities that have none on that day: the close before it, and the exchange's band around that.

    It is the rule of HOSE and HNX without an adjustment; for UPCOM (average price) and futures (settlement price) it is
    an approximation. The exchange's own word replaces it as soon as it comes. A covered warrant gets none.
    """
    known = references([one.symbol for one in listed], day)
    without = [one for one in listed if one.symbol not in known and one.kind is not InstrumentKind.WARRANT]
    closes = _last_closes([one.symbol for one in without], day)
    rules = rules_on(day)
    derived: dict[str, Prices] = {}
    for one in without:
        if close_vnd := closes.get(one.symbol):
            band = price_band(rules, one.exchange, one.kind, close_vnd)
            derived[one.symbol] = (close_vnd, band.ceiling_vnd, band.floor_vnd)
    return _store(derived, day, DailyReference.Source.DERIVED, known={})


def _last_closes(symbols: list[str], before: date) -> dict[str, int]:
    rows = DailyBar.objects.filter(symbol__in=symbols, trading_day__lt=before)
    newest = rows.order_by("symbol", "-trading_day").distinct("symbol")
    return dict(newest.values_list("symbol", "close_vnd"))


def _store(prices: Mapping[str, Prices], day: date, source: DailyReference.Source, known: Mapping[str, Prices]) -> int:
    rows = [
        DailyReference(
            symbol=symbol,
            trading_day=day,
            reference_vnd=reference_vnd,
            ceiling_vnd=ceiling_vnd,
            floor_vnd=floor_vnd,
            source=source,
        )
        for symbol, (reference_vnd, ceiling_vnd, floor_vnd) in prices.items()
        if known.get(symbol) != (reference_vnd, ceiling_vnd, floor_vnd)
    ]
    DailyReference.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["trading_day", "symbol"],
        update_fields=["reference_vnd", "ceiling_vnd", "floor_vnd", "source"],
    )
    return len(rows)
