"""What belongs to one trader does not exist for another: at no address of portal and API, whatever names it.

Every address is walked. One with a new kind of object fails until an object is made for it here.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.portal.tests.conftest import ticket_of
from apps.portal.tests.test_block_page import TYPED as BLOCK
from apps.portal.tests.test_conditional_pages import typed as conditional
from apps.portal.tests.test_sliced_and_basket_pages import typed as sliced

MARKER = "hidden-from-others"
ARGUMENT = re.compile(r"<(uuid|int):(\w+)>")
REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
ALERTS = re.compile(r"^alerts/(rules|channels)/<")  # back to the page, which says that there is no such thing
BODIES = {"amend/": {"quantity": 200}, "replace/": {"quantity": 200, "price_vnd": 25_000}}
PROMOTION = {"approve": True, "content_hash": "x", "reason": "read it"}
# of officers and operators: a trader gets no further than his role, or there is none
UNKNOWN = {"uuid": str(uuid4()), "int": "1"}
OF_OFFICERS = {"proposal_id", "action_id", "request_id", "promotion_id", "connection_id", "discrepancy_id"}
SHARED = {"run_id"}  # everybody reads everybody's backtests; who ends and deletes one: test_backtest_pages
# models, and what makes one of the trader's
KINDS = {
    "order_id": "orders.Order", "conditional_id": "orders.ConditionalOrder", "sliced_id": "orders.SlicedOrder",
    "basket_id": "orders.Basket", "block_id": "orders.Block", "strategy_id": "strategies.Strategy",
    "rule_id": "notifications.AlertRule", "channel_id": "notifications.Channel",
    "key_id": "sso.ApiKey", "watchlist_id": "accounts.Watchlist", "session_id": "usersessions.UserSession",
}  # fmt: skip


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif not route.startswith(("admin/", "accounts/", "api/schema", "api/docs")):
            yield route


ALL = list(routes(get_resolver().url_patterns))


def path_of(route: str, things: dict[str, str]) -> str:
    """The address with these things in their places, and what nobody has in the others."""
    found = ARGUMENT.sub(lambda named: things.get(named[2]) or UNKNOWN[named[1]], route)
    return "/" + re.sub(r"<\w+:\w+>", "2026-11-23", found)


@pytest.fixture
def owned(desk) -> dict[str, str]:
    """The trader's things by the name that addresses have for them."""
    client = desk.client("trader")
    mine = {"account": str(desk.mine)}
    asked = [
        ("/ticket/submit/", ticket_of(desk.mine)),
        ("/orders/conditional/new/", conditional(desk, act="place")),
        ("/orders/sliced/new/", sliced(desk, act="place", client_order_id=str(uuid4()))),
        ("/orders/basket/", mine | {"act": "send", "table": "SSI,BUY,100,25.00", "client_order_id": str(uuid4())}),
        (
            "/alerts/rules/",
            {"kind": "PRICE_ABOVE", "symbol": "SSI", "threshold": "26", "cooldown": "5", "note": MARKER},
        ),
        ("/alerts/channels/", {"kind": "webhook", "target": "https://example.com/hook", "name": MARKER}),
        ("/api-keys/", {"scope": "read", "days": "30", "name": MARKER}),
    ]
    for address, form in asked:
        assert client.post(address, form).status_code in {200, 302}, address
    block = BLOCK | {desk.mine.hex: "on", f"part-{desk.mine.hex}": "1000"}
    assert client.post("/orders/block/", block | {"act": "send", "client_order_id": str(uuid4())}).status_code == 302
    listed = {"name": MARKER, "symbols": ["SSI"]}
    assert client.post("/api/v1/watchlists/", listed, content_type="application/json").status_code == 201
    session = {"user": desk.users.trader, "ip": "127.0.0.1", "session_key": client.session.session_key}
    apps.get_model("usersessions.UserSession").objects.create(**session)  # as a log-in by its page makes it
    return {"account_id": str(desk.mine)} | {name: str(newest(label)) for name, label in KINDS.items()}


