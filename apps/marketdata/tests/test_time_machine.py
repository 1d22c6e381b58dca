"""A day is chosen, played, steered and watched; the live market, its tables and its bus do not change by it."""

from datetime import date, time

import pytest
from django.conf import settings as django_settings
from django.db import connection

from apps.marketdata import selectors
from apps.marketdata.models import ArchivedDay, Security
from apps.marketdata.services.archive import archive_day
from apps.marketdata.services.time_machine import ReplayRefused, start_replay, steer_replay, watch_replay
from apps.marketdata.tests.conftest import at, ms
from apps.marketdata.tests.replaying import DAY, forget_replays, record_day, start_machine, stop_machine, wait_for
from qts.adapters.redis_client import redis_client
from qts.adapters.time_machine.names import ROOT, watched_key
from qts.adapters.time_machine.replays import Replays, Source, State, Wish
from qts.domain.events import GapDetected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recorded(valkey, settings, tmp_path):
    """The folder, and what the live session published."""
    settings.WAL_DIR, settings.ARCHIVE_DIR = tmp_path / "wal", tmp_path / "archive"
    published = record_day(tmp_path)
    for symbol in ("SSI", "VNM", "FPT"):
        Security.objects.create(symbol=symbol, exchange="HOSE", kind="STOCK", lot_size=100, updated_at=at("08:00:00"))
    forget_replays()
    yield tmp_path, published
    forget_replays()


@pytest.fixture
def machine(recorded):
    process = start_machine(recorded[0])
    yield process
    stop_machine(process)


def begin(**changes):
    return start_replay(**{"owner_id": 1, "owner": "ann", "day": DAY, "speed": 60} | changes)


def outside():
    """All of Valkey but the replays, and the rows of every table that has any."""
    client = redis_client(django_settings.REDIS_URL)
    keys = {
        key: client.dump(key)
        for key in client.scan_iter("*", count=1_000)
        if not key.startswith(ROOT.encode()) and b"lease:replay" not in key
    }
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 (names of our own tables)
            counts[table] = cursor.fetchone()[0]
    return keys, counts


def test_every_event_comes_again_byte_by_byte_and_nothing_else_changes(recorded, machine):
    _, published = recorded
    before = outside()
    replay_id = begin()
    view = wait_for(lambda: (v := selectors.replay(replay_id)) and v.state is State.AT_END and v)
    client = redis_client(django_settings.REDIS_URL)
    topics = {message.topic for message in published} - {GapDetected.topic}
    assert len(topics) >= 4
    for topic in topics:
        came = [(fields[b"k"].decode(), fields[b"b"]) for _, fields in client.xrange(view.names.bus + topic)]
        assert came == [(message.key, message.body) for message in published if message.topic == topic], topic
    assert outside() == before


def test_the_market_of_a_replay_is_what_the_live_one_was(recorded, machine):
    live = selectors.LiveMarket()
    replay_id = begin()
    view = wait_for(lambda: (v := selectors.replay(replay_id)) and v.state is State.AT_END and v)
    market = selectors.ReplayMarket(view)
    symbols = ["FPT", "SSI", "VNM"]
    client = redis_client(django_settings.REDIS_URL)
    for symbol in symbols:
        assert client.hgetall(f"qts:live:{symbol}") == client.hgetall(f"{view.names.latest}{symbol}")
    quotes = market.quotes(symbols)
    assert all(quotes[symbol].bids and quotes[symbol].asks for symbol in symbols)
    assert [index.index_code for index in market.indices()] == ["VNINDEX"]
    assert market.ticks("SSI") == selectors.latest_ticks("SSI", DAY, 50)[-50:]
    assert market.replay is view
    assert live.replay is None
    assert (market.moment().now, market.status().is_live) == (view.now, True)


def test_bars_of_a_replay_end_where_it_is(recorded, machine, settings):
    from apps.marketdata.models import Bar1m

    for minute in range(10, 25):
        Bar1m.objects.create(
            symbol="SSI", trading_day=DAY, starts_at=at(f"09:{minute}:00", "2026-11-20"), open_vnd=1, high_vnd=2,
            low_vnd=1, close_vnd=2, volume=3, value_vnd=4, trade_count=1, received_at_ns=1, wal_position="1:8",
        )  # fmt: skip
    replay_id = begin(at=time(9, 17, 30), speed=1)
    view = wait_for(lambda: (v := selectors.replay(replay_id)) and v.is_ready and v)
    bars = selectors.ReplayMarket(view).bars("SSI", 100)
    assert [bar.starts_at for bar in bars][-1] == at("09:16:00", "2026-11-20")
    assert len(bars) == 7
    forming = selectors.ReplayMarket(view).forming(["SSI", "VNM", "FPT"])
    assert forming
    assert {bar.ts_start_ms for bar in forming.values()} == {ms("09:17:00", "2026-11-20")}


