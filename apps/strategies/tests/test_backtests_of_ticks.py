"""Backtests on matches: those of the tick table, and those of a file."""

import io
from datetime import datetime, timedelta

import pytest
from django.apps import apps as django_apps

from apps.marketdata.services.partitions import ensure_tick_partitions
from apps.strategies import selectors, services
from apps.strategies.services import BacktestRefused
from apps.strategies.tests.conftest import NOW, TRADER, list_securities
from apps.strategies.tests.test_backtests import FEES, REST, done
from qts.backtest import BarPeriod
from qts.domain.market import VIETNAM

pytestmark = pytest.mark.django_db
CROSS = {"strategy": "moving_average_cross", "parameters": {"fast": 2, "slow": 3, "quantity": 100}}
MONDAY = datetime(2026, 11, 23, 9, 16, tzinfo=VIETNAM)
# two matches at each moment, of a price that goes up and down
TOLD = [(MONDAY + timedelta(seconds=20 * n), 25_000 + 50 * abs(n % 24 - 12), 500 + n) for n in range(300) for _ in "12"]


@pytest.fixture
def stored(valkey):
    list_securities("SSI")
    ensure_tick_partitions([MONDAY.date()])
    model = django_apps.get_model("marketdata", "Tick")
    model.objects.bulk_create(
        model(
            trading_day=MONDAY.date(), wal_segment=1, wal_offset=n, wal_part=0, symbol="SSI", price_vnd=price_vnd,
            quantity=quantity, traded_at=at, received_at_ns=n,
        )
        for n, (at, price_vnd, quantity) in enumerate(TOLD)
    )  # fmt: skip


def kept():
    return services.keep_stored(["SSI"], period=BarPeriod.TICK, since=None, until=MONDAY.date(), actor=TRADER)


def asked(digest, **more):
    study = services.study_on(digest, {"kind": "RUN", "parts": [CROSS], **FEES, **REST, **more})
    return services.queue_backtest(study=study, digest=digest, name="", actor=TRADER, now=NOW)


def test_the_matches_of_the_store_are_run_as_they_came(stored):
    table = selectors.backtest_table(kept())
    assert [(bar.close_vnd, bar.volume) for bar in table.bars()] == [(one[1], one[2]) for one in TOLD]
    found = done(asked(kept(), latency_ms=300, slippage_ticks=1, foreign_room={"SSI": 1_000}))
    assert (found.status, found.problem, found.data.period) == ("DONE", "", "TICK")
    assert (found.study["period"], found.study["latency_ms"], found.study["foreign_room"]) == (
        "TICK", 300, {"SSI": 1_000},
    )  # fmt: skip
    document = selectors.backtest_document(found.id)
    assert document["figures"]["fills"] == 1  # a day is too short to sell what was bought in it
    assert document["honesty"]["sees_future"] is False
    again = done(services.repeat_backtest(found.id, actor=TRADER, now=NOW))
    assert again.trades_hash == found.trades_hash != done(asked(kept())).trades_hash


def test_a_file_of_matches_is_the_same(stored):
    lines = "".join(f"SSI,{at:%Y-%m-%d %H:%M:%S},{price_vnd / 1_000},{quantity}\n" for at, price_vnd, quantity in TOLD)
    body = f"symbol,time,price,volume\n{lines}".encode()
    digest = services.keep_file(io.BytesIO(body), name="ticks.csv", size=len(body), period=BarPeriod.TICK, actor=TRADER)
    assert digest == kept()
    bars = io.BytesIO(b"symbol,time,open,high,low,close,volume\n")
    with pytest.raises(BacktestRefused, match="has no column price"):
        services.keep_file(bars, name="a.csv", size=9, period=BarPeriod.TICK, actor=TRADER)


def test_what_matches_do_not_take_is_refused(stored):
    for more, told in (
        ({"frictionless": "CLOSE"}, "Matches are for the market's rules"),
        ({"latency_ms": 99_999}, "A latency is 0 to 60,000 ms"),
        ({"foreign_room": {"HPG": 1}}, "which is no instrument"),
    ):
        with pytest.raises(BacktestRefused, match=told):
            asked(kept(), **more)