def newest(label: str) -> object:
    found = apps.get_model(label).objects.order_by("pk").last()
    assert found is not None, label
    return found.pk


def kept() -> dict[str, list[tuple[object, ...]]]:
    """Everything in the tables of our apps."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model.__module__.startswith("apps.") and model._meta.managed
    }


def answers(client: Client, route: str, path: str) -> Iterator[tuple[str, int]]:
    yield "GET", client.get(path).status_code
    if path.startswith("/api/"):
        body = PROMOTION if "promotions" in route else next((BODIES[end] for end in BODIES if path.endswith(end)), {})
        keyed = {"Idempotency-Key": "theirs"}
        yield "POST", client.post(path, body, content_type="application/json", headers=keyed).status_code
        yield "DELETE", client.delete(path).status_code
    else:
        yield "POST", client.post(path, {"act": "delete"}).status_code


def test_no_address_shows_or_touches_what_is_somebody_elses(desk, owned):
    stranger = desk.client("trader2")
    stranger.get("/")
    before, wrong, walked = kept(), [], 0
    for route in ALL:
        names = {name for _kind, name in ARGUMENT.findall(route)}
        if not names - SHARED:
            continue
        assert names <= owned.keys() | OF_OFFICERS, f"make one for {route}"
        path = path_of(route, owned)
        walked += 1
        for method, status in answers(stranger, route, path):
            is_told = bool(ALERTS.match(route)) and status == HTTPStatus.FOUND
            if status not in REFUSED and not is_told:
                wrong.append((method, path, status))
    assert wrong == []
    assert walked > 60
    assert kept() == before


def test_no_page_tells_of_an_account_that_is_somebody_elses(desk, owned):
    """Not unasked, and not when its address names the account."""
    stranger = desk.client("trader2")
    secret = re.compile("|".join(["0901351", MARKER, owned["order_id"], owned["basket_id"]]))
    plain = [route for route in ALL if not re.search(r"[<^(?]", route)]
    assert len(plain) > 80
    for route in plain:
        for query in ({}, {"account": owned["account_id"], "account_id": owned["account_id"]}):
            answer = stranger.get(f"/{route}", query)
            told = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, route
            assert secret.search(told.decode(errors="replace")) is None, (route, query)


def test_nothing_changes_without_the_token_of_a_page(desk):
    """Whoever is logged in, and whatever another site makes his browser send."""
    honest = desk.client("admin")
    lured = Client(enforce_csrf_checks=True)
    lured.cookies = honest.cookies
    paths = {path_of(route, {}) for route in ALL if "(" not in route}
    paths |= {"/accounts/logout/", "/accounts/login/", "/accounts/password/change/", "/i18n/setlang/", "/admin/logout/"}
    answers = {path: lured.post(path, {}, "application/json").status_code for path in paths}
    # a body of a kind that an API does not read is not looked into for a token
    refused = {HTTPStatus.FORBIDDEN, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    assert {path: status for path, status in answers.items() if status not in refused} == {}
    assert honest.get("/settings/").status_code == HTTPStatus.OK


def test_what_a_person_was_told_is_kept_in_no_cache(desk):
    client = desk.client("trader")
    for path in (
        "/",
        "/orders/",
        "/orders/export.csv",
        "/positions/",
        "/nothing/",
        "/api/v1/orders/",
        "/accounts/2fa/",
    ):
        assert client.get(path)["Cache-Control"] == "private, no-store", path
    assert "no-store" in client.get("/settings/")["Cache-Control"]
    assert client.get("/board/securities/")["Cache-Control"].startswith("private, max-age=")  # its view says so
    program = Client().get("/api/v1/orders/", headers={"Authorization": "Bearer qts_unknown"})
    assert program["Cache-Control"] == "private, no-store"
    assert not Client().get("/healthz").has_header("Cache-Control")
