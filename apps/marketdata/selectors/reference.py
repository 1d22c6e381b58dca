"""Master data and price references."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db import connection

from apps.marketdata.models import DailyReference, MasterDataLoad, Security
from apps.marketdata.selectors.types import SecurityView
from qts.domain.values import Exchange, InstrumentKind

# asked for every order
_SECURITY = """
    SELECT symbol, exchange, kind, name_vi, name_en, lot_size, listed_quantity, is_active
    FROM marketdata_security WHERE symbol = %s
"""


def security(symbol: str) -> SecurityView | None:
    with connection.cursor() as cursor:
        cursor.execute(_SECURITY, [symbol])
        row = cursor.fetchone()
    return None if row is None else SecurityView(row[0], Exchange(row[1]), InstrumentKind(row[2]), *row[3:])


def securities(*, active_only: bool = True) -> list[SecurityView]:
    """In the order of their symbols."""
    rows = Security.objects.order_by("symbol")
    return [_view(row) for row in (rows.filter(is_active=True) if active_only else rows)]


def instrument_kinds() -> dict[str, InstrumentKind]:
    """Kind by symbol of everything ever listed: what the codec needs to read a price."""
    return {symbol: InstrumentKind(kind) for symbol, kind in Security.objects.values_list("symbol", "kind")}


def references(symbols: Sequence[str], day: date) -> Mapping[str, tuple[int, int, int]]:
    """(reference, ceiling, floor) in VND by symbol on one trading day; unknown ones are left out."""
    rows = DailyReference.objects.filter(symbol__in=symbols, trading_day=day)
    return {
        symbol: (reference, ceiling, floor)
        for symbol, reference, ceiling, floor in rows.values_list("symbol", "reference_vnd", "ceiling_vnd", "floor_vnd")
    }


def is_master_data_of(day: date) -> bool:
    """Whether master data has been loaded on that trading day."""
    return MasterDataLoad.objects.filter(trading_day=day).exists()


def master_data_age_days(day: date) -> int | None:
    """Calendar days since master data was last loaded by `day`; None when it never was."""
    newest = MasterDataLoad.objects.filter(trading_day__lte=day).values_list("trading_day", flat=True).first()
    return None if newest is None else (day - newest).days


def _view(row: Security) -> SecurityView:
    return SecurityView(
        symbol=row.symbol,
        exchange=Exchange(row.exchange),
        kind=InstrumentKind(row.kind),
        name_vi=row.name_vi,
        name_en=row.name_en,
        lot_size=row.lot_size,
        listed_quantity=row.listed_quantity,
        is_active=row.is_active,
    )
