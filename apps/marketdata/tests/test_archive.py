"""A day leaves the database only when its file holds, row by row, what the database did."""

from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from apps.marketdata import selectors
from apps.marketdata.models import ArchivedDay, Bar1m, Tick
from apps.marketdata.services import archive
from apps.marketdata.services.archive import Kind, archive_closed_days, archive_day, drop_day
from apps.marketdata.services.bar_store import store_bars
from apps.marketdata.services.partitions import ensure_tick_partitions
from apps.marketdata.services.tick_store import store_ticks
from apps.marketdata.tests.conftest import at, ms, tick
from qts.adapters.archive import ArchiveDamaged
from qts.domain.errors import TransientError
from qts.domain.events import BarClosed

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2026, 11, 23)
OLD = [date(2026, 6, 1), date(2026, 6, 2)]
RECENT = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def history(valkey, tmp_path, settings, monkeypatch):
    """Two days older than the policy, one younger, and today."""
    settings.ARCHIVE_DIR = tmp_path / "archive"
    settings.TICK_KEEP_DAYS, settings.MINUTE_KEEP_DAYS = 90, 90
    monkeypatch.setattr(archive, "market_today", lambda: TODAY)
    days = [*OLD, RECENT, TODAY]
    ensure_tick_partitions(days)
    for number, day in enumerate(days):
        store_ticks(
            [
                tick(
                    f"09:15:{n % 60:02}",
                    25_000 + n,
                    100 + n,
                    symbol=symbol,
                    position=f"{number + 1}:{n}{part}",
                    day=f"{day}",
                )
                for n in range(70)
                for symbol, part in (("SSI", ""), ("VNM", ":1"))
            ]
        )
        store_bars([bar(symbol, day, minute) for symbol in ("SSI", "VNM") for minute in range(5)])
    yield
    with connection.cursor() as cursor:
        for day in days:
            cursor.execute(f"DROP TABLE IF EXISTS marketdata_tick_{day:%Y%m%d}")


def bar(symbol, day, minute):
    return BarClosed(
        symbol=symbol,
        ts_start_ms=ms(f"09:{15 + minute}:00", f"{day}"),
        open_vnd=25_000,
        high_vnd=25_100,
        low_vnd=24_900,
        close_vnd=25_050,
        volume=1_000 + minute,
        value_vnd=25_000_000,
        trade_count=3,
        ts_received_ns=1,
        wal_position="1:1",
    )


def has_partition(day):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"marketdata_tick_{day:%Y%m%d}"])
        return cursor.fetchone()[0]


def read_everything():
    since, until = at("00:00:00", "2026-06-01"), at("23:00:00", f"{TODAY}")
    return {
        symbol: (
            [selectors.latest_ticks(symbol, day, limit=30) for day in (*OLD, RECENT, TODAY)],
            selectors.bars(symbol, limit=1_000),
            selectors.bars(symbol, since=since + timedelta(days=1), until=until, limit=12),
            selectors.minute_rows(symbol, since=since, until=until, limit=100),
            selectors.minute_rows(symbol, since=None, until=at("09:17:00", f"{OLD[1]}"), limit=4),
        )
        for symbol in ("SSI", "VNM", "NONE")
    }


def test_the_archive_reads_as_the_database_did(history):
    before = read_everything()
    run = archive_closed_days()

    assert (run.archived, run.dropped) == (6, 4)
    assert [has_partition(day) for day in (*OLD, RECENT, TODAY)] == [False, False, True, True]
    assert sorted(set(Tick.objects.values_list("trading_day", flat=True))) == [RECENT, TODAY]
    assert sorted(set(Bar1m.objects.values_list("trading_day", flat=True))) == [RECENT, TODAY]
    assert read_everything() == before
    assert len(before["SSI"][1]) == 20
    assert len(before["SSI"][0][0]) == 30


