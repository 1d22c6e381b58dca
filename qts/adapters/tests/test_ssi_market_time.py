"""The times of the wire, and what is kept of them."""

import pytest

from qts.adapters.ssi import market_time
from qts.adapters.ssi.market_time import epoch_ms

AT_MS = 1_795_403_700_000  # 2026-11-23 10:15:00 in Vietnam


@pytest.mark.parametrize(
    ("day", "at"), [("23/11/2026", "10:15:00"), (" 23/11/2026\t", "10:15:00 "), ("23/11/2026", "10:15:0")]
)
def test_blanks_around_a_time_do_not_matter(day, at):
    assert epoch_ms(day, at) == AT_MS


def test_texts_are_kept_only_as_long_as_a_time_is():
    """What a server can make of one moment without end would stay in memory for as long as the process."""
    market_time._kept_epoch_ms.cache_clear()
    for length in range(1, 2_000):
        assert epoch_ms("23/11/2026" + " " * length, "10:15:00") == AT_MS
        assert epoch_ms("0" * length + "23/11/2026", "10:15:00") == AT_MS
    assert market_time._kept_epoch_ms.cache_info().currsize == 0
    assert epoch_ms("23/11/2026", "10:15:00") == epoch_ms("23/11/2026", "10:15:00") == AT_MS
    assert (market_time._kept_epoch_ms.cache_info().currsize, market_time._kept_epoch_ms.cache_info().hits) == (1, 1)
