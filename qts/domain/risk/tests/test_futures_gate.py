"""The gate of a derivatives account: deposit, position limit, and which orders only close."""

from dataclasses import replace

from qts.domain.errors import RuleCode
from qts.domain.portfolio import ContractHolding, Deposit, FutureTerms, OpenContracts
from qts.domain.risk import evaluate
from qts.domain.risk.tests.orders import FUTURE, MARKET, QUIET, order, with_account

PRICE = 128_000_000


def refused(text, net, cash_vnd, contracts_max=5_000, instrument=FUTURE):
    months = {FUTURE.symbol: OpenContracts(ContractHolding(net, net * PRICE, 0), PRICE)}
    deposit = Deposit(cash_vnd, months, FutureTerms(contracts_max=contracts_max))
    market = replace(
        MARKET, instrument=FUTURE, reference_vnd=PRICE, ceiling_vnd=136_000_000, floor_vnd=120_000_000, last_vnd=PRICE
    )
    snapshot = replace(with_account(deposit=deposit, sellable_quantity=0), market=market, limits={})
    return [breach.code for breach in evaluate(snapshot, order(text, instrument))]


def test_contracts_find_their_margin_free_or_close():
    assert refused(f"BUY 4 VN30F1M @ {PRICE}", 0, 100_000_000) == []
    assert refused(f"BUY 5 VN30F1M @ {PRICE}", 0, 100_000_000) == [RuleCode.BUYING_POWER_EXCEEDED]
    assert refused(f"SELL 5 VN30F1M @ {PRICE}", 0, 100_000_000) == [RuleCode.BUYING_POWER_EXCEEDED]
    assert refused(f"SELL 3 VN30F1M @ {PRICE}", 3, 0) == []


def test_one_investor_holds_so_many():
    assert refused(f"BUY 2 VN30F1M @ {PRICE}", 9, 10**12, contracts_max=10) == [RuleCode.CONTRACTS_EXCEED_MAX]
    assert refused(f"BUY 1 VN30F1M @ {PRICE}", 9, 10**12, contracts_max=10) == []


def test_a_cash_account_holds_none():
    codes = [breach.code for breach in evaluate(replace(QUIET, limits={}), order(f"BUY 1 VN30F1M @ {PRICE}", FUTURE))]
    assert RuleCode.SECURITY_NOT_TRADABLE in codes
