"""'Why did nothing happen?' as a reader gets it."""

import time
from datetime import timedelta

import pytest
from django.utils import translation

from apps.analytics.services import IndicatorEngine
from apps.portal.views.silence_words import nothing_text, number_text, sentences
from apps.sso.tests.sessions import verified_client
from apps.strategies import services
from apps.strategies.selectors import Finding
from apps.strategies.services.desk import StrategyDesk
from apps.strategies.tests.conftest import bar
from apps.strategies.tests.test_attendance import RULES
from qts.domain.market import to_vietnam
from qts.domain.values import Actor, ActorKind

TRADER = Actor(ActorKind.USER, "1")


class Falling(IndicatorEngine):
    """An RSI that comes near to 30 and not under it."""

    def __init__(self):
        super().__init__(bars_before=lambda _symbol, _starts_at, _limit: [])
        self.now = {}

    def values(self, symbol):
        return self.now


@pytest.fixture
def dips(desk, market, settings, tmp_path):
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    (services.strategies_folder() / "dips.yaml").write_text(RULES)
    now = market.now()
    services.register_file("dips", actor=TRADER, now=now)
    made = services.create_strategy(
        name="Dips", class_key="file:dips", parameters={}, account_id=desk.mine, symbols=["SSI", "HPG"]
    )
    services.start_strategy(made, actor=TRADER, now=now)
    engine = Falling()
    with StrategyDesk(engine) as at_work:
        at_work.refresh()
        for number, value in enumerate([45.0, 31.2, 40.0]):
            engine.now = {"rsi_14": value}
            at_work.on_bar(bar(f"09:{50 + number}:00", received_ns=time.time_ns()))
    return made


def test_the_verdict_comes_first_and_every_condition_is_shown(desk, dips):
    page = desk.client("trader").get(f"/strategies/{dips}/why/").content.decode()
    assert "SSI: its entry rule was true in none of 3 bars; rsi_14 &lt; 30 came nearest at 09:51 with 31.2." in page
    assert "It heard 3 bars of SSI, the last one at 09:52." in page
    assert "No bar of HPG: nothing of it was traded." in page
    assert 'data-rule="SSI enter"' in page
    assert page.index('id="verdict"') < page.index('id="heard"') < page.index("data-rule=") < page.index('id="reasons"')


def test_one_symbol_another_day_and_the_body_alone(desk, dips, market):
    client = desk.client("trader")
    only = client.get(f"/strategies/{dips}/why/?symbol=hpg", headers={"HX-Request": "true"}).content.decode()
    assert 'data-symbol-day="HPG"' in only
    assert 'data-symbol-day="SSI"' not in only
    assert "<html" not in only
    day = to_vietnam(market.now() - timedelta(days=3)).date()
    before = client.get(f"/strategies/{dips}/why/?day={day}").content.decode()
    assert "It was not running: nobody had started it." in before
    assert "hx-trigger" not in before.split('id="why"')[1].split(">")[0]


def test_it_is_of_those_who_see_the_account_and_reads_vietnamese(desk, dips):
    assert desk.client("trader2").get(f"/strategies/{dips}/why/").status_code == 404
    assert desk.client("risk").get(f"/strategies/{dips}/why/").status_code == 200
    reader = verified_client(desk.users.trader)
    reader.cookies["django_language"] = "vi"
    page = reader.get(f"/strategies/{dips}/why/").content.decode()
    assert "Vì sao không có gì xảy ra?" in page
    assert "came nearest" not in page


def test_the_api_tells_the_same_by_codes(desk, dips):
    client = desk.client("trader")
    told = client.get(f"/api/v1/strategies/{dips}/day/?symbol=SSI").json()
    assert [one["code"] for one in told["findings"]] == ["RUNS", "HEARD", "RULE_MISSED"]
    (symbol,) = told["symbols"]
    assert (symbol["bar_count"], symbol["rules"][0]["conditions"][0]["nearest_value"]) == (3, 31.2)
    assert client.get(f"/api/v1/strategies/{dips}/day/?symbol=VNM").json()["code"] == "SYMBOL_NOT_TRADED"
    assert desk.client("trader2").get(f"/api/v1/strategies/{dips}/day/").json()["code"] == "STRATEGY_NOT_FOUND"
    assert client.get(f"/api/v1/strategies/{dips}/day/?day=soon").status_code == 400


FACTS = {
    "count": 2, "is_shadow": True, "since": None, "until": None, "reason": "", "at": None, "scope": "firm",
    "allows_reducing": True, "state": "down", "rule": "DAILY_LOSS_EXCEEDS_MAX", "bars": 3, "ticks": 4,
    "symbols": [f"S{number}" for number in range(12)], "indicators": [("sma_20", 3), ("rsi_14", None)],
    "symbol": "SSI", "asked": 3, "most": 1, "members": 2, "condition": "rsi_14 < 30", "met": 2, "value": 31.25,
}  # fmt: skip
CODES = [
    "NO_TRADING_DAY", "ORDERS", "RUNS_UNSEEN", "RUNS", "RAN", "FAILED", "NEVER_RAN", "STOP", "STREAM", "LIMIT",
    "HEARD", "HEARD_NOTHING", "LATE", "NO_BAR", "COLD", "SKIPPED", "DENIED", "RULE_MISSED", "RULE_MET",
    "WANTED_NOTHING",
]  # fmt: skip


def test_every_finding_has_its_sentence():
    said = sentences(Finding(code, facts=FACTS) for code in CODES)
    assert all(one.text.endswith((".", ")")) and "{" not in one.text for one in said), [one.text for one in said]
    assert len({one.text for one in said}) == len(CODES)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (31.2, "31.2"), (25_050.0, "25,050"), (0.00042, "0.00042"), (-3.0, "-3")]
)
def test_numbers_are_as_short_as_they_can_be(value, text):
    assert number_text(value) == text


def test_known_reasons_are_worded_and_others_stand_as_they_are():
    with translation.override("en"):
        assert nothing_text("50 is less than a round lot of 100") == "less than a round lot"
        assert nothing_text("BUYING_POWER_EXCEEDED").startswith("Buying power does not cover")
        assert nothing_text("something new") == "something new"
