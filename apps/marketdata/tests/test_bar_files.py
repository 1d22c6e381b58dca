"""Files in and out: whole or not at all, as often as one likes, and never over what matches add up to."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.marketdata.models import ArchivedDay, Bar1m, DailyBar
from apps.marketdata.services import bar_files
from apps.marketdata.services.bar_files import BarFileRefused, export_bars, import_bars
from apps.marketdata.services.bar_store import announce_bars, store_bars
from apps.marketdata.tests.conftest import at, ms
from qts.backtest import BarPeriod
from qts.domain.events import BarClosed

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = """symbol,time,open,high,low,close,volume
SSI,2026-11-19,25.05,25.5,24.9,25.1,1200
VNM,2026-11-19,60,61,59.5,60.5,300
SSI,2026-11-20,25.1,25.2,25,25.15,900
"""
MINUTES = """symbol,time,open,high,low,close,volume
SSI,2026-11-20 09:15:00,25.05,25.5,24.9,25.1,1200
SSI,2026-11-20 09:16:00,25.1,25.2,25,25.15,900
"""
FIELDS = ("symbol", "open_vnd", "high_vnd", "low_vnd", "close_vnd", "volume")


@pytest.fixture
def write(tmp_path):
    def made(text, name="bars.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return made


def days():
    return list(DailyBar.objects.order_by("trading_day", "symbol").values_list("trading_day", *FIELDS))


def minutes():
    return list(Bar1m.objects.order_by("starts_at").values_list("starts_at", *FIELDS))


def test_days_are_stored_to_the_dong_and_a_second_time_changes_nothing(write):
    path = write(DAYS)
    first = import_bars(path, BarPeriod.DAY)
    assert (first.added, first.replaced, first.kept) == (3, 0, 0)
    assert days() == [
        (date(2026, 11, 19), "SSI", 25_050, 25_500, 24_900, 25_100, 1_200),
        (date(2026, 11, 19), "VNM", 60_000, 61_000, 59_500, 60_500, 300),
        (date(2026, 11, 20), "SSI", 25_100, 25_200, 25_000, 25_150, 900),
    ]
    DailyBar.objects.filter(symbol="VNM").update(value_vnd=7)
    again = import_bars(path, BarPeriod.DAY, is_replacing=True)
    assert (again.added, again.replaced, again.kept) == (0, 0, 3)
    assert DailyBar.objects.get(symbol="VNM").value_vnd == 7, "an equal bar is not written"


def test_stored_bars_stay_unless_replacing_is_asked_for(write):
    import_bars(write(DAYS), BarPeriod.DAY)
    changed = write(DAYS.replace("25.15,900", "25.1,901"))
    assert import_bars(changed, BarPeriod.DAY).kept == 3
    assert days()[2][-2:] == (25_150, 900)
    done = import_bars(changed, BarPeriod.DAY, is_replacing=True)
    assert (done.added, done.replaced, done.kept) == (0, 1, 2)
    assert days()[2][-2:] == (25_100, 901)


def test_minutes_of_stored_matches_are_never_touched_and_nothing_is_announced(write):
    bar = BarClosed(
        symbol="SSI", ts_start_ms=ms("09:15:00", "2026-11-20"), open_vnd=1, high_vnd=1, low_vnd=1, close_vnd=1,
        volume=1, value_vnd=1, trade_count=1, ts_received_ns=1, wal_position="1:8",
    )  # fmt: skip
    store_bars([bar])
    Bar1m.objects.update(is_announced=True)
    done = import_bars(write(MINUTES), BarPeriod.MINUTE, is_replacing=True)
    assert (done.added, done.replaced, done.kept) == (1, 0, 1)
    assert minutes() == [
        (at("09:15:00", "2026-11-20"), "SSI", 1, 1, 1, 1, 1),
        (at("09:16:00", "2026-11-20"), "SSI", 25_100, 25_200, 25_000, 25_150, 900),
    ]
    assert announce_bars(None) == 0, "strategies do not get bars of files"


@pytest.mark.parametrize(
    ("text", "period", "complaint"),
    [
        (DAYS.replace("25.15,900", "26,900"), BarPeriod.DAY, "line 4: low, open, close, high and volume contradict"),
        (DAYS.replace("2026-11-20", "20/11/2026"), BarPeriod.DAY, "line 4: Invalid isoformat"),
        (DAYS.replace("2026-11-20", "2026-11-18"), BarPeriod.DAY, "line 4: 2026-11-18 of SSI does not come after"),
        (MINUTES, BarPeriod.DAY, "line 3: a second bar of SSI on one day"),
        (MINUTES.replace("09:16:00", "09:16:01"), BarPeriod.MINUTE, "line 3: a bar of a minute begins with the minute"),
        (DAYS.replace("volume", "vol"), BarPeriod.DAY, "no column volume"),
        ("", BarPeriod.DAY, "no column"),
    ],
)
def test_a_file_with_one_bad_line_stores_nothing_and_names_it(write, text, period, complaint):
    with pytest.raises(BarFileRefused, match=complaint):
        import_bars(write(text), period)
    assert not DailyBar.objects.exists()
    assert not Bar1m.objects.exists()


def test_a_failure_in_the_middle_stores_nothing(write, monkeypatch):
    monkeypatch.setattr(bar_files, "ROWS_AT_ONCE", 2)
    told = []

    def stop(text):
        told.append(text)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_bars(write(DAYS), BarPeriod.DAY, tell=stop)
    assert told == ["2 of 3", "3 of 3"]
    assert days() == []


def test_a_day_that_is_in_the_archive_alone_is_not_written_beside_it(write):
    ArchivedDay.objects.create(
        kind="minutes", trading_day=date(2026, 11, 20), path="x", row_count=1, size_bytes=1, archived_at=timezone.now(),
        dropped_at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(BarFileRefused, match="2026-11-20 is in the archive alone"):
        import_bars(write(MINUTES), BarPeriod.MINUTE)


ROUND_TRIPS = {
    f"{period}-{name}": (text, period, stored, name)
    for text, period, stored in ((DAYS, BarPeriod.DAY, days), (MINUTES, BarPeriod.MINUTE, minutes))
    for name in ("out.csv", "out.parquet")
}


@pytest.mark.parametrize("case", ROUND_TRIPS)
def test_what_goes_out_comes_in_as_it_was(write, tmp_path, case):
    text, period, stored, name = ROUND_TRIPS[case]
    import_bars(write(text), period)
    before = stored()
    out = tmp_path / name
    assert export_bars(out, period, symbols=["SSI", "VNM", "NONE"]) == len(before)
    DailyBar.objects.all().delete()
    Bar1m.objects.all().delete()
    if len({row[1] for row in before}) > 1:
        assert import_bars(out, period, symbols=["VNM"]).added == 1
    import_bars(out, period)
    assert stored() == before
    assert [path.name for path in tmp_path.iterdir() if "draft" in path.name] == []


def test_an_export_ends_with_its_last_day(write, tmp_path):
    import_bars(write(DAYS), BarPeriod.DAY)
    out = tmp_path / "one.csv"
    assert export_bars(out, BarPeriod.DAY, symbols=["SSI"], since=date(2026, 11, 19), until=date(2026, 11, 19)) == 1
    assert out.read_text().splitlines()[1] == "SSI,2026-11-19,25.05,25.5,24.9,25.1,1200"


def test_the_commands_say_what_they_did_and_what_is_wrong(write, tmp_path, capsys):
    call_command("import_bars", write(DAYS), "--period", "day", "--symbols", "ssi")
    assert "2 added, 0 replaced, 0 stored before and kept" in capsys.readouterr().out
    call_command("export_bars", tmp_path / "x.csv", "--period", "day", "--symbols", "SSI")
    assert "2 bars in" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"x\.txt: name the file"):
        call_command("export_bars", tmp_path / "x.txt", "--period", "day")
    with pytest.raises(CommandError, match="holds no bar of HPG"):
        call_command("import_bars", write(DAYS), "--period", "day", "--symbols", "HPG")
