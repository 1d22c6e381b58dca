"""Reference, ceiling and floor of each security and trading day."""

from collections.abc import Mapping
from datetime import date

from apps.marketdata.models import DailyBar, DailyReference
from apps.marketdata.selectors import SecurityView, live_quotes, market_today, references, rules_on, securities
from qts.domain.market import price_band
from qts.domain.values import InstrumentKind

Prices = tuple[int, int, int]  # reference, ceiling, floor in VND


def capture_references() -> int:
    """Keep what the exchange said today, as the live quotes show it. Returns how many were new or different."""
    today = market_today()
    symbols = [known.symbol for known in securities()]
    told = {
        symbol: (quote.reference_vnd, quote.ceiling_vnd, quote.floor_vnd)
        for symbol, quote in live_quotes(symbols).items()
        if quote.is_from(today) and quote.reference_vnd and quote.ceiling_vnd and quote.floor_vnd
    }
    return _store(told, today, DailyReference.Source.STREAM, known=references(symbols, today))


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
