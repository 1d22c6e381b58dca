"""Single acknowledgements in one number and its metadata, against a plain set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qts.adapters.bus.kafka_progress import METADATA_BYTES_MAX, Owner, Progress, restored

OWNER = Owner("recorder", 17, 1_000)


@given(
    st.integers(0, 2**60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 6)), max_size=40),
)
def test_what_is_done_is_what_was_said(low, said):
    progress, done = Progress(low, low + 60), set()
    for start, length in said:
        progress.done(low + start, low + start + length)
        done |= set(range(start, start + length))

    assert [progress.is_done(low + offset) for offset in range(70)] == [offset in done for offset in range(70)]
    assert progress.low == low + next(offset for offset in range(70) if offset not in done)
    gaps = list(zip(progress.ends, progress.starts[1:], strict=False))
    assert all(end < start for end, start in gaps), "ranges that touch are one"
    assert not progress.starts or progress.starts[0] > progress.low

    again, owner = restored(progress.low, progress.metadata(OWNER))
    assert (again, owner) == (progress, OWNER)


def test_what_finds_no_room_comes_again_and_the_rest_does_not():
    progress = Progress(0, 10_000)
    for offset in range(1, 10_000, 2):
        progress.done(offset, offset + 1)
    metadata = progress.metadata(OWNER)
    assert METADATA_BYTES_MAX - 20 < len(metadata) <= METADATA_BYTES_MAX

    again, _ = restored(0, metadata)
    kept = [offset for offset in range(10_000) if again.is_done(offset)]
    assert len(kept) > 300
    assert kept == list(range(1, 2 * len(kept), 2)), "the oldest ones"
    assert again.taken == 10_000


@pytest.mark.parametrize("metadata", [None, "", "somebody else's", "1 c x 1 1 ", "1 c 1 1 1 2-x", "2 c 1 1 1 "])
def test_a_commit_of_another_program_is_an_offset(metadata):
    assert restored(7, metadata) == (Progress(7, 7), None)


def test_a_name_may_hold_anything():
    owner = Owner("a b,c-d é", 1, 2)
    assert restored(3, Progress(3, 4).metadata(owner)) == (Progress(3, 4), owner)


@pytest.mark.parametrize(
    ("consumer", "run", "now_ms", "yields"),
    [
        ("recorder", 18, 1_000, True),  # its successor, at once
        ("recorder", 17, 1_000, True),
        ("recorder", 16, 99_000, False),  # its predecessor, never
        ("other", 99, 15_999, False),
        ("other", 1, 16_000, True),
    ],
)
def test_whom_an_owner_yields_to(consumer, run, now_ms, yields):
    assert OWNER.yields_to(consumer, run, now_ms=now_ms, idle_ms=15_000) is yields
