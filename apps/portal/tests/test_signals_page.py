"""The signals of a day: lanes, filters, pages, CSV."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps

Decision = apps.get_model("strategies", "Decision")
Strategy = apps.get_model("strategies", "Strategy")


SKIPPED = "already holding or working towards the target"


@pytest.fixture
def signals(desk, market):
    """Three a minute on one strategy: sent, refused, come to nothing."""
    strategy = Strategy.objects.order_by("name").first()
    kinds = [("SUBMITTED", ""), ("DENIED", "BUYING_POWER_EXCEEDED"), ("SKIPPED", SKIPPED)]
    made = []
    for minute in range(20):
        for number, (outcome, reason) in enumerate(kinds):
            made.append(
                Decision(
                    id=uuid4(), strategy=strategy, account_id=desk.mine, symbol=["SSI", "HPG", "VNM"][number],
                    side="" if outcome == "SKIPPED" else "BUY", quantity=100, signal=f"signal {minute}",
                    wal_position="1:8", ts_received_ns=1, decided_at=market.day - timedelta(minutes=minute),
                    outcome=outcome, outcome_reason=reason,
                )
            )  # fmt: skip
    Decision.objects.bulk_create(made)
    return strategy


def page(desk, query="", name="trader", **headers) -> str:
    return desk.client(name).get(f"/strategies/signals/{query}", headers=headers).content.decode()


def test_each_signal_is_a_dot_with_its_outcome_and_a_row(desk, signals):
    shown = page(desk)
    assert [shown.count(f"mark-dot mark-{outcome}") for outcome in ["SHADOWED", "SUBMITTED", "DENIED", "SKIPPED"]] == [
        0,
        20,
        20,
        20,
    ]
    assert shown.count("data-lane=") == 1
    assert shown.count("data-decision=") == 50
    assert "it holds, or has on order, what it wants already" in shown
    assert "Buying power does not cover" in shown
    assert f"/strategies/{signals.id}/why/?day=2026-11-23&amp;symbol=VNM" in shown
    second = page(desk, "?page=2")
    assert second.count("data-decision=") == 10
    assert "Newer" in second


@pytest.mark.parametrize(
    ("query", "rows", "lanes"),
    [
        ("?lane=symbol", 50, 3),
        ("?symbol=hpg", 20, 1),
        ("?outcome=DENIED&lane=symbol", 20, 1),
        ("?outcome=nonsense&page=x&strategy=y&day=z", 50, 1),
        ("?day=2026-11-20", 0, 0),
        ("?strategy=9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11", 0, 0),
    ],
)
def test_filters(desk, signals, query, rows, lanes):
    shown = page(desk, query)
    assert (shown.count("data-decision="), shown.count("data-lane=")) == (rows, lanes)


def test_others_see_none_of_it_and_htmx_gets_the_body(desk, signals):
    assert "data-decision=" not in page(desk, name="trader2")
    body = page(desk, **{"HX-Request": "true"})
    assert "<html" not in body
    assert 'id="lanes"' in body


def test_the_file_holds_what_the_filter_chooses(desk, signals):
    answer = desk.client("trader").get("/strategies/signals.csv?outcome=DENIED")
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 21
    assert rows[0].startswith("decided_at,strategy_name,symbol,side")
    assert all("BUYING_POWER_EXCEEDED" in row for row in rows[1:])
    assert "2026-11-23T10:00:0" in rows[1]


def test_a_page_costs_the_same_however_many_there_are(desk, signals, django_assert_max_num_queries):
    client = desk.client("trader")
    client.get("/strategies/signals/")
    with django_assert_max_num_queries(45):
        client.get("/strategies/signals/")
