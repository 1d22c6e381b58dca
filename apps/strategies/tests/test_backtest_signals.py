"""A backtest that is asked for is fed with what had been published about its symbols by then, and keeps it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from apps.analytics.services import GivenSignal, publish_signals
from apps.strategies import selectors, services
from apps.strategies.services import BacktestRefused
from apps.strategies.tests.conftest import TRADER, list_securities
from qts.backtest.spec import BarPeriod
from qts.backtest.study import study_json
from qts.domain.strategy.deciding import Resolution

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 11, 9, 3, tzinfo=UTC)  # a Monday, 10:00 in Vietnam
POLICY = {
    "sources": [{"source": "technical"}, {"source": "prediction"}],
    "resolution": "veto",
    "size": {"method": "fixed", "quantity": 100},
}


def publish(signal_id, at, symbol="SSI"):
    given = GivenSignal(
        signal_id=signal_id, source="prediction", symbol=symbol, name="up", direction=1, strength_percent=80,
        value=Decimal("0.5"), made_at=at, valid_s=3_600,
    )  # fmt: skip
    publish_signals([given], actor=TRADER, now=at)


@pytest.fixture
def digest():
    list_securities("SSI", "VNM")
    rows = "".join(f"SSI,2026-11-09 10:{minute:02}:00,25,25,25,25,1000\n" for minute in range(10))
    text = f"symbol,time,open,high,low,close,volume\n{rows}".encode()
    return services.keep_file(BytesIO(text), name="test.csv", size=len(text), period=BarPeriod.MINUTE, actor=TRADER)


def told(**more):
    part = {"strategy": "moving_average_cross", "parameters": {}, "symbols": [], "policy": POLICY}
    given = {"kind": "RUN", "parts": [part], "cash_vnd": 10**9, "fee_rate_bps": 15, "sale_tax_rate_bps": 10}
    return given | {"participation_percent": 10, "spread_ticks": 1} | more


def test_it_is_fed_with_what_was_known_then_and_keeps_it(digest):
    for signal_id, at in (
        ("long before", BEGAN - timedelta(days=31)),
        ("before", BEGAN - timedelta(minutes=5)),
        ("during", BEGAN + timedelta(minutes=5)),
        ("long after", BEGAN + timedelta(days=2)),
    ):
        publish(signal_id, at)
    publish("of another", BEGAN, "VNM")
    study = services.study_on(digest, told())
    assert [one.signal_id for one in study.spec.signals] == ["user:1/before", "user:1/during"]
    assert study.spec.parts[0].policy.resolution is Resolution.VETO
    publish("meanwhile", BEGAN + timedelta(minutes=1))
    again = services.study_on(digest, study_json(study))
    assert again.spec == study.spec  # what is repeated is repeated as it was


def test_a_wrong_policy_is_refused_with_its_place(digest):
    part = told()["parts"][0] | {"policy": POLICY | {"resolution": "loudest"}}
    with pytest.raises(BacktestRefused, match=r"(?i)decision policy: resolution: it is one of weighted_vote"):
        services.study_on(digest, told(parts=[part]))
    assert selectors.backtests() == []
