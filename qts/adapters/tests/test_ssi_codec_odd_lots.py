"""The board of odd lots, and dates that cannot be meant."""

import pytest

from qts.adapters.tests.fastconnect_frames import ODD_LOT, TICK, market_frame
from qts.adapters.tests.test_ssi_codec import STAMP, ms, only_event, only_failure
from qts.domain.events import OddLotUpdated


def test_ol_is_the_board_of_odd_lots_without_the_totals_of_round_lots():
    assert only_event(market_frame("OL", ODD_LOT)) == OddLotUpdated(
        symbol="MBB",
        last_vnd=22_750,
        last_quantity=93,
        bids=((22_700, 48), (22_650, 30), (22_600, 16)),
        asks=((22_750, 32), (22_800, 48), (22_850, 97)),
        session="CONTINUOUS",
        status="N",
        ts_exchange_ms=ms("2026-08-14T13:55:03"),
        **STAMP,
    )


@pytest.mark.parametrize("day", ["14/08/26", "14/08/0026", "14/08/1969"])
def test_a_year_before_the_epoch_is_no_date(day):
    assert "before 1970" in only_failure(market_frame("B", TICK | {"TradingDate": day})).reason
