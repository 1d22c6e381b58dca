"""Exposure, losses, value at risk, scenarios and exit plans, as each role sees them."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.apps import apps

from apps.portal.tests.conftest import ticket_of
from qts.domain.market import to_vietnam

EquityPoint, ExitPlan, LimitAlert = (apps.get_model("risk", name) for name in ("EquityPoint", "ExitPlan", "LimitAlert"))
PAGES = ["/risk/monitor/", "/risk/monitor/history/", "/risk/monitor/value-at-risk/", "/risk/scenario/"]


def with_history(days, *symbols):
    """So many trading days of closes before the market's Monday, the same every run."""
    generator = np.random.default_rng(7)
    bar = apps.get_model("marketdata", "DailyBar")
    for symbol in symbols:
        closes = 25_000 * np.cumprod(1 + generator.normal(0, 0.02, days))
        bar.objects.bulk_create(
            bar(
                symbol=symbol, trading_day=date(2026, 11, 22) - timedelta(days=days - number), open_vnd=int(close),
                high_vnd=int(close), low_vnd=int(close), close_vnd=int(close), volume=1, value_vnd=1,
            )
            for number, close in enumerate(closes)
        )  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_somebody_elses_account_is_not_shown(desk, address):
    trader = desk.client("trader")
    assert trader.get(address).status_code == 200
    assert trader.get(address, {"account": str(desk.other)}).status_code == 404
    assert trader.get(address, {"account": "firm"}).status_code == 404
    assert desk.client("risk").get(address, {"account": "firm"}).status_code == 200


def test_exposure_names_what_is_held_and_what_share_it_is(desk):
    page = desk.client("trader").get("/risk/monitor/").content.decode()
    row = page.split('data-exposure="SSI"')[1].split("</tr>")[0]
    assert "10,000" in row
    assert "100.0%" in row
    assert "No alert today" in page
    assert "No exit plans" in page


def test_an_alert_is_shown_with_its_level(desk, market):
    now = market.now()
    LimitAlert.objects.create(
        account_id=desk.mine, trading_day=to_vietnam(now).date(), code="POSITION_EXCEEDS_MAX", level_percent=90,
        limit=11_000, actual=10_000, raised_at=now,
    )  # fmt: skip
    alerts = desk.client("trader").get("/risk/monitor/").content.decode().split("Alerts today")[1]
    assert ">90%</span>" in alerts
    assert "10,000 / 11,000" in alerts
    assert "POSITION_EXCEEDS_MAX" not in desk.client("trader2").get("/risk/monitor/").content.decode()


def test_a_broken_limit_is_shown_with_who_broke_it_to_those_who_may_see_the_account(desk):
    body = ticket_of(desk.mine, quantity="200,000", act="send")
    page = desk.client("trader").get("/risk/monitor/").content.decode()
    assert ("No limit was broken today" in page, "data-breach" in page) == (True, False)
    desk.client("trader").post("/ticket/submit/", body)
    for name in ("trader", "risk"):
        page = desk.client(name).get("/risk/monitor/").content.decode()
        row = page.split('data-breach="POSITION_EXCEEDS_MAX"')[1].split("</li>")[0]
        assert "210,000</span> / 200,000" in row
        assert "0901351 · trader<" in row
        assert "No limit was broken today" not in page
    assert "data-breach" not in desk.client("trader2").get("/risk/monitor/").content.decode()


def test_the_chart_gets_the_days_profit_and_how_far_it_is_under_its_peak(desk, market):
    start = market.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    for minute, equity in enumerate([1_000_000_000, 1_100_000_000, 990_000_000]):
        EquityPoint.objects.create(
            account_id=desk.mine, at=start + timedelta(minutes=minute), equity_vnd=equity, peak_vnd=equity,
            day_pnl_vnd=equity - 1_000_000_000, exposure_vnd=0,
        )  # fmt: skip
    points = desk.client("trader").get("/risk/monitor/history/").json()["points"]
    assert [(point["pnl"], point["drawdown"]) for point in points] == [
        (0, 0.0),
        (100_000_000, 0.0),
        (-10_000_000, -10.0),
    ]
    assert desk.client("risk").get("/risk/monitor/history/?account=firm").json() == {"points": []}


def test_without_prices_of_former_days_there_is_no_figure(desk):
    with_history(20, "SSI")
    page = desk.client("trader").get("/risk/monitor/value-at-risk/").content.decode()
    assert "Not enough history" in page
    assert "<table" not in page


@pytest.mark.parametrize(("days", "levels"), [(60, 1), (300, 2)])
def test_value_at_risk_by_every_method_with_its_exceptions(desk, days, levels):
    with_history(days, "SSI")
    page = desk.client("trader").get("/risk/monitor/value-at-risk/").content.decode()
    assert page.count("<tr><td>") == 4 * levels
    assert f"from {days - 1} days of prices" in page
    assert page.count(f"/ {days - 1 - max(30, (days - 1) // 2)}</span>") == 3 * levels


def test_a_shock_is_worked_out_and_told_against_the_loss_limit(desk):
    page = desk.client("trader").get("/risk/scenario/", {"shock": "-10"}).content.decode()
    row = page.split('data-shocked="SSI"')[1].split("</tr>")[0]
    value = int(row.split('class="num">')[1].split("<")[0].replace(",", ""))
    assert f"\u2212{value // 10:,}" in row
    calm = desk.client("trader").get("/risk/scenario/", {"shock": "0"}).content.decode()
    assert "the account would be stopped" not in calm


def test_a_share_may_move_by_its_own(desk):
    client = desk.client("trader")
    own = client.get("/risk/scenario/", {"shock": "0", "of_SSI": "-50"}).content.decode()
    all_of_it = client.get("/risk/scenario/", {"shock": "-50"}).content.decode()
    figure = own.split("Profit and loss of the shock")[1].split("</dd>")[0]
    assert figure == all_of_it.split("Profit and loss of the shock")[1].split("</dd>")[0]
    assert 'name="of_SSI" value="-50"' in own


@pytest.mark.parametrize("text", ["-51", "nan", "1e9", "<b>x"])
def test_what_is_no_percentage_is_said(desk, text):
    answer = desk.client("trader").get("/risk/scenario/", {"shock": text})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "is no percentage" in page
    assert "<b>x" not in page


def post_plan(desk, client="trader", account=None, **typed):
    body = {"account": str(account or desk.mine), "act": "set"} | typed
    return desk.client(client).post("/risk/exits/SSI/", body)


def test_an_exit_plan_is_set_shown_and_removed(desk):
    assert post_plan(desk, stop="20.00", trail="7.5", target="40").status_code == 200
    plan = ExitPlan.objects.get()
    assert (plan.stop_vnd, plan.target_vnd, plan.trail_bps, plan.is_active) == (20_000, 40_000, 750, True)
    page = desk.client("trader").get("/risk/monitor/").content.decode().split("Exit plans")[1]
    assert "20.00" in page
    assert "7.5%" in page
    assert post_plan(desk, act="clear").status_code == 200
    assert ExitPlan.objects.get().is_active is False


@pytest.mark.parametrize("typed", [{}, {"stop": "abc"}, {"stop": "90"}, {"trail": "100"}, {"stop": "-1"}])
def test_a_plan_that_makes_no_sense_is_refused(desk, typed):
    assert post_plan(desk, **typed).status_code == 422
    assert not ExitPlan.objects.exists()


def test_only_who_may_trade_an_account_plans_its_exits(desk):
    assert post_plan(desk, account=desk.other, stop="20").status_code == 404
    assert post_plan(desk, client="risk", stop="20").status_code == 403
    assert not ExitPlan.objects.exists()
