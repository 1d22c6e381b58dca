"""What the VN-Index made on the same days, and that nothing is made up where its history is not there."""

from dataclasses import replace

import pytest

from qts.backtest import BacktestSpec, BarPeriod, BarTable, StrategyPart, Study, StudyKind, conduct, run
from qts.backtest.benchmark import INDEX, buy_and_hold, in_index, with_index
from qts.backtest.spec import IndexHistory
from qts.domain.market import Instrument
from qts.domain.market.timeframes import DAY_MS, VIETNAM_AHEAD_MS
from qts.domain.portfolio import FeeSchedule
from qts.domain.values import Exchange, InstrumentKind

DAYS = [20_000 + day for day in range(6)]
PART = StrategyPart("moving_average_cross", {"fast": 2, "slow": 3})


def table_of(symbol, closes, days=DAYS):
    starts = [day * DAY_MS - VIETNAM_AHEAD_MS for day in days]
    return BarTable.of_columns(symbol, starts, closes, closes, closes, closes, [1_000_000] * len(closes))


STOCK = table_of("SSI", [20_000, 20_500, 21_000, 20_000, 21_000, 22_000])
SPEC = BacktestSpec(
    parts=[PART],
    instruments={"SSI": Instrument("SSI", Exchange.HOSE, InstrumentKind.STOCK)},
    period=BarPeriod.DAY,
    cash_vnd=100_000_000,
    fees=FeeSchedule(0, 0),
)


def test_the_money_follows_the_closes_from_the_first_day_on():
    both = BarTable.merged([STOCK, table_of(INDEX, [1_200_000, 1_260_000, 1_200_000, 1_140_000, 1_200_000, 1_320_000])])
    spec, table = with_index(SPEC, both)
    assert table.symbols == ("SSI",)
    assert in_index(spec, table) == [100_000_000, 105_000_000, 100_000_000, 95_000_000, 100_000_000, 110_000_000]
    document = conduct(Study(kind=StudyKind.RUN, spec=SPEC), both)
    assert document["index"] == {"name": INDEX, "equity": in_index(spec, table), "total_return": 1.1 - 1}
    assert {"code": "BEHIND_INDEX", "values": {"share": 1.1 - 1}} in document["verdict"]
    assert document["data_hash"] == both.digest()
    # it is nobody's to trade, and no result depends on it
    assert document["benchmark"]["equity"] == buy_and_hold(SPEC, STOCK)
    alone = conduct(Study(kind=StudyKind.RUN, spec=SPEC), STOCK)
    assert {name: alone[name] for name in ("fingerprint", "trades_hash", "figures")} == {
        name: document[name] for name in ("fingerprint", "trades_hash", "figures")
    }


def test_a_day_without_a_close_is_worth_what_the_day_before_was():
    spec = replace(SPEC, index=IndexHistory(INDEX, [DAYS[0] - 3, DAYS[2]], [1_000, 1_500]))
    assert in_index(spec, STOCK) == [100_000_000, 100_000_000, *[150_000_000] * 4]


@pytest.mark.parametrize("history", [None, IndexHistory(INDEX, [], []), IndexHistory(INDEX, DAYS[1:], [9] * 5)])
def test_without_a_history_nothing_is_said_of_it(history):
    """Also where it begins later than the run: there is nothing to follow from."""
    spec = replace(SPEC, index=history)
    assert in_index(spec, STOCK) is None
    result = run(spec, STOCK)
    assert "no history of it was given" in result._repr_html_()
    document = conduct(Study(kind=StudyKind.RUN, spec=spec), STOCK)
    assert document["index"] is None
    assert not [one for one in document["verdict"] if one["code"] == "BEHIND_INDEX"]


def test_minutes_beside_days_of_the_index(tmp_path):
    minutes = [DAYS[0] * DAY_MS + 3 * 3_600_000 + minute * 60_000 for minute in range(30)]
    prices = [20_000] * 30
    table = BarTable.of_columns("SSI", minutes, prices, prices, prices, prices, prices)
    result = run("moving_average_cross", table, index=table_of(INDEX, [10, 11], DAYS[:2]), cash_vnd=1_000)
    assert result.asked.spec.period is BarPeriod.MINUTE
    assert in_index(*result.asked) == [1_000]
    assert "VN-Index</p>" not in result._repr_html_()
    assert "no history" not in result._repr_html_()
