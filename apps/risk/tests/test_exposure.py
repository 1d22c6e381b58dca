"""1,000 SSI at 25,000 and 100 million VND, beside an account of 50 million VND."""

from uuid import uuid4

import pytest
from django.apps import apps

from apps.accounts import services as accounts
from apps.accounts.services import OpeningPosition
from apps.risk import selectors, services
from apps.risk.models import EquityPoint
from apps.risk.selectors.exposure import exposure, shocked
from apps.risk.tests.conftest import MONDAY, OFFICER
from qts.domain.errors import RuleCode


@pytest.fixture
def other_id(account_id, market):
    found = accounts.open_account(number="1184411", name="Other", connection_id=uuid4())
    held = [OpeningPosition("SSI", 500, 12_000_000), OpeningPosition("HPG", 1_000, 20_000_000)]
    accounts.adopt_balances(account_id=found, cash_vnd=50_000_000, positions=held, now=MONDAY.replace(hour=8))
    market.quote("HPG", 30_000, reference_vnd=30_000)
    return found


def test_the_firm_is_the_sum_of_its_accounts(account_id, other_id):
    firm = exposure([account_id, other_id], MONDAY)
    assert [(line.name, line.quantity, line.value_vnd, line.share_bps) for line in firm.lines] == [
        ("SSI", 1_500, 37_500_000, 5_555),
        ("HPG", 1_000, 30_000_000, 4_444),
    ]
    assert (firm.value_vnd, firm.cash_vnd, firm.equity_vnd) == (67_500_000, 150_000_000, 217_500_000)
    assert firm.unrealised_pnl_vnd == 67_500_000 - 56_000_000
    assert firm.sectors == ()
    assert firm.values_vnd == {"SSI": 37_500_000, "HPG": 30_000_000}


def test_sectors_that_officers_recorded_are_summed_and_the_rest_is_named_as_such(account_id, other_id):
    apps.get_model("risk", "SecuritySector").objects.create(symbol="HPG", sector="Steel")
    firm = exposure([account_id, other_id], MONDAY)
    assert [(line.name, line.value_vnd) for line in firm.sectors] == [("", 37_500_000), ("Steel", 30_000_000)]


def test_what_has_no_price_is_unknown_and_not_zero(account_id, other_id, market):
    market.forget()
    market.hears()
    market.quote("SSI", 25_000)
    firm = exposure([account_id, other_id], MONDAY)
    assert (firm.value_vnd, firm.equity_vnd, firm.day_pnl_vnd) == (None, None, None)
    assert {line.name: line.value_vnd for line in firm.lines} == {"SSI": 37_500_000, "HPG": None}


def test_a_shock_moves_all_and_some_by_their_own(account_id, other_id):
    found = shocked([account_id, other_id], MONDAY, shock_bps=-1_000, of_symbols={"HPG": -2_000})
    assert [(line.symbol, line.pnl_vnd) for line in found.lines] == [("SSI", -3_750_000), ("HPG", -6_000_000)]
    assert (found.pnl_vnd, found.equity_after_vnd) == (-9_750_000, 217_500_000 - 9_750_000)
    assert [(one.account_number, one.loss_before_vnd, one.loss_after_vnd) for one in found.limits] == [
        ("0901351", 0, 2_500_000),
        ("1184411", 0, 1_250_000 + 6_000_000),
    ]


@pytest.mark.parametrize(("limit", "percent", "would_stop"), [(2_500_000, 100, False), (2_499_999, 100, True)])
def test_a_loss_on_the_limit_does_not_stop_and_one_dong_more_does(account_id, limit, percent, would_stop):
    services.change_limit(code=RuleCode.DAILY_LOSS_EXCEEDS_MAX, limit=limit, reason="test", actor=OFFICER, now=MONDAY)
    (found,) = shocked([account_id], MONDAY, shock_bps=-1_000).limits
    assert (found.percent_before, found.percent_after, found.would_stop) == (0, percent, would_stop)


@pytest.mark.parametrize(
    ("code", "limit", "actual", "percent"),
    [
        (RuleCode.SYMBOL_CONCENTRATION_EXCEEDS_MAX, 2_000, 2_000, 100),  # 25 of 125 million
        (RuleCode.NET_EXPOSURE_EXCEEDS_MAX, 100_000_000, 25_000_000, 25),
        (RuleCode.LEVERAGE_EXCEEDS_MAX, 10_000, 2_000, 20),
        (RuleCode.REALISED_LOSS_EXCEEDS_MAX, 1_000_000, 0, 0),
        (RuleCode.DRAWDOWN_EXCEEDS_MAX, 2_000, 1_000, 50),  # 125 under a peak of 138.9 million
    ],
)
def test_use_of_the_limits_that_an_account_fills_up(account_id, code, limit, actual, percent):
    EquityPoint.objects.create(
        account_id=account_id, at=MONDAY, equity_vnd=1, peak_vnd=138_888_888, day_pnl_vnd=0, exposure_vnd=0
    )
    services.change_limit(code=code, limit=limit, reason="test", actor=OFFICER, now=MONDAY)
    use = {line.code: line for line in selectors.limit_use(account_id, MONDAY)}[code]
    assert (use.limit, use.actual, use.percent) == (limit, actual, percent)
