"""Gaps as rows: told again with a later end, a gap grows."""

from collections.abc import Sequence

from django.db.models import Q

from apps.marketdata.models import MarketGap
from apps.marketdata.services.tick_store import moment
from qts.domain.events import GapDetected
from qts.observability.metrics import MARKET_GAPS

_NS_PER_MS = 1_000_000


def store_gaps(gaps: Sequence[GapDetected]) -> None:
    """Insert what is new, lengthen what goes on. Safe to repeat, in any order."""
    if not gaps:
        return
    rows = {(row.symbols, row.from_at): row for row in map(_row, sorted(gaps, key=lambda gap: gap.ts_to_ns))}
    among = Q()
    for symbols, from_at in rows:
        among |= Q(symbols=symbols, from_at=from_at)
    known = {(row.symbols, row.from_at): row for row in MarketGap.objects.filter(among)}
    MARKET_GAPS.inc(len(rows.keys() - known.keys()))
    MarketGap.objects.bulk_create([row for key, row in rows.items() if key not in known], ignore_conflicts=True)
    for key, before in known.items():
        row = rows[key]
        if row.to_at > before.to_at:
            before.to_at, before.market_to_at = row.to_at, max(row.market_to_at, before.market_to_at)
            before.fill = MarketGap.Fill.WAITING
            before.save(update_fields=["to_at", "market_to_at", "fill"])


def _row(gap: GapDetected) -> MarketGap:
    return MarketGap(
        symbols=gap.symbols[:500],
        from_at=moment(gap.ts_from_ns // _NS_PER_MS),
        to_at=moment(gap.ts_to_ns // _NS_PER_MS),
        cause=gap.cause,
        reason=gap.reason[:200],
        market_from_at=moment(gap.ts_market_from_ms),
        market_to_at=moment(gap.ts_market_to_ms),
    )
