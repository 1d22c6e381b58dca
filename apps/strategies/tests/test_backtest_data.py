"""The bars of backtests: from the store and from files, kept once, refused with their line."""

import io
from datetime import date

import pytest

from apps.strategies import selectors, services
from apps.strategies.models import BacktestData
from apps.strategies.services import BacktestRefused
from apps.strategies.tests.conftest import TRADER
from apps.strategies.tests.test_backtests import kept, stored
from qts.backtest import BarPeriod

__all__ = ["stored"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("symbols", "days", "told"),
    [
        ([], {}, "at least one symbol"),
        (["SSI", "VIC"], {}, "The bar store has nothing of VIC for these days."),
        (["SSI"], {"since": date(2030, 1, 1)}, "nothing of SSI"),
        (["SSI"], {"since": date(2026, 1, 2), "until": date(2026, 1, 1)}, "comes after the last one"),
    ],
)
def test_bars_that_are_not_there_are_named(stored, symbols, days, told):
    with pytest.raises(BacktestRefused, match=told):
        kept(symbols, **days)
    assert BacktestData.objects.count() == 0


def test_days_are_taken_from_the_first_to_the_last(stored):
    data = selectors.backtest_data(kept(since=date(2025, 1, 7), until=date(2025, 1, 9)))
    assert (data.bar_count, data.source, data.symbols) == (3, "STORE", ["SSI"])
    assert selectors.backtest_table(data.digest).digest() == data.digest


def sent(text, name="bars.csv", size=None, period=BarPeriod.DAY):
    body = text if isinstance(text, bytes) else text.encode()
    return services.keep_file(
        io.BytesIO(body), name=name, size=len(body) if size is None else size, period=period, actor=TRADER
    )


HEAD = "symbol,time,open,high,low,close,volume\n"
GOOD = "SSI,2026-11-09,25,25.1,24.9,25,1000\nHPG,2026-11-09,30,30,30,30,5\n"


def test_an_uploaded_file_is_kept_once_and_in_parts(valkey):
    digest = sent(HEAD + GOOD)
    assert sent(HEAD + GOOD, name="again.csv") == digest
    assert BacktestData.objects.count() == 1
    part = services.keep_part(digest, ["SSI"], actor=TRADER)
    assert selectors.backtest_data(part).symbols == ["SSI"]
    assert services.keep_part(digest, ["SSI", "HPG"], actor=TRADER) == digest
    with pytest.raises(BacktestRefused, match="hold nothing of VIC"):
        services.keep_part(digest, ["VIC"], actor=TRADER)


@pytest.mark.parametrize(
    ("body", "more", "told"),
    [
        (HEAD + "SSI,2026-11-09,1,2,3,4,5\n", {}, "line 2: low, open, close, high and volume contradict"),
        (HEAD + GOOD + "SSI,2026-11-09 10:00,25,25,25,25,1\n", {}, "line 4: a second bar of SSI on one day"),
        ("", {}, "has no column"),
        (b"\xff\xfe\x00", {}, "no text in UTF-8"),
        (HEAD + GOOD, {"size": 21 << 20}, "larger than 20 MB"),
        (HEAD + GOOD, {"name": "bars.csv.gz"}, "not a compressed one"),
        (HEAD + GOOD, {"name": "bars.exe"}, "Send a CSV or a Parquet file"),
        (HEAD + GOOD, {"name": "bars.parquet"}, "is no Parquet file"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(valkey, body, more, told):
    with pytest.raises(BacktestRefused, match=told):
        sent(body, **more)
    assert BacktestData.objects.count() == 0
