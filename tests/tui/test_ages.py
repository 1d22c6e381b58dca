"""What the terminal says of prices whose stream is not heard: a word, a sentence, and a mark on panels with prices."""

from types import SimpleNamespace

import pytest

from qts.tui.bars import Banner, Connection
from qts.tui.desk import Desk
from qts.tui.feed import FeedState
from qts.tui.wire import Clock, Status, Stream

PATHS = ("/ws/markets", "/ws/positions", "/ws/orders")
NOW = 1_000.0


def said(state, age_ms, *, told_s_ago=0.0):
    """Word, sentence, and what is old of board, positions and orders."""
    desk = Desk(status=Status(Stream(state, age_ms), Clock(0, 1.0, "CONTINUOUS")), status_at=NOW - told_s_ago)
    connection = Connection(desk, lambda: {path: SimpleNamespace(state=FeedState.LIVE) for path in PATHS})
    sentence = Banner(desk, connection)._sentence(NOW)
    return connection.word(NOW)[0], sentence, tuple(connection.stale_text(path, NOW) for path in PATHS)


def test_a_stream_that_is_heard_is_live():
    assert said("connected", 300) == ("Live", "", ("", "", ""))


@pytest.mark.parametrize(
    ("state", "age_ms", "word", "sentence", "old"),
    [
        ("reconnecting", 9_000, "Reconnecting", "stream is not there. Prices may be old", "9.0 s"),
        ("down", 30_000, "No data", "No market data for 30 s: prices are old, orders are refused", "30 s"),
        ("connected", 16_000, "Data is late", "Market data is 16 s old", "16 s"),
        ("down", None, "No data", "stream is not there. Prices may be old", "…"),
    ],
)
def test_one_that_is_not_is_told_everywhere_prices_are(state, age_ms, word, sentence, old):
    found = said(state, age_ms)
    assert found[0] == word
    assert sentence in found[1]
    assert found[2] == (old, old, ""), "orders are no prices"


def test_a_server_that_reports_no_more_makes_prices_old():
    assert said("connected", 300, told_s_ago=15.0)[2] == ("15 s", "15 s", "")