def test_steering(recorded, machine):
    replay_id = begin(speed=1)
    wait_for(lambda: selectors.replay(replay_id).state is State.PLAYING)
    steer_replay(replay_id, "speed", speed=30)
    wait_for(lambda: selectors.replay(replay_id).speed == 30)
    steer_replay(replay_id, "pause")
    wait_for(lambda: selectors.replay(replay_id).state is State.PAUSED)
    steer_replay(replay_id, "seek", at=time(9, 18))
    view = wait_for(lambda: (v := selectors.replay(replay_id)).at_ms == ms("09:18:00", "2026-11-20") and v)
    assert (view.state, view.run, view.pace, view.moment.speed) == (State.PAUSED, 2, 0, 0.0)
    steer_replay(replay_id, "resume")
    wait_for(lambda: selectors.replay(replay_id).state is State.PLAYING)
    steer_replay(replay_id, "stop")
    assert wait_for(lambda: (v := selectors.replay(replay_id)).state is State.ENDED and v).detail == "stopped"
    assert selectors.replays() == []
    assert selectors.market_of(f"replay:{replay_id}") is None
    with pytest.raises(ReplayRefused, match="over") as over:
        steer_replay(replay_id, "resume")
    assert over.value.code == "REPLAY_OVER"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"day": date(2026, 11, 19)}, "NOT_RECORDED"),
        ({"speed": 0}, "SPEED_OUT_OF_RANGE"),
        ({"speed": 61}, "SPEED_OUT_OF_RANGE"),
    ],
)
def test_what_cannot_be_played_is_refused(recorded, changes, code):
    with pytest.raises(ReplayRefused) as refusal:
        begin(**changes)
    assert refusal.value.code == code
    assert selectors.replays() == []


@pytest.mark.parametrize(
    ("act", "changes", "code"),
    [
        ("rewind", {}, "UNKNOWN_ACT"),
        ("speed", {}, "SPEED_OUT_OF_RANGE"),
        ("speed", {"speed": 99}, "SPEED_OUT_OF_RANGE"),
        ("seek", {}, "TIME_MISSING"),
    ],
)
def test_nonsense_is_refused_and_wished_for_by_nobody(recorded, act, changes, code):
    replay_id = begin()
    with pytest.raises(ReplayRefused) as refusal:
        steer_replay(replay_id, act, **changes)
    assert refusal.value.code == code
    assert Replays(django_settings.REDIS_URL).wishes(replay_id) == []


def test_unknown_replays_are_nobodys(valkey):
    for name in ("0" * 16, "x", "", "../qts:live", "0" * 15 + "g", "0" * 400):
        with pytest.raises(ReplayRefused) as refusal:
            steer_replay(name, "pause")
        assert refusal.value.code == "REPLAY_NOT_FOUND"
        assert selectors.market_of(f"replay:{name}") is None
        assert selectors.market_of(name or "other") is None


def test_two_of_one_person_and_four_of_all(recorded):
    for owner_id in (1, 1, 2, 2):
        begin(owner_id=owner_id)
    for owner_id in (1, 3):
        with pytest.raises(ReplayRefused) as refusal:
            begin(owner_id=owner_id)
        assert refusal.value.code == "TOO_MANY_REPLAYS"
    view = selectors.replays()[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qts.adapters.time_machine.replays.START_MS_MAX", -1)
        steer_replay(view.id, "stop")  # no time machine is there: it ends here
    assert selectors.replay(view.id).state is State.ENDED
    begin(owner_id=view.owner_id)


def test_a_stop_for_a_player_that_is_there_is_a_wish(recorded):
    replay_id = begin()
    steer_replay(replay_id, "stop")
    assert Replays(django_settings.REDIS_URL).wishes(replay_id) == [Wish("stop")]


def test_who_watches_keeps_it_for_five_minutes(recorded, valkey):
    replay_id = begin()
    valkey.expire(watched_key(replay_id), 7)
    watch_replay(replay_id)
    assert 290 < valkey.ttl(watched_key(replay_id)) <= 300


def test_the_log_is_played_while_it_is_the_one_of_that_day(recorded):
    folder, _ = recorded
    (found,) = selectors.recordings(limit=5)
    assert (found.day, found.source, found.is_whole) == (DAY, Source.LOG, True)
    for segment in (folder / "wal").glob("*.wal"):
        segment.unlink()
    assert selectors.recording(DAY).source is Source.STORE
    archive_day(ArchivedDay.Kind.TICKS, DAY)
    (found,) = selectors.recordings(limit=5)
    assert (found.source, found.is_whole) == (Source.ARCHIVE, False)


def test_a_log_that_was_begun_anew_is_not_taken_for_that_days(recorded):
    folder, _ = recorded
    for segment in (folder / "wal").glob("*.wal"):
        segment.unlink()
    from qts.adapters.time_machine.tests.recording import a_day
    from qts.adapters.time_machine.tests.recording import recorded as log_of

    log_of(folder / "wal", a_day(seed=8))
    assert selectors.recording(DAY).source is Source.STORE


def test_stored_matches_are_played_where_the_log_is_gone(recorded, machine):
    folder, published = recorded
    for segment in (folder / "wal").glob("*.wal"):
        segment.unlink()
    before = outside()
    replay_id = begin()
    view = wait_for(lambda: (v := selectors.replay(replay_id)) and v.state is State.AT_END and v)
    assert (view.source, view.is_whole) == (Source.STORE, False)
    came = redis_client(django_settings.REDIS_URL).xrange(view.names.bus + "marketData.tick.received")
    ticks = [message for message in published if message.topic == "marketData.tick.received"]
    assert [fields[b"b"] for _, fields in came] == [message.body for message in ticks]
    quote = selectors.ReplayMarket(view).quotes(["SSI"])["SSI"]
    assert quote.total_quantity == sum(tick.quantity for tick in selectors.latest_ticks("SSI", DAY, 10_000))
    assert outside() == before
    assert len(list((folder / "archive" / "replays").glob("*.parquet"))) == 1
