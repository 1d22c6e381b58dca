"""What stands at a moment: nothing that was not known, nothing that is over, nothing without bounds."""

from hypothesis import given
from hypothesis import strategies as st

from qts.domain.strategy.published import KEPT_PER_NAME_MAX, NAMES_PER_SYMBOL_MAX, REPEATS_KEPT_MAX, SignalBoard
from qts.domain.strategy.tests.signals import published


def told(board: SignalBoard, ts_ms: int, source: str = "prediction") -> dict[str, str]:
    return {name: one.signal_id for name, one in board.standing(source, "SSI", ts_ms).items()}


def test_the_latest_that_was_known_and_still_holds():
    board = SignalBoard(
        [
            published(1, signal_id="first", ts_made_ms=1_000, ts_known_ms=2_000, valid_s=10),
            published(-1, signal_id="second", ts_made_ms=3_000, ts_known_ms=5_000, valid_s=10),
            published(1, signal_id="other", name="down", ts_made_ms=3_000),
            published(1, signal_id="elsewhere", symbol="VNM"),
        ]
    )
    assert told(board, 1_999) == {}
    assert told(board, 2_000) == {"up": "first"}
    assert told(board, 4_999) == {"down": "other", "up": "first"}
    assert told(board, 5_000) == {"down": "other", "up": "second"}
    assert told(board, 12_999) == {"down": "other", "up": "second"}
    assert told(board, 13_000) == {"down": "other"}  # the later one is over, and the earlier does not come back
    assert told(board, 5_000, "sentiment") == {}


def test_an_older_one_that_arrives_late_does_not_stand_in_the_newers_place():
    newer = published(-1, signal_id="newer", ts_made_ms=3_000, ts_known_ms=3_100, valid_s=10)
    older = published(1, signal_id="older", ts_made_ms=1_000, ts_known_ms=4_000, valid_s=3_600)
    board = SignalBoard([newer, older])
    assert told(board, 4_000) == {"up": "newer"}
    assert told(board, 13_000) == {}  # the newer is over: what it replaced does not come back


def test_one_that_comes_again_changes_nothing_and_is_told_once():
    board = SignalBoard()
    assert board.take(published(1))
    for _ in range(REPEATS_KEPT_MAX + 5):
        assert not board.take(published(-1))
    assert board.standing("prediction", "SSI", 0)["up"].direction == 1
    assert len(board.take_repeats("SSI")) == REPEATS_KEPT_MAX
    assert board.take_repeats("SSI") == []


@given(st.permutations(range(6)))
def test_the_order_in_which_they_arrive_does_not_matter(order):
    made = [published(1, signal_id=str(number), ts_made_ms=number * 1_000) for number in range(6)]
    board = SignalBoard(made[number] for number in order)
    assert [told(board, ts_ms)["up"] for ts_ms in (0, 1_500, 5_000)] == ["0", "1", "5"]


def test_it_keeps_no_more_than_it_may():
    board = SignalBoard()
    for number in range(KEPT_PER_NAME_MAX + 5):
        board.take(published(1, signal_id=f"a{number}", ts_made_ms=number))
    assert told(board, 4) == {}  # those are forgotten
    assert told(board, 10) == {"up": "a10"}
    for number in range(NAMES_PER_SYMBOL_MAX + 3):
        board.take(published(1, signal_id=f"b{number}", name=f"m{number}", ts_made_ms=100 + number))
    assert len(told(board, 1_000)) == NAMES_PER_SYMBOL_MAX
    assert "up" not in told(board, 1_000)
