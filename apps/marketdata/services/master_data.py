"""Master data from FC Data: what is listed, and its daily history."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.configuration.selectors import data_credentials
from apps.eventlog.services import record
from apps.marketdata import selectors
from apps.marketdata.models import DailyBar, MasterDataLoad, Security
from apps.marketdata.services.index_members import load_indices
from apps.marketdata.services.master_changes import ACTOR, Difference, keep_differences
from apps.marketdata.services.references import derive_references
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.ssi.market_data import ListedSecurity, MarketDataClient
from qts.domain.errors import TerminalError
from qts.domain.events import SecurityUpdated
from qts.domain.market import round_lot

log = structlog.get_logger(__name__)

LEASE_TTL_S = 120  # longer than one symbol's history takes
SECONDS_MAX = 3_600
HISTORY_DAYS = 60  # what a new symbol starts with


@dataclass(frozen=True, slots=True)
class LoadResult:
    """How many securities were listed, how many of them differed from before, and how many daily bars came."""

    securities: int
    changed: int
    daily_bars: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the broker tells of a security, as the columns of its row."""

    exchange: str
    kind: str
    name_vi: str
    name_en: str
    lot_size: int
    listed_quantity: int
    is_active: bool


def load_master_data_of_day() -> LoadResult | None:
    """Load today's master data unless it is there already or another worker is at it."""
    today = selectors.market_today()
    if selectors.is_master_data_of(today):
        return None
    with slice_of(Lease(settings.REDIS_URL, "master-data", LEASE_TTL_S), SECONDS_MAX) as turn:
        if not turn.goes_on() or selectors.is_master_data_of(today):
            return None
        client = data_client()
        try:
            return load_master_data(client, today=today, now=selectors.market_now(), turn=turn)
        finally:
            client.close()


def data_client() -> MarketDataClient:
    """FC Data with the stored key. Raises TerminalError when there is none."""
    return MarketDataClient(settings.SSI_DATA_URL, data_credentials())


def load_master_data(
    client: MarketDataClient, *, today: date, now: datetime, turn: Slice | None = None
) -> LoadResult | None:
    """Securities and indices, then their daily history, then the references derived from it. Safe to repeat.

    Raises TransientError or TerminalError of the client; what was stored until then stays. None when
    `turn` ended first.
    """
    listed = _listed(client)
    changed = _store_securities(listed, today, now)
    load_indices(client, today=today, now=now)
    active = selectors.securities()
    last_days = dict(DailyBar.objects.values_list("symbol").annotate(Max("trading_day")))
    daily_bars = 0
    for one in active:
        if turn is not None and not turn.goes_on():
            return None
        since = last_days.get(one.symbol, today - timedelta(days=HISTORY_DAYS)) + timedelta(days=1)
        daily_bars += _load_history(client, one.symbol, since, today - timedelta(days=1))
    derive_references(active, today)
    MasterDataLoad.objects.update_or_create(
        trading_day=today, defaults={"finished_at": timezone.now(), "securities": len(listed), "changed": changed}
    )
    log.info("master_data_loaded", securities=len(listed), changed=changed, daily_bars=daily_bars)
    return LoadResult(len(listed), changed, daily_bars)


def _listed(client: MarketDataClient) -> list[ListedSecurity]:
    """Details of everything on the list of securities. An empty list is an error, not a market without shares."""
    on_list = {symbol for symbol, _ in client.securities()}
    listed = [one for one in client.securities_details() if one.symbol in on_list]
    if not listed:
        raise TerminalError("FC Data lists no securities")
    return listed


def _store_securities(listed: Iterable[ListedSecurity], today: date, now: datetime) -> int:
    """Write what differs, with one event each and every difference kept; who is no longer listed becomes inactive."""
    told = {one.symbol: _facts(one) for one in listed}
    with transaction.atomic():
        before = {row.symbol: row for row in Security.objects.select_for_update()}
        rows = [
            Security(symbol=symbol, updated_at=timezone.now(), **asdict(facts))
            for symbol, facts in {**_delisted(before, told), **told}.items()
            if symbol not in before or facts != _facts_of(before[symbol])
        ]
        Security.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["symbol"],
            update_fields=[*_Facts.__dataclass_fields__, "updated_at"],
        )
        keep_differences((one for row in rows for one in _differences(before.get(row.symbol), row)), today)
        for row in rows:
            record(SecurityUpdated(symbol=row.symbol), actor=ACTOR, now=now)
    return len(rows)


def _differences(before: Security | None, after: Security) -> list[Difference]:
    """Fact by fact; a security that is new is one difference."""
    if before is None:
        return [Difference(after.symbol, "listed", "", f"{after.exchange} {after.kind}")]
    was, now = asdict(_facts_of(before)), asdict(_facts_of(after))
    return [Difference(after.symbol, name, str(was[name]), str(now[name])) for name in was if was[name] != now[name]]


def _facts(one: ListedSecurity) -> _Facts:
    return _Facts(
        exchange=one.exchange.value,
        kind=one.kind.value,
        name_vi=one.name_vi[:200],
        name_en=one.name_en[:200],
        lot_size=one.lot_size or round_lot(selectors.rules_on(selectors.market_today()), one.exchange, one.kind),
        listed_quantity=one.listed_shares,
        is_active=True,
    )


def _facts_of(row: Security, **changes: bool) -> _Facts:
    return _Facts(**{name: getattr(row, name) for name in _Facts.__dataclass_fields__} | changes)


def _delisted(before: Mapping[str, Security], told: Mapping[str, _Facts]) -> dict[str, _Facts]:
    return {symbol: _facts_of(row, is_active=False) for symbol, row in before.items() if symbol not in told}


def _load_history(client: MarketDataClient, symbol: str, since: date, until: date) -> int:
    """Daily bars of both days and those between. A symbol whose history is refused does not stop the others."""
    if since > until:
        return 0
    try:
        return load_days(client, symbol, since, until)
    except TerminalError as error:
        log.warning("daily_history_refused", symbol=symbol, reason=str(error))
        return 0


def load_days(client: MarketDataClient, symbol: str, since: date, until: date) -> int:
    """The same, but a refusal is raised. What was stored is replaced by what is told now."""
    bars = client.daily_ohlc(symbol, since, until)
    rows = [
        DailyBar(
            symbol=symbol,
            trading_day=bar.day,
            open_vnd=bar.open_vnd,
            high_vnd=bar.high_vnd,
            low_vnd=bar.low_vnd,
            close_vnd=bar.close_vnd,
            volume=bar.volume,
            value_vnd=bar.value_vnd,
        )
        for bar in bars
    ]
    DailyBar.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["symbol", "trading_day"],
        update_fields=["open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume", "value_vnd"],
    )
    return len(rows)
