"""What is played, when, and after any jump: on a log of the test's own and a clock that the test moves."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qts.adapters.time_machine.picture import Picture
from qts.adapters.time_machine.player import Player
from qts.adapters.time_machine.replays import State, Wish
from qts.adapters.time_machine.tape import NothingRecorded, Place
from qts.adapters.time_machine.tests.recording import (
    RECEIVED_NS,
    Hand,
    Memory,
    Steps,
    a_day,
    as_the_intake_reads,
    frame,
    match,
    ms,
    recorded,
    seen,
    status,
    tape_of,
)
from qts.domain.events import BarClosed, MessageDeadLettered, TickReceived

PAUSE, RESUME = Wish("pause"), Wish("resume")


def speed(number):
    return Wish("speed", speed=number)


def seek(to_ms):
    return Wish("seek", to_ms=to_ms)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("day") / "wal", a_day(seconds=1_200))


@pytest.fixture(scope="module")
def steps(folder):
    """The whole tape, read once."""
    tape, found = tape_of(folder), []
    while (step := tape.next()) is not None:
        found.append(step)
    return found


class Desk:
    """A player, its clock and its stage, begun as the play program begins it."""

    def __init__(self, tape, a_look_ns=0, **options):
        self.hand, self.memory = Hand(a_look_ns), Memory()
        self.player = Player(tape, self.memory, self.hand, **options)
        self.do(seek(0), RESUME)

    def do(self, *wishes):
        for wish in wishes:
            self.player.obey(wish)
        self.player.turn()

    def wait(self, seconds, turns=1):
        for _ in range(turns):
            self.hand.move(seconds / turns)
            self.player.turn()


def without_bars(events):
    return [event for event in events if not isinstance(event, BarClosed)]


def folded(steps, until_ms):
    """The picture of whoever has simply looked on until then, and what was told on the way."""
    picture, told = Picture(), []
    for step in steps:
        if step.at_ms > until_ms:
            break
        told += picture.take(step.at_ms, step.events)
    return picture, told


def test_a_played_day_is_what_the_intake_made_of_it(folder):
    desk = Desk(tape_of(folder), speed=60)
    desk.wait(120, turns=300)
    assert desk.player.state is State.AT_END
    assert without_bars(desk.memory.events) == as_the_intake_reads(folder)
    assert {run for run, _ in desk.memory.published} == {1}


@pytest.mark.parametrize("pace", [1, 2, 7, 10, 59, 60])
def test_at_every_moment_exactly_what_is_due_has_been_told(folder, steps, pace):
    desk = Desk(Steps(steps), speed=pace)
    begins_ms = steps[0].at_ms - 1
    for tenth in range(1, 120):
        desk.wait(0.1)
        now_ms = begins_ms + tenth * 100 * pace
        due = [event for step in steps if step.at_ms <= now_ms for event in step.events]
        assert without_bars(desk.memory.events) == due
        if desk.player.state is not State.AT_END:
            assert desk.player.at_ms == now_ms


def test_a_pause_holds_everything_and_loses_nothing(folder, steps):
    desk = Desk(Steps(steps), speed=10)
    desk.wait(20)
    desk.do(PAUSE)
    told, at_ms = len(desk.memory.events), desk.player.at_ms
    desk.wait(3_600, turns=3)
    assert (len(desk.memory.events), desk.player.at_ms, desk.player.state) == (told, at_ms, State.PAUSED)
    desk.do(RESUME)
    desk.wait(5)
    assert desk.player.at_ms == at_ms + 50_000
    assert desk.memory.events == folded(steps, at_ms + 50_000)[1]


def test_a_change_of_speed_counts_from_its_moment(folder, steps):
    desk = Desk(Steps(steps))
    desk.wait(3)
    desk.do(speed(60))
    desk.wait(2)
    desk.do(speed(5))
    desk.wait(4)
    now_ms = steps[0].at_ms - 1 + 3_000 + 120_000 + 20_000
    assert (desk.player.at_ms, desk.memory.events) == (now_ms, folded(steps, now_ms)[1])


moves = st.one_of(
    st.integers(-10, 1_700).map(lambda second: ("seek", second)),
    st.integers(1, 400).map(lambda second: ("wait", second)),
    st.sampled_from([("pause", 0), ("resume", 0)]),
    st.integers(1, 60).map(lambda number: ("speed", number)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(moves, min_size=1, max_size=8))
def test_whoever_jumps_sees_what_whoever_has_looked_on_sees(folder, steps, path):
    """Of any path of jumps, pauses and speeds: the picture at its end, and all that follows."""
    desk = Desk(Steps(steps))
    for act, number in path:
        if act == "wait":
            desk.wait(number / 10)
        elif act == "seek":
            desk.do(seek(steps[0].at_ms + number * 1_000))
        else:
            desk.do(speed(number) if act == "speed" else Wish(act))
    now_ms = desk.player.at_ms
    whole, told = folded(steps, now_ms)
    assert seen(desk.player._picture) == seen(whole)
    before = len(desk.memory.events)
    desk.do(RESUME, speed(60))
    desk.wait(30, turns=40)
    assert desk.player.state is State.AT_END
    assert desk.memory.events[before:] == folded(steps, steps[-1].at_ms)[1][len(told) :]


def test_a_jump_begins_a_new_run_and_forgets_the_old_one(folder, steps):
    desk = Desk(Steps(steps))
    desk.wait(10)
    desk.do(seek(steps[0].at_ms + 600_000))
    assert [run for run, _ in desk.memory.shown] == [1, 2]
    assert desk.memory.forgotten == [1]
    told = [run for run, _ in desk.memory.published]
    assert 2 not in told, "a jump publishes nothing: its picture is shown as a whole"
    desk.wait(10)
    assert {run for run, _ in desk.memory.published[len(told) :]} == {2}


@pytest.mark.parametrize(("wanted", "found"), [(-(10**12), "first"), (10**13, "last")])
def test_a_jump_beyond_the_day_ends_at_its_edge(folder, steps, wanted, found):
    desk = Desk(Steps(steps))
    desk.do(seek(wanted))
    edge_ms = steps[0].at_ms - 1 if found == "first" else steps[-1].at_ms
    assert (desk.player.at_ms, seen(desk.player._picture)) == (edge_ms, seen(folded(steps, edge_ms)[0]))
    assert desk.player.state is (State.PLAYING if found == "first" else State.AT_END)


def test_a_long_jump_takes_several_turns_and_hears_wishes_in_between(folder, steps):
    desk = Desk(Steps(steps), a_look_ns=60_000_000)  # each look at the clock takes more than half a turn
    desk.do(seek(steps[-1].at_ms))
    assert desk.player.state is State.SEEKING
    desk.do(seek(steps[0].at_ms + 5_000), PAUSE)
    while desk.player.state is State.SEEKING:
        desk.player.turn()
    assert (desk.player.state, desk.player.at_ms) == (State.PAUSED, steps[0].at_ms + 5_000)
    assert [run for run, _ in desk.memory.shown] == [1, 2], "the jump that was given up was never shown"


def test_a_machine_that_is_too_slow_says_so_and_skips_nothing(folder, steps, monkeypatch):
    monkeypatch.setattr("qts.adapters.time_machine.player.STEPS_AT_ONCE", 5)
    desk = Desk(Steps(steps), speed=60)
    desk.hand.a_look_ns = 60_000_000
    desk.hand.move(20)
    desk.player.turn()
    assert desk.player.is_behind
    told = without_bars(desk.memory.events)
    assert told == as_the_intake_reads(folder)[: len(told)]
    assert desk.player.at_ms < steps[0].at_ms + 60_000, "the clock shows what has been told, not what was asked for"
    desk.hand.a_look_ns = 0
    desk.wait(100, turns=1_000)
    assert without_bars(desk.memory.events) == as_the_intake_reads(folder)
    assert not desk.player.is_behind


def test_what_a_replay_cannot_do_is_refused(steps):
    desk = Desk(Steps(steps))
    for wish in (Wish("rewind"), Wish(""), speed(0), speed(61)):
        with pytest.raises(ValueError, match="a replay"):
            desk.player.obey(wish)
    assert (desk.player.state, desk.player.speed) == (State.PLAYING, 1)
    desk.do(Wish("stop"))
    assert desk.player.is_over


def test_the_day_begins_and_ends_with_its_own_messages(tmp_path):
    nine, three = 9 * 3600 + 900, 15 * 3600
    frames = [
        frame(match("SSI", 24_000, 100, three, day="19/11/2026")),
        frame(status("SSI", "ATO", nine)),
        b"{}",  # a sign of life
        frame(match("SSI", 24_100, 200, nine + 60, day="19/11/2026")),  # stale, and published live as well
        b'{"M":[{"M":"Broad',
        frame(match("SSI", 25_000, 300, nine + 1), status("SSI", "LO", nine + 1)),
        *[frame(status("SSI", "LO", nine, day="23/11/2026"))] * 1_100,
        frame(match("SSI", 26_000, 400, nine + 2)),  # after so much of another day nobody looks any more
    ]
    folder = recorded(tmp_path / "wal", [(RECEIVED_NS + n, one) for n, one in enumerate(frames)])
    tape, told = tape_of(folder), []
    while (step := tape.next()) is not None:
        told += step.events
    assert [type(event).__name__ for event in told] == [
        "SessionChanged", "TickReceived", "MessageDeadLettered", "TickReceived", "SessionChanged",
    ]  # fmt: skip
    assert [event.quantity for event in told if isinstance(event, TickReceived)] == [200, 300]
    assert any(isinstance(event, MessageDeadLettered) for event in told)


def test_the_snapshot_of_the_past_is_no_match_here_either(tmp_path):
    second = 10 * 3600
    frames = [frame(match("SSI", 25_000, 100, second - 5), match("SSI", 25_000, 200, second + 1))]
    folder = recorded(
        tmp_path / "wal", [(RECEIVED_NS + n, one) for n, one in enumerate(frames)], subscribed_ms=ms("10:00:00")
    )
    step = tape_of(folder).next()
    assert [event.quantity for event in step.events] == [200]


def test_frames_of_one_second_are_spread_as_they_came(tmp_path):
    frames = [frame(match("SSI", 25_000, 100 * n, 36_000)) for n in (1, 2, 3)]
    times = [RECEIVED_NS, RECEIVED_NS + 30_000_000, RECEIVED_NS + 400_000_000]  # the market ran ten times as fast
    folder = recorded(tmp_path / "wal", list(zip(times, frames, strict=True)))
    tape = tape_of(folder, pace=10.0)
    assert [tape.next().at_ms - ms("10:00:00") for _ in range(3)] == [0, 300, 999]


def test_a_tape_goes_on_from_any_place(folder, steps):
    tape = tape_of(folder)
    for _ in range(200):
        tape.next()
    place = tape.place
    assert isinstance(place, Place)
    rest = [tape.next() for _ in range(50)]
    tape.go_to(place)
    assert [tape.next() for _ in range(50)] == rest == steps[200:250]


def test_a_day_that_was_not_recorded_is_refused(tmp_path):
    folder = recorded(tmp_path / "wal", [(RECEIVED_NS, frame(match("SSI", 25_000, 100, 36_000, day="19/11/2026")))])
    with pytest.raises(NothingRecorded):
        Player(tape_of(folder), Memory(), Hand())
