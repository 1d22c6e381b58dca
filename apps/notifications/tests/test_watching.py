"""When a rule fires, how often, for whom, and that one event never makes two alerts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.eventlog import selectors as eventlog
from apps.notifications import selectors, services
from apps.notifications.models import Alert, AlertRule, Delivery
from apps.notifications.services import RuleProblem, RuleRefused
from apps.notifications.tests.conftest import ACCOUNT, NOW, quote, rule
from qts.domain.events import (
    GapDetected,
    IndicatorCalculated,
    KillSwitchChanged,
    LimitBreached,
    OrderFilled,
    PredictionGenerated,
    SentimentGenerated,
    TradingStateChanged,
)

LATER = NOW + timedelta(minutes=6)


def rsi(value: str | None) -> IndicatorCalculated:
    values = {} if value is None else {"rsi_14": value}
    return IndicatorCalculated(symbol="SSI", ts_start_ms=0, values=values, wal_position="0:0")


def news(symbol: str, percent: int, kind=SentimentGenerated):
    return kind(
        signal_id="1", symbol=symbol, name="mood", direction=-1, strength_percent=percent, value="0.1",
        reason="<b>profit warning</b>", publisher="p", valid_s=60, ts_made_ms=0, ts_known_ms=0,
    )  # fmt: skip


FILL = OrderFilled(
    order_id="o", account_id=ACCOUNT, symbol="SSI", side="BUY", order_type="LO", status="FILLED", quantity=500,
    filled_quantity=300, price_vnd=25_000, ts_market_ms=0, fill_id="f", fill_quantity=300, fill_price_vnd=25_050,
)  # fmt: skip
STALE = TradingStateChanged(scope="firm", cause="stale-feed", state="REDUCING", reason="late", ts_market_ms=0)
BOOKS = replace(STALE, scope=f"account:{ACCOUNT}", cause="books-differ")
KILL = KillSwitchChanged(scope="firm", engaged=True, reason="test", ts_market_ms=0)
BREACH = LimitBreached(account_id=ACCOUNT, code="ORDER_VALUE_EXCEEDS_MAX", limit=5, actual=6, ts_market_ms=0)
GAP = GapDetected(
    symbols="SSI,HPG", ts_from_ns=0, ts_to_ns=1, cause="silence", reason="nothing heard", ts_market_from_ms=0,
    ts_market_to_ms=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("level", "prices", "fires"),
    [
        (("PRICE_ABOVE", 26_000), [25_900, 25_950, 26_000, 26_050], [2]),
        (("PRICE_ABOVE", 26_000), [26_100, 26_200], []),  # it was there before anybody looked: no crossing
        (("PRICE_BELOW", 24_000), [24_050, 24_000], [1]),
        (("PRICE_BELOW", 24_000), [24_050, 24_050, 25_000], []),
        (("CHANGE_ABOVE", 300), [25_749, 25_750], [1]),  # 2.996 % is not 3 %
        (("CHANGE_ABOVE", 300), [25_800], [0]),
        (("CHANGE_BELOW", -300), [24_251, 24_250], [1]),
    ],
)
def test_levels(people, watch, level, prices, fires):
    rule(people[0], level[0], symbol="SSI", threshold=level[1])
    told = [bool(watch.tell(quote("SSI", price))) for price in prices]
    assert [number for number, has_fired in enumerate(told) if has_fired] == fires


def test_an_indicator_fires_at_its_level_and_a_missing_value_says_nothing(people, watch):
    rule(people[0], "INDICATOR_BELOW", symbol="SSI", indicator="rsi_14", threshold=30_000)
    told = [len(watch.tell(rsi(value))) for value in ("30.001", None, "nan", "29.99")]
    assert told == [0, 0, 0, 1]
    assert Alert.objects.get().facts == {"indicator": "rsi_14", "value": 29_990, "threshold": 30_000}


def test_it_rests_after_an_alert_then_has_to_come_true_anew(people, watch):
    rule(people[0], "PRICE_ABOVE", symbol="SSI", threshold=26_000, cooldown_s=300)
    for price in (25_900, 26_000, 25_900, 26_000):
        watch.tell(quote("SSI", price))
    assert Alert.objects.count() == 1, "the second crossing came within its rest"
    watch.tell(quote("SSI", 26_100), now=LATER)
    assert Alert.objects.count() == 1, "it has not come true anew: it still is"
    watch.tell(quote("SSI", 25_900), quote("SSI", 26_000), now=LATER)
    assert Alert.objects.count() == 2


def test_once_means_once(people, watch):
    rule(people[0], "PRICE_ABOVE", symbol="SSI", threshold=26_000, cooldown_s=0, rearms=False)
    watch.tell(*(quote("SSI", price) for price in (25_900, 26_000, 25_900, 26_000)))
    assert Alert.objects.count() == 1
    assert AlertRule.objects.get().is_active is False


def test_a_new_worker_knows_what_was_met(people, watch):
    rule(people[0], "PRICE_ABOVE", symbol="SSI", threshold=26_000, cooldown_s=0)
    watch.tell(quote("SSI", 25_900))
    successor = type(watch)()
    assert len(successor.tell(quote("SSI", 26_000))) == 1
    assert type(watch)().tell(quote("SSI", 26_050)) == []


def test_the_same_delivery_twice_makes_one_alert(people, watch):
    rule(people[0], "FILL", cooldown_s=0)
    assert len(watch.tell(FILL)) == 1
    assert watch.tell(FILL, again=True) == []
    assert len(watch.tell(FILL)) == 1
    assert Alert.objects.count() == 2
    assert [event.key for event in eventlog.history(topic="notification.alert.fired")] == [str(people[0])] * 2


@pytest.mark.parametrize("event", [FILL, BREACH, BOOKS], ids=["fill", "limit", "stop of an account"])
def test_what_is_of_an_account_is_told_to_those_who_may_see_it(people, watch, event):
    kind = "FILL" if event is FILL else "RISK"
    for user_id in people:
        rule(user_id, kind)
    watch.tell(event)
    assert list(Alert.objects.values_list("user_id", flat=True)) == [people[0]]


@pytest.mark.parametrize(
    ("wish", "fires", "not_for"),
    [
        ({"kind": "NEWS", "symbol": "SSI", "threshold": 60}, news("SSI", 60), [news("SSI", 59), news("HPG", 90)]),
        ({"kind": "NEWS", "threshold": 0}, news("HPG", 1), [news("HPG", 1, PredictionGenerated)]),
        ({"kind": "SIGNAL", "threshold": 50}, news("SSI", 50, PredictionGenerated), [news("SSI", 99)]),
        ({"kind": "RISK"}, KILL, [STALE, GAP, FILL]),
        ({"kind": "STREAM"}, STALE, [KILL, BOOKS]),
        ({"kind": "STREAM", "symbol": "HPG"}, GAP, [replace(GAP, symbols="VNM")]),
        ({"kind": "FILL", "symbol": "SSI"}, FILL, [replace(FILL, symbol="HPG")]),
    ],
)
def test_happenings(people, watch, wish, fires, not_for):
    rule(people[0], **wish)
    assert watch.tell(*not_for) == []
    assert len(watch.tell(fires)) == 1


def test_somebody_who_is_locked_out_hears_nothing(people, watch, django_user_model):
    rule(people[0], "RISK")
    django_user_model.objects.filter(pk=people[0]).update(is_active=False)
    assert watch.tell(KILL) == []


def test_an_alert_takes_its_channels_along(people, watch, settings):
    settings.EMAIL_HOST = "mail.example"
    made, _ = services.make_channel(people[0], kind="email", name="post", target="an@example.com", now=NOW)
    rule(people[0], "RISK", channel_ids=(made,))
    watch.tell(KILL)
    assert Delivery.objects.get().channel_id == made
    assert selectors.unread_count(people[0]) == 1
    assert services.mark_read(people[1], now=NOW) == 0
    assert services.mark_read(people[0], now=NOW) == 1


@pytest.mark.parametrize(
    ("kind", "wish", "problem"),
    [
        ("TEST", {}, RuleProblem.KIND_UNKNOWN),
        ("PRICE_ABOVE", {"threshold": 1}, RuleProblem.SYMBOL_MISSING),
        ("PRICE_ABOVE", {"symbol": "SSI"}, RuleProblem.THRESHOLD_MISSING),
        ("PRICE_ABOVE", {"symbol": "SSI", "threshold": 0}, RuleProblem.THRESHOLD_OUT_OF_RANGE),
        ("CHANGE_BELOW", {"symbol": "SSI", "threshold": -10_001}, RuleProblem.THRESHOLD_OUT_OF_RANGE),
        ("INDICATOR_ABOVE", {"symbol": "SSI", "threshold": 1}, RuleProblem.INDICATOR_MISSING),
        ("FILL", {"symbol": "<script>"}, RuleProblem.SYMBOL_MALFORMED),
        ("RISK", {"cooldown_s": -1}, RuleProblem.COOLDOWN_OUT_OF_RANGE),
    ],
)
def test_a_rule_that_could_not_work_is_not_made(people, kind, wish, problem):
    with pytest.raises(RuleRefused) as refused:
        rule(people[0], kind, **wish)
    assert refused.value.problem is problem
    assert AlertRule.objects.count() == 0


def test_others_rules_and_channels_do_not_exist(people):
    made = rule(people[0], "RISK")
    for act in (services.delete_rule, lambda user, found: services.switch_rule(user, found, is_active=False)):
        with pytest.raises(RuleRefused) as refused:
            act(people[1], made)
        assert refused.value.problem is RuleProblem.RULE_NOT_FOUND
    assert selectors.rules(people[0])[0].is_active
