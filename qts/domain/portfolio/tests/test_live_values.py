"""Step by step it is worth what it is worth when everything is added up again."""

from hypothesis import given
from hypothesis import strategies as st

from qts.domain.portfolio import (
    LiveTotals,
    LiveValues,
    Valued,
    ValuedBooks,
    day_pnl_vnd,
    market_value_vnd,
    unrealised_pnl_vnd,
)

SYMBOLS = ("HPG", "SSI", "VCB")
prices = st.integers(0, 90_000)
quantities = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(0, 5_000))
books = st.builds(
    ValuedBooks,
    cash_vnd=st.integers(-(10**9), 10**12),
    held=st.dictionaries(st.sampled_from(SYMBOLS), st.tuples(st.integers(0, 5_000), st.integers(0, 10**9))),
    opening_cash_vnd=st.integers(0, 10**12),
    opening_quantities=quantities,
    contracts=st.dictionaries(
        st.sampled_from(SYMBOLS), st.tuples(st.integers(-50, 50), st.integers(-(10**9), 10**9)), max_size=2
    ),
)
moves = st.lists(st.tuples(st.sampled_from(SYMBOLS), prices, prices), max_size=20)


def added_up(account: ValuedBooks, marks: dict[str, int], references: dict[str, int]) -> LiveTotals:
    held = {symbol: pair for symbol, pair in account.held.items() if pair[0]}
    contracts = {symbol: pair for symbol, pair in account.contracts.items() if pair[0]}
    if not all(marks.get(symbol) for symbol in (*held, *contracts)):
        return LiveTotals(None, None, None, None)
    valued = [Valued(quantity, cost, marks[symbol]) for symbol, (quantity, cost) in held.items()]
    value = market_value_vnd(valued)
    floating = sum(net * marks[symbol] - cost for symbol, (net, cost) in contracts.items())
    equity = account.cash_vnd + value + floating
    day = None
    if all(references.get(symbol) for symbol, quantity in account.opening_quantities.items() if quantity):
        day = day_pnl_vnd(
            equity_vnd=equity,
            opening_cash_vnd=account.opening_cash_vnd,
            opening_quantities=account.opening_quantities,
            reference_vnd=references,
        )
    return LiveTotals(value, sum(unrealised_pnl_vnd(one) for one in valued) + floating, equity, day)


@given(accounts=st.lists(books, min_size=1, max_size=3), before=moves, after=moves, again=books)
def test_each_step_ends_where_adding_up_ends(accounts, before, after, again):
    live, marks, references = LiveValues(), {}, {}
    for symbol, mark, reference in before:
        live.price(symbol, mark_vnd=mark, reference_vnd=reference)
        marks[symbol], references[symbol] = mark, reference
    for name, account in enumerate(accounts):
        live.put(name, account)
    live.put(0, again)  # a booking
    accounts = [again, *accounts[1:]]
    for symbol, mark, reference in [("SSI", 1, 1), *after]:
        is_new = (marks.get(symbol, 0), references.get(symbol, 0)) != (mark, reference)
        assert live.price(symbol, mark_vnd=mark, reference_vnd=reference) is is_new
        marks[symbol], references[symbol] = mark, reference
        for name, account in enumerate(accounts):
            assert live.totals(name) == added_up(account, marks, references)


def test_who_was_dropped_is_moved_no_more():
    live = LiveValues()
    live.put("a", ValuedBooks(100, {"SSI": (10, 200)}, 100, {"SSI": 10}))
    live.put("b", ValuedBooks(0, {"SSI": (1, 20)}, 0, {}))
    live.drop("a")
    live.price("SSI", mark_vnd=30, reference_vnd=25)
    assert live.totals("b") == LiveTotals(30, 10, 30, 30)
    live.put("a", ValuedBooks(100, {"SSI": (10, 200)}, 100, {"SSI": 10}))
    assert live.totals("a") == LiveTotals(300, 100, 400, 50)  # 10 x 30 less 10 x 25, the cash being the same
