"""Patterns over REST: pages, filters, and what is asked wrongly."""

import pytest
from django.test import Client

from apps.analytics.tests.test_patterns import rows
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return verified_client(make_user("trader", Role.TRADER))


def get(client, **query):
    return client.get("/api/v1/patterns/", query)


def test_a_pattern_is_told_whole(client):
    rows(1, target_vnd=120)
    assert get(client).json() == {
        "results": [
            {
                **{"id": rows_id(client), "symbol": "SSI", "timeframe": "15m", "pattern": "breakout", "direction": 1},
                **{"confirmed_at": "2026-11-23T09:15:00+07:00", "level_vnd": 100},
                **{"target_vnd": 120, "strength_percent": 50, "points": [[1, 2]], "wal_position": "1:1"},
            }
        ],
        "next": None,
    }


def rows_id(client):
    return get(client).json()["results"][0]["id"]


def test_pages_follow_each_other(client):
    rows(10)
    rows(10, symbol="VNM")
    read, query = [], {"limit": 4}
    for _ in range(9):
        answer = get(client, **query).json()
        read += [one["id"] for one in answer["results"]]
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert read == [one["id"] for one in get(client, limit=100).json()["results"]]
    assert len(read) == len(set(read)) == 10


def test_filters_are_joined(client):
    rows(2)
    rows(2, symbol="VNM", direction=-1, pattern="support", timeframe="1d")
    asked = {"symbol": "VNM", "direction": -1, "pattern": "support", "timeframe": "1d"}
    assert [one["symbol"] for one in get(client, **asked).json()["results"]] == ["VNM"]
    assert get(client, **asked | {"direction": 1}).json()["results"] == []
    assert get(client, until="2026-11-23T00:00:00Z").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"pattern": "cup"}, "pattern"),
        ({"timeframe": "2h"}, "timeframe"),
        ({"direction": 0}, "direction"),
        ({"cursor": "later"}, "cursor"),
        ({"since": "monday"}, "since"),
        ({"limit": 501}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_asked_wrongly_is_said(client, query, field):
    answer = get(client, **query)
    assert answer.status_code == 400
    assert field in str(answer.json()["context"])


def test_strangers_see_nothing():
    assert get(Client()).status_code in {401, 403}
