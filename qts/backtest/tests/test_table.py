"""Bars as columns: their order, their merging, what is refused."""

import pytest

from qts.backtest import BarTable
from qts.domain.strategy import Bar


def bar(symbol: str, ts: int, close: int = 100) -> Bar:
    return Bar(symbol, ts, close, close + 1, close - 1, close, 7)


def test_bars_come_back_in_order_of_time_then_of_symbol():
    given = [bar("SSI", 2), bar("HPG", 2, 50), bar("SSI", 1, 99)]
    assert list(BarTable.of(given).bars()) == [bar("SSI", 1, 99), bar("HPG", 2, 50), bar("SSI", 2)]
    assert list(BarTable.of([]).bars()) == []


def test_tables_of_symbols_are_merged_as_if_they_had_been_one():
    first, second = [bar("SSI", 1), bar("SSI", 3)], [bar("HPG", 1, 50), bar("HPG", 2, 51)]
    merged = BarTable.merged([BarTable.of(first), BarTable.of(second)])
    assert list(merged.bars()) == list(BarTable.of(first + second).bars())
    assert merged.digest() == BarTable.of(second + first).digest()


def test_some_of_the_symbols_are_as_if_there_were_no_others():
    given = [bar("HPG", 1, 50), bar("SSI", 1), bar("VND", 1, 20), bar("SSI", 3), bar("VND", 2, 21)]
    some = BarTable.of(given).of_symbols({"SSI", "VND"})
    assert some.digest() == BarTable.of([one for one in given if one.symbol != "HPG"]).digest()


def test_columns_make_the_bars_they_name():
    table = BarTable.of_columns("SSI", [1, 2], [100, 100], [101, 101], [99, 99], [100, 100], [7, 7])
    assert list(table.bars()) == [bar("SSI", 1), bar("SSI", 2)]
    assert list(table.until(1).bars()) == [bar("SSI", 1)]


@pytest.mark.parametrize("changed", [{"symbol": "SSX"}, {"ts_start_ms": 9}, {"volume": 8}, {"low_vnd": 98}])
def test_equal_bars_have_equal_digests_and_others_have_others(changed):
    table = BarTable.of([bar("SSI", 1), bar("SSI", 2)])
    assert table.digest() == BarTable.of([bar("SSI", 1), bar("SSI", 2)]).digest()
    assert table.digest() != BarTable.of([bar("SSI", 1), bar("SSI", 2)._replace(**changed)]).digest()


def test_one_time_has_one_bar_of_a_symbol():
    with pytest.raises(ValueError, match="SSI has two bars of one time"):
        BarTable.of([bar("SSI", 1), bar("SSI", 1, 90)])
    with pytest.raises(ValueError, match="in one table"):
        BarTable.merged([BarTable.of([bar("SSI", 1)]), BarTable.of([bar("SSI", 2)])])
