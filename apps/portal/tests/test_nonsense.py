"""What no page asks for is refused or passed over, and never a server error."""

import pytest
from django.apps import apps

from apps.strategies.tests.test_attendance import RULES

HTMX = {"HX-Request": "true"}


@pytest.fixture
def strategy(desk):
    return apps.get_model("strategies", "Strategy").objects.first()


@pytest.fixture
def client(desk, settings, tmp_path):
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    return desk.client("trader")


@pytest.mark.parametrize("day", ["0001-01-01", "2000-07-27", "9999-12-31", "2026-11-23T10:00", "monday"])
def test_a_day_that_is_none_shows_today(day, client, strategy):
    for address in ("/strategies/signals/", f"/strategies/{strategy.id}/why/"):
        page = client.get(address, {"day": day})
        assert (page.status_code, b"2026" in page.content) == (200, True), address
    assert client.get("/strategies/signals.csv", {"day": day})["Content-Disposition"].endswith('2026-11-23.csv"')


@pytest.mark.parametrize(("day", "status"), [("0001-01-01", 400), ("2000-07-27", 400), ("2000-07-28", 200)])
def test_over_rest_a_day_before_the_first_one_is_refused(day, status, client, strategy):
    assert client.get(f"/api/v1/strategies/{strategy.id}/day/", {"day": day}).status_code == status


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/strategies/new/", {"name": "\x00", "code": "moving_average_cross", "symbols": "SSI"}),
        ("/strategies/rules-check/", {"text": RULES, "name": "a\x00"}),
        ("/strategies/rules-preview/", {"text": RULES, "symbol": "SSI\x00"}),
        ("/strategies/rules-check/", {"text\x00": RULES}),
    ],
)
def test_the_character_that_no_database_takes_is_refused(address, typed, client):
    assert client.post(address, typed, headers=HTMX).status_code == 400


@pytest.mark.parametrize(
    "address", ["/backtests/?strategy=%00", "/strategies/signals/?symbol=%00", "/orders/?symbol=%00"]
)
def test_nor_does_an_address_hold_it(address, client):
    assert client.get(address).status_code == 400
