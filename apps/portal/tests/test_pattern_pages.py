"""Patterns today, and what a symbol's chart is given."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import translation

from apps.portal.views.pattern_words import CANDLES, CHART, pattern_label
from qts.quant.patterns import CHART_PATTERNS, COMMONPLACE, candle_patterns_known


def found(market, symbol="SSI", pattern="double_bottom", minutes_ago=5, **named):
    confirmed_at = market.now() - timedelta(minutes=minutes_ago)
    start_ms = round(confirmed_at.timestamp() * 1000) - 60_000
    values = {"timeframe": "1m", "direction": 1, "level_vnd": 25_100, "target_vnd": 26_050, "strength_percent": 73}
    points = [[start_ms - 600_000, 24_150], [start_ms, 25_150]]
    return apps.get_model("analytics", "DetectedPattern").objects.create(
        **{"symbol": symbol, "pattern": pattern, "confirmed_at": confirmed_at, "points": points, "wal_position": "1:1"}
        | values
        | named
    )


def shown(desk, **query):
    answer = desk.client("trader").get("/patterns/", query, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return [row.id for row in answer.context["rows"]]


def test_a_pattern_is_shown_whole_and_leads_to_its_chart(desk, market):
    row = found(market)
    text = desk.client("trader").get("/patterns/").content.decode()
    for part in ("Double bottom", "25.10", "26.05", "73%", f"/symbols/SSI/?pattern={row.id}", "1 minute"):
        assert part in text


def test_filters(desk, market):
    bottom = found(market).id
    hammer = found(market, symbol="VNM", pattern="cdl_hammer", timeframe="15m", target_vnd=None).id
    top = found(market, symbol="VNM", pattern="double_top", direction=-1, minutes_ago=9).id
    found(market, minutes_ago=60 * 24)  # yesterday's
    assert shown(desk) == [hammer, bottom, top] or shown(desk) == [bottom, hammer, top]
    assert set(shown(desk, what="chart")) == {bottom, top}
    assert shown(desk, what="candles") == [hammer]
    assert shown(desk, what="double_top") == [top]
    assert shown(desk, timeframe="15m") == [hammer]
    assert shown(desk, direction="down") == [top]
    assert shown(desk, show="watched") == []
    for owner, symbol in (("trader", "VNM"), ("trader", "FPT"), ("trader2", "SSI")):
        listed = {"name": symbol, "symbols": [symbol]}
        made = desk.client(owner).post("/api/v1/watchlists/", listed, content_type="application/json")
        assert made.status_code == 201
    assert set(shown(desk, show="watched")) == {hammer, top}
    assert set(shown(desk, what="nonsense", timeframe="2h", direction="left")) == {bottom, hammer, top}


def test_empty_lists_say_why(desk, market):
    client = desk.client("trader")
    assert "No pattern yet today" in client.get("/patterns/").content.decode()
    assert "No pattern of today matches" in client.get("/patterns/?direction=up").content.decode()


def test_what_a_chart_is_given(desk, market):
    row = found(market)
    found(market, symbol="VNM")
    (given,) = desk.client("trader").get("/symbols/SSI/patterns/").json()["patterns"]
    assert (given["id"], given["name"], given["level"], given["target_vnd"]) == (
        row.id,
        "Double bottom",
        "25.10",
        26_050,
    )
    assert given["points"] == [[at // 1000, price] for at, price in row.points]
    assert given["time"] == row.points[-1][0] // 1000
    assert desk.client("trader").get("/symbols/NOPE/patterns/").status_code == 404


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_pattern_that_is_stored_has_a_name(language):
    stored = set(CHART_PATTERNS) | (set(candle_patterns_known()) - COMMONPLACE)
    assert set(CHART | CANDLES) == stored
    with translation.override(language):
        names = [pattern_label(name) for name in stored]
        assert len(set(names)) == len(stored)
        assert (pattern_label("double_top") == "Hai đỉnh") is (language == "vi")
