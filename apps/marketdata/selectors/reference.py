"""Master data and price references."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import connection

from apps.marketdata.models import DailyReference, ForeignLimit, IndexMember, MarketIndex, MasterDataLoad, Security
from apps.marketdata.selectors.clock import market_today
from apps.marketdata.selectors.rules import note_newest_rule, rules_on
from apps.marketdata.selectors.types import SecurityView
from qts.domain.market import RuleBook, round_lot
from qts.domain.values import Exchange, InstrumentKind

# asked for every order
_SECURITY = """
    SELECT symbol, exchange, kind, name_vi, name_en, listed_quantity, is_active, told_on,
        (SELECT COALESCE(max(id), 0) FROM marketdata_tradingrule)
    FROM marketdata_security WHERE symbol = %s
"""


def security(symbol: str) -> SecurityView | None:
    with connection.cursor() as cursor:
        cursor.execute(_SECURITY, [symbol])
        row = cursor.fetchone()
    if row is None:
        return None
    note_newest_rule(row[-1])
    exchange, kind = Exchange(row[1]), InstrumentKind(row[2])
    lot_size = _lot(rules_on(market_today()), exchange, kind)
    return SecurityView(row[0], exchange, kind, row[3], row[4], lot_size, row[5], row[6], row[7])


def securities(*, active_only: bool = True) -> list[SecurityView]:
    """In the order of their symbols."""
    rows = Security.objects.order_by("symbol")
    rules = rules_on(market_today())
    return [_view(row, rules) for row in (rows.filter(is_active=True) if active_only else rows)]


def index_codes() -> list[str]:
    """Of the listed indices, in order."""
    return list(MarketIndex.objects.filter(is_active=True).order_by("code").values_list("code", flat=True))


def index_members(index_code: str) -> list[str]:
    """The symbols of an index that is listed, in order; none of another."""
    rows = IndexMember.objects.filter(index_id=index_code, index__is_active=True)
    return list(rows.order_by("symbol").values_list("symbol", flat=True))


def indices_of(symbol: str) -> list[str]:
    """The codes of the listed indices that hold the symbol, in order."""
    rows = IndexMember.objects.filter(symbol=symbol, index__is_active=True)
    return list(rows.order_by("index_id").values_list("index_id", flat=True))


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


def foreign_limits(symbols: Sequence[str], day: date) -> Mapping[str, int]:
    """Shares that foreigners may hold in all, by symbol, as it held on that day; unknown ones are left out."""
    rows = ForeignLimit.objects.filter(symbol__in=symbols, effective_from__lte=day)
    newest = rows.order_by("symbol", "-effective_from").distinct("symbol")
    return dict(newest.values_list("symbol", "limit_quantity"))


def is_master_data_of(day: date) -> bool:
    """Whether master data has been loaded on that trading day."""
    return MasterDataLoad.objects.filter(trading_day=day).exists()


def master_data_loaded_at(day: date) -> datetime | None:
    """When that day's master data was loaded, by the wall clock; None while it was not."""
    return MasterDataLoad.objects.filter(trading_day=day).values_list("finished_at", flat=True).first()


def master_data_age_days(day: date) -> int | None:
    """Calendar days since master data was last loaded by `day`; None when it never was."""
    newest = MasterDataLoad.objects.filter(trading_day__lte=day).values_list("trading_day", flat=True).first()
    return None if newest is None else (day - newest).days


def _lot(rules: RuleBook, exchange: Exchange, kind: InstrumentKind) -> int:
    """By the exchange's rules of today, not by what the broker told of one security: whoever asks gets one answer."""
    return round_lot(rules, exchange, kind)


def _view(row: Security, rules: RuleBook) -> SecurityView:
    return SecurityView(
        symbol=row.symbol,
        exchange=Exchange(row.exchange),
        kind=InstrumentKind(row.kind),
        name_vi=row.name_vi,
        name_en=row.name_en,
        lot_size=_lot(rules, Exchange(row.exchange), InstrumentKind(row.kind)),
        listed_quantity=row.listed_quantity,
        is_active=row.is_active,
        told_on=row.told_on,
    )
