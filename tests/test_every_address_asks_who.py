"""No address answers somebody unknown, or a session that has shown a password only, but the few named here."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user

OPEN_TO_ALL = re.compile(
    r"""^(
        healthz | readyz | metrics
        | accounts/.*          # the log-in itself; its pages that need a user are allauth's business
        | i18n/setlang/
        | admin/logout/ | admin/jsi18n/
        | api/schema/ | api/docs/  # words about the API, no data
    )$""",
    re.VERBOSE,
)
EXAMPLES = {
    "uuid": "9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11",
    "int": "1",
    "str": "SSI",
    "slug": "ssi",
    "path": "x",
}


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route


def example(route: str) -> str:
    """A path that the route matches. Regular expressions are those of routers and of the admin's catch-all."""
    filled = re.sub(r"<(?:(\w+):)?\w+>", lambda match: EXAMPLES[match.group(1) or "str"], route)
    filled = re.sub(r"\(\?P<format>[^)]*\)", "json", filled)
    filled = re.sub(r"\(\?P<\w+>[^)]*\)", "1", filled)
    return "/" + re.sub(r"[\^$?\\]|\.\*", "", filled)


ROUTES = [route for route in addresses(get_resolver().url_patterns) if not OPEN_TO_ALL.match(route)]


def is_refusal(answer) -> bool:
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return True
    to_log_in = str(answer.get("Location", "")).startswith(("/accounts/", "/admin/login/"))
    return to_log_in and answer.status_code == HTTPStatus.FOUND


def let_through(client: Client) -> dict[str, int]:
    answers = {path: ask(client, path) for path in map(example, ROUTES)}
    return {path: answer.status_code for path, answer in answers.items() if not is_refusal(answer)}


def ask(client: Client, path: str):
    answer = client.get(path)
    return client.post(path) if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED else answer


def test_there_is_something_to_guard():
    assert len(ROUTES) > 50
    assert "" in ROUTES, "the portal's first page"


@pytest.mark.django_db
def test_somebody_unknown_gets_nothing():
    assert let_through(Client()) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("has_factor", [True, False])
def test_a_password_alone_opens_nothing(has_factor):
    everything = make_user("everything", *Role, with_factor=has_factor)
    everything.is_superuser = True
    everything.save()
    client = Client()
    client.force_login(everything)
    assert let_through(client) == {}
