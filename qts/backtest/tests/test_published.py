"""Without the market's rules, trades and final equity are those of the published comparison, to the dong."""

import pytest

from qts.backtest import BarTable, FillAt, run
from qts.backtest.tests.peers import CASH_VND, DAILY, goog, published, spec_of, synthetic
from qts.domain.values import Side

EVERYWHERE = pytest.mark.parametrize("fill_at", list(FillAt))
# The figures that were published with the set of 100,000 bars.
PUBLISHED = {
    FillAt.CLOSE: (957_221_918, 5_430),
    FillAt.NEXT_OPEN: (957_278_668, 5_430),
    FillAt.NEXT_CLOSE: (957_437_834, 5_430),
}


@EVERYWHERE
@pytest.mark.parametrize(("bars", "seed"), [(20_000, 8), (100_000, 8), (20_000, 137)])
def test_the_synthetic_sets(fill_at, bars, seed):
    peers = published()
    table, opens, closes = synthetic(peers, bars, seed)
    equity, fills = peers.ref_one(opens, closes, 10, 20, fill_at.lower())
    result = run(spec_of(fill_at), table)
    assert (result.last_equity_vnd, len(result.fills)) == (equity, fills)
    if bars == 100_000:
        assert (result.last_equity_vnd, len(result.fills)) == PUBLISHED[fill_at]
    assert [fill.side for fill in result.fills[:4]] == [Side.BUY, Side.SELL] * 2


@EVERYWHERE
def test_goog_by_days(fill_at, tmp_path):
    peers = published()
    table = goog(tmp_path)
    bars = list(table.bars())
    opens, closes = ([getattr(bar, name) / 1_000 for bar in bars] for name in ("open_vnd", "close_vnd"))
    equity, fills = peers.ref_one(opens, closes, 10, 20, fill_at.lower())
    result = run(spec_of(fill_at, cash_vnd=CASH_VND * 1_000, **DAILY), table)
    assert result.last_equity_vnd == round(equity * 1_000)
    assert (len(result.fills), result.bar_count, len(result.equity)) == (fills, 2_148, 2_148)


@EVERYWHERE
def test_fifty_symbols_in_one_portfolio(fill_at):
    """Two hundred bars of each of the published fifty: one account, and the sum of the single results."""
    peers = published()
    sets = [synthetic(peers, 20_000, 150 if i == 23 else 100 + i, f"S{i:02d}") for i in range(50)]
    tables = [table.until(200) for table, _, _ in sets]
    singles = [peers.ref_one(opens[:200], closes[:200], 10, 20, fill_at.lower()) for _, opens, closes in sets]
    symbols = tuple(f"S{i:02d}" for i in range(50))
    result = run(spec_of(fill_at, symbols), BarTable.merged(tables))
    assert result.last_equity_vnd == CASH_VND + sum(equity - CASH_VND for equity, _ in singles)
    assert len(result.fills) == sum(fills for _, fills in singles)
    assert len({fill.symbol for fill in result.fills}) == 50
