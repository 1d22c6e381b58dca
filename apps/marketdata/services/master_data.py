"""Master data from FC Data: what is listed, and its daily history."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from apps.configuration.selectors import data_credentials
from apps.eventlog.services import record_all
from apps.marketdata import selectors
from apps.marketdata.models import DailyBar, MasterDataLoad, MasterDataPart, Security
from apps.marketdata.services.index_members import store_indices, store_members
from apps.marketdata.services.master_changes import ACTOR, Difference, keep_differences
from apps.marketdata.services.master_parts import PARTS_KEPT_DAYS, Kind, Parts
from apps.marketdata.services.references import derive_references
from qts.adapters.lease import Lease, Slice, slice_of
from qts.adapters.pace import Pace
from qts.adapters.ssi.market_data import DailyBar as ToldBar
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
    """FC Data with the stored key, at the pace of all who ask with it. Raises TerminalError when there is none."""
    pace = Pace(settings.REDIS_URL, "fc-data", settings.HISTORY_CALLS_PER_S_MAX)
    return MarketDataClient(settings.SSI_DATA_URL, data_credentials(), wait_turn=pace.wait)


def load_master_data(
    client: MarketDataClient,
    *,
    today: date,
    now: datetime,
    turn: Slice | None = None,
) -> LoadResult | None:
    """Securities and indices, then their daily history, then the references derived from it. Safe to repeat: what was
    answered today is not asked for again, unless the day was loaded to its end before.

    Raises TransientError or TerminalError of the client; what was stored until then stays. None when `turn` ended
    first.
    """
    parts = Parts(today)
    for ask in _questions(client, parts, today, now):
        if turn is not None and not turn.goes_on():
            return None
        ask()
    return _finished(today)


def _questions(client: MarketDataClient, parts: Parts, today: date, now: datetime) -> Iterator[Callable[[], None]]:
    """What has not been answered yet, one call of the broker after the other. Later ones depend on earlier answers."""
    if parts.lacks(Kind.SECURITIES):
        yield partial(_load_securities, client, parts, today, now)
    if parts.lacks(Kind.INDICES):
        yield partial(_load_indices, client, parts, today)
    for code in selectors.index_codes():
        if parts.lacks(Kind.MEMBERS, code):
            yield partial(_load_members, client, parts, code, today, now)
    last_days = dict(DailyBar.objects.values_list("symbol").annotate(Max("trading_day")))
    for one in selectors.securities():
        since = last_days.get(one.symbol, today - timedelta(days=HISTORY_DAYS)) + timedelta(days=1)
        if parts.lacks(Kind.DAYS, one.symbol) and since < today:
            yield partial(_load_history, client, parts, one.symbol, since, today - timedelta(days=1))


def _finished(today: date) -> LoadResult:
    """Derive what follows from the answers and mark the day, all or nothing."""
    answers = MasterDataPart.objects.filter(trading_day=today)
    refused = set(answers.filter(kind=Kind.DAYS).exclude(refusal="").values_list("subject", flat=True))
    active = selectors.securities()
    with transaction.atomic():
        # the close before today is not known of those: a band around an older one would be wrong in today's name
        derive_references([one for one in active if one.symbol not in refused], today)
        found = dict(answers.values_list("kind").annotate(Sum("found")).order_by("kind"))
        result = LoadResult(len(active), found.get(Kind.SECURITIES, 0), found.get(Kind.DAYS, 0))
        marks = {"finished_at": timezone.now(), "securities": result.securities, "changed": result.changed}
        MasterDataLoad.objects.update_or_create(trading_day=today, defaults=marks)
        MasterDataPart.objects.filter(trading_day__lt=today - timedelta(days=PARTS_KEPT_DAYS)).delete()
    log.info("master_data_loaded", **asdict(result))
    return result


def _load_securities(client: MarketDataClient, parts: Parts, today: date, now: datetime) -> None:
    """Details of everything on the list of securities. An empty list is an error, not a market without shares."""
    on_list = {symbol for symbol, _ in client.securities()}
    listed = [one for one in client.securities_details() if one.symbol in on_list]
    if not listed:
        raise TerminalError("FC Data lists no securities")
    with transaction.atomic():
        parts.keep(Kind.SECURITIES, found=_store_securities(listed, on_list, today, now))


def _load_indices(client: MarketDataClient, parts: Parts, today: date) -> None:
    listed = client.index_list()
    with transaction.atomic():
        parts.keep(Kind.INDICES, found=store_indices(listed, today=today))


def _load_members(client: MarketDataClient, parts: Parts, code: str, today: date, now: datetime) -> None:
    symbols = client.index_components(code)
    with transaction.atomic():
        parts.keep(Kind.MEMBERS, code, found=store_members(code, symbols, today=today, now=now))


def _store_securities(listed: Iterable[ListedSecurity], on_list: Container[str], today: date, now: datetime) -> int:
    """Write what differs, with one event each and every difference kept; who is no longer listed becomes inactive. One
    that is listed without readable details stays as it was, and was not told today."""
    told = {one.symbol: _facts(one) for one in listed}
    before = {row.symbol: row for row in Security.objects.select_for_update()}
    gone = {symbol: _facts_of(row, is_active=False) for symbol, row in before.items() if symbol not in on_list}
    rows = [
        Security(symbol=symbol, updated_at=timezone.now(), **asdict(facts))
        for symbol, facts in {**gone, **told}.items()
        if symbol not in before or facts != _facts_of(before[symbol])
    ]
    Security.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["symbol"],
        update_fields=[*_Facts.__dataclass_fields__, "updated_at"],
    )
    Security.objects.filter(symbol__in=told).update(told_on=today)
    keep_differences((one for row in rows for one in _differences(before.get(row.symbol), row)), today)
    record_all([SecurityUpdated(symbol=row.symbol) for row in rows], actor=ACTOR, now=now)
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


def _load_history(client: MarketDataClient, parts: Parts, symbol: str, since: date, until: date) -> None:
    """Daily bars of both days and those between. A symbol whose history is refused does not stop the others."""
    try:
        bars = client.daily_ohlc(symbol, since, until)
    except TerminalError as error:
        log.warning("daily_history_refused", symbol=symbol, reason=str(error))
        parts.keep(Kind.DAYS, symbol, refusal=str(error))
        return
    with transaction.atomic():
        parts.keep(Kind.DAYS, symbol, found=store_days(symbol, bars))


def store_days(symbol: str, bars: Sequence[ToldBar]) -> int:
    """How many there were. What was stored is replaced by what is told now."""
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
