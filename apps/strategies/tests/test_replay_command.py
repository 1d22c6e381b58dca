"""`manage.py replay_day` on a log of the test's own, and what it says of one that cannot be replayed."""

import io
import json
from datetime import date
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.services import open_account
from apps.marketdata.services.recorded_day import DayNotRecorded, read_day
from apps.marketdata.tests.conftest import at, b_record, frame, ms, session_record, valkey, wal_dir
from apps.orders import selectors as orders
from apps.strategies.models import Decision, QuestionNote, Strategy
from apps.strategies.tests.conftest import list_securities
from qts.adapters.wal import WalWriter
from qts.domain.values import InstrumentKind

__all__ = ["valkey", "wal_dir"]

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 23)
NS = 1_700_000_000_000_000_000


def write_log(directory, *frames):
    with WalWriter(directory) as wal:
        wal.append([(NS + number, raw) for number, raw in enumerate(frames)])


def read(directory):
    return read_day(directory, DAY, ["SSI"], instruments={"SSI": InstrumentKind.STOCK})


def told(bars):
    return [(bar.ts_start_ms, bar.close_vnd, bar.volume) for bar in bars]


# --- the log ----------------------------------------------------------------------------------------------------------


def test_bars_close_by_the_logs_own_time_and_a_late_match_makes_one_anew(wal_dir):
    write_log(
        wal_dir,
        frame(session_record(time="09:15:00"), b_record(price=25_000.0, time="09:15:01")),
        frame(b_record(symbol="VNM", time="09:16:01")),  # not long enough
        frame(b_record(price=25_100.0, time="09:15:59")),
        frame(b_record(symbol="VNM", time="09:16:02")),
        frame(b_record(price=25_200.0, time="09:15:58")),  # late
        frame(b_record(price=1.0, time="09:17:00", day="20/11/2026")),  # of another day
    )
    found = read(wal_dir)
    assert told(found.bars) == [(ms("09:15:00"), 25_100, 200), (ms("09:15:00"), 25_200, 300)]
    assert found.late == {("SSI", ms("09:15:00"))}
    assert [one.session for one in found.sessions] == ["CONTINUOUS"]
    assert (len(found.ticks), found.last_ms, found.gaps) == (3, ms("09:16:02"), [])


def test_damage_inside_the_log_is_a_gap_and_the_rest_is_there(wal_dir):
    write_log(wal_dir, *(frame(b_record(time=f"09:1{minute}:01")) for minute in range(5, 9)))
    (segment,) = wal_dir.glob("*.wal")
    image = bytearray(segment.read_bytes())
    image[len(image) // 3] ^= 0xFF
    segment.write_bytes(image)
    found = read(wal_dir)
    assert len(found.ticks) == 3
    assert "damaged" in found.gaps[0][2]


def test_a_day_that_is_not_in_the_log_is_refused_with_where_was_looked(wal_dir):
    write_log(wal_dir, frame(b_record(day="20/11/2026")))
    with pytest.raises(DayNotRecorded, match=r"holds nothing of 2026-11-23; is WAL_DIR the one of that day\?"):
        read(wal_dir)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def strategy(valkey, wal_dir):
    """Rises above its average in the fourth minute and falls below in the sixth."""
    list_securities("SSI")
    closes = (25_000, 25_000, 25_000, 25_500, 25_600, 24_000, 24_000)
    frames = [frame(b_record(price=float(price), time=f"09:{15 + minute}:30")) for minute, price in enumerate(closes)]
    write_log(wal_dir, *frames, frame(b_record(price=24_000.0, time="09:40:00")))
    account_id = open_account(number="0901351", name="Test", connection_id=uuid4())
    return Strategy.objects.create(
        id=uuid4(), name="Cross", class_key="moving_average_cross", account_id=account_id, symbols=["SSI"],
        parameters={"fast": 2, "slow": 3, "quantity": 100},
    )  # fmt: skip


def call(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command("replay_day", "Cross", "2026-11-23", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_replay_orders_nothing_and_equals_the_backtest(strategy, tmp_path):
    out, err = call("--against", "backtest")
    signals = [json.loads(line)["intent"]["signal"] for line in out.splitlines()]
    assert signals == ["sma_2 crossed above sma_3", "sma_2 crossed below sma_3"]
    assert "equal to backtest, byte by byte" in err
    assert (Decision.objects.count(), QuestionNote.objects.count()) == (0, 0)
    assert orders.orders([strategy.account_id]) == []
    assert call("--output", str(tmp_path / "lines"))[0] == ""
    assert (tmp_path / "lines").read_text() == out


def test_what_differs_is_told_and_is_the_exit_status(strategy):
    Decision.objects.create(
        id=uuid4(), strategy=strategy, account_id=strategy.account_id, symbol="SSI", signal="x", trigger={"ts_ms": 1},
        ts_received_ns=1, decided_at=at("09:20:00"), outcome="SKIPPED", event_key="timer:2026-11-23:560",
        intent={"kind": "target", "quantity": 1, "signal": "x", "symbol": ""},
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        call("--against", "recorded")
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Crass", "2026-11-23"), "there is no strategy 'Crass'; there are: Cross"),
        (("Cross", "2026-11-20"), "holds nothing of 2026-11-20"),
        (("Cross", "2026-11-23", "--holding", "recorded"), "nothing was written down of what Cross held on 2026-11-23"),
    ],
)
def test_what_cannot_be_replayed_says_why(strategy, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("replay_day", *arguments, stdout=io.StringIO(), stderr=io.StringIO())


def test_what_it_held_comes_from_the_notes(strategy):
    QuestionNote.objects.create(
        strategy=strategy, run=1, mode="PAPER", trading_day=DAY, key=f"bar:SSI:{ms('09:15:00')}",
        at_ms=ms("09:16:00"), holdings={"SSI": [300, 100]}, has_begun=True,
    )  # fmt: skip
    out, _ = call("--format", "table")
    assert "held     300 working     100" in out.splitlines()[0]