def test_a_second_run_finds_nothing_to_do(history):
    archive_closed_days()
    before = list(ArchivedDay.objects.values_list("file_sha256", "archived_at", "dropped_at"))
    run = archive_closed_days()
    assert (run.archived, run.dropped) == (0, 0)
    assert list(ArchivedDay.objects.values_list("file_sha256", "archived_at", "dropped_at")) == before


def test_a_run_that_was_stopped_goes_on_where_it_was(history):
    turns = iter([True, False])
    first = archive_closed_days(goes_on=lambda: next(turns, False))
    assert (first.archived, first.dropped) == (1, 0)
    assert archive_closed_days().archived == 5


def test_today_is_not_archived_and_nothing_after_the_last_day_asked_for(history):
    assert archive_closed_days(until=OLD[0]).archived == 2
    archive_closed_days()
    assert not ArchivedDay.objects.filter(trading_day=TODAY).exists()


def test_a_match_that_came_after_the_archive_keeps_its_day_in_the_database(history):
    archived = archive_day(Kind.TICKS, OLD[0])
    store_ticks([tick("09:20:00", 1, symbol="LATE", position="9:9", day=f"{OLD[0]}")])

    assert drop_day(archived) is False
    assert has_partition(OLD[0])
    again = ArchivedDay.objects.get(kind="ticks", trading_day=OLD[0])
    assert (again.row_count, again.dropped_at) == (141, None)
    assert drop_day(again) is True
    assert [one.price_vnd for one in selectors.latest_ticks("LATE", OLD[0])] == [1]


@pytest.mark.parametrize("damage", ["flip", "cut", "lose"])
def test_a_damaged_file_keeps_its_day_in_the_database(history, settings, damage):
    archived = archive_day(Kind.TICKS, OLD[0])
    path = settings.ARCHIVE_DIR / archived.path
    content = path.read_bytes()
    if damage == "lose":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(ArchiveDamaged, match="stay"):
        drop_day(archived)
    assert Tick.objects.filter(trading_day=OLD[0]).count() == 140


def test_a_file_that_reads_back_otherwise_never_gets_its_name(history, settings, monkeypatch):
    from qts.adapters import archive as files

    honest = files.digest_of

    def forgetful(path, columns):
        found = honest(path, columns)
        found.add([("one more",)])
        return found

    monkeypatch.setattr(files, "digest_of", forgetful)
    with pytest.raises(ArchiveDamaged, match="141 rows came back of 140"):
        archive_day(Kind.TICKS, OLD[0])
    assert not list(settings.ARCHIVE_DIR.rglob("*.parquet"))
    assert not ArchivedDay.objects.exists()


def test_who_reads_the_rows_is_not_waited_for_long(history, monkeypatch):
    from psycopg import connect

    monkeypatch.setattr(archive, "DROP_LOCK_MS", 100)
    archived = archive_day(Kind.TICKS, OLD[0])
    with connect(**connection.get_connection_params()) as reader:
        reader.execute("SELECT count(*) FROM marketdata_tick")
        with pytest.raises(TransientError, match="in use"):
            drop_day(archived)
    assert has_partition(OLD[0])
    assert drop_day(archived)


@pytest.mark.parametrize(("keep_days", "dropped"), [(0, 0), (1, 2), (400, 0)])
def test_the_policy_keeps_what_a_late_match_may_still_touch(history, settings, keep_days, dropped):
    settings.TICK_KEEP_DAYS, settings.MINUTE_KEEP_DAYS = keep_days, 0
    assert archive_closed_days().dropped == dropped
    assert has_partition(RECENT), "three days old"


def test_the_command_tells_what_it_did(history, capsys):
    call_command("archive_days", until=OLD[0])
    told = capsys.readouterr().out
    assert "ticks 2026-06-01: 140 rows" in told
    assert "minutes 2026-06-01: 10 rows" in told
    assert "2 archived, 0 now in the archive alone" in told
