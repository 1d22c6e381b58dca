"""The sessions that a person has open, ended one by one or all but this one; and preferences that follow the person."""

from http import HTTPStatus

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.eventlog import selectors as eventlog
from apps.sso import selectors, services
from apps.sso.selectors import Role, SessionEnd
from apps.sso.services import sessions as session_services
from apps.sso.tests.sessions import PASSWORD, make_user, verified_client

pytestmark = pytest.mark.django_db(transaction=True)
SETTINGS, PREFERENCES = "/settings/", "/api/v1/preferences/"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture(autouse=True)
def fresh_rate_limits():
    cache.clear()


@pytest.fixture
def trader():
    return make_user("trader-x", Role.TRADER)


def logged_in(user, agent=CHROME, **more):
    """Through the pages of log-in, as a browser at an address of its own."""
    client = Client(headers={"user-agent": agent, "accept-language": "en"}, **more)
    client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    cache.clear()  # a code works once; both log in within its half minute
    answer = client.post(reverse("mfa_authenticate"), {"code": services.current_code(user.username)})
    assert answer.status_code == HTTPStatus.FOUND
    return client


def is_open(client) -> bool:
    return client.get(SETTINGS).status_code == HTTPStatus.OK


def shown(client, user):
    return selectors.sessions_of(user, client.session.session_key)


def test_the_page_lists_device_address_and_the_one_that_looks(trader):
    desk, phone = logged_in(trader), logged_in(trader, PHONE, REMOTE_ADDR="10.9.8.7")
    assert [(one.ip_address, one.is_current) for one in shown(phone, trader)] == [
        ("10.9.8.7", True),
        ("127.0.0.1", False),
    ]
    page = desk.get(SETTINGS).content.decode()
    assert page.index("Chrome · Linux") < page.index("Safari · iPhone")
    assert "10.9.8.7" in page
    for one in UserSession.objects.all():
        assert one.session_key not in page


def test_ending_a_session_closes_it_alone_and_is_told(trader):
    desk, phone, third = logged_in(trader), logged_in(trader, PHONE), logged_in(trader)
    known = selectors.OpenSession(phone.session.session_key, trader.pk, frozenset({Role.TRADER}))
    assert selectors.session_ends([known]) == [None]
    [row] = UserSession.objects.filter(session_key=phone.session.session_key)
    assert desk.post(f"/settings/sessions/{row.pk}/end/").status_code == HTTPStatus.FOUND
    assert selectors.session_ends([known]) == [SessionEnd.LOGGED_OUT]  # what closes its sockets
    assert [is_open(client) for client in (desk, phone, third)] == [True, False, True]
    [event] = eventlog.history(topic="identity.session.ended")
    assert (event.actor, event.body["username"], event.ip_address) == (f"user:{trader.pk}", "trader-x", "127.0.0.1")
    assert desk.post(f"/settings/sessions/{row.pk}/end/").status_code == HTTPStatus.NOT_FOUND
    mine = UserSession.objects.get(session_key=desk.session.session_key)
    assert desk.post(f"/settings/sessions/{mine.pk}/end/").status_code == HTTPStatus.NOT_FOUND


def test_ending_all_others_keeps_this_one(trader):
    desk, phone, third = logged_in(trader), logged_in(trader, PHONE), logged_in(trader)
    assert desk.post("/settings/sessions/end-others/").status_code == HTTPStatus.FOUND
    assert [is_open(client) for client in (desk, phone, third)] == [True, False, False]
    assert len(eventlog.history(topic="identity.session.ended")) == 2


def test_nobody_ends_the_session_of_somebody_else(trader):
    victim, stranger = logged_in(trader), logged_in(make_user("trader-y", Role.TRADER))
    [row] = UserSession.objects.filter(user=trader)
    assert stranger.post(f"/settings/sessions/{row.pk}/end/").status_code == HTTPStatus.NOT_FOUND
    assert stranger.post("/settings/sessions/end-others/").status_code == HTTPStatus.FOUND
    assert is_open(victim)


def test_what_ended_by_itself_is_not_listed(trader):
    desk, phone = logged_in(trader), logged_in(trader, PHONE)
    phone.post(reverse("account_logout"))
    assert len(shown(desk, trader)) == 1
    assert UserSession.objects.count() == 2, "allauth sweeps it out at the next log-in"


def test_a_session_is_seen_once_a_minute_and_keeps_its_beginning_under_a_new_key(trader, monkeypatch):
    desk = logged_in(trader)
    [before] = shown(desk, trader)
    assert is_open(desk)
    assert shown(desk, trader) == [before]
    monkeypatch.setattr(session_services, "_noted_at", {})
    assert is_open(desk)
    [after] = shown(desk, trader)
    assert (after.id, after.started_at) == (before.id, before.started_at)
    assert after.last_seen_at > before.last_seen_at


def test_another_browser_shows_the_same_language_theme_and_density(trader):
    desk, phone = (verified_client(trader, Client(headers={"accept-language": "en"})) for _ in range(2))
    assert 'lang="en" data-theme="dark" data-density="roomy"' in phone.get(SETTINGS).content.decode()
    desk.post(SETTINGS, {"language": "vi", "theme": "light", "density": "compact"})
    assert 'lang="vi" data-theme="light" data-density="compact"' in phone.get(SETTINGS).content.decode()


def test_the_switch_of_languages_is_kept_for_the_person(trader):
    desk, phone = (verified_client(trader, Client(headers={"accept-language": "en"})) for _ in range(2))
    desk.post(reverse("set_language"), {"language": "vi", "next": "/settings/"})
    assert '<html lang="vi"' in phone.get(SETTINGS).content.decode()
    assert desk.post(reverse("set_language"), {"language": "xx"}).status_code == HTTPStatus.FOUND
    assert '<html lang="vi"' in phone.get(SETTINGS).content.decode()


@pytest.mark.parametrize("chosen", [{"theme": "pink"}, {"density": "x"}, {"language": "de"}, {"password": "x"}])
def test_what_nobody_can_choose_changes_nothing(chosen, trader):
    client = verified_client(trader)
    assert client.patch(PREFERENCES, chosen, content_type="application/json").status_code == 400
    client.post(SETTINGS, chosen)
    assert client.get(PREFERENCES).json() == {"language": "", "theme": "", "density": ""}


def test_over_rest_what_is_left_out_stays(trader):
    client = verified_client(trader)
    for chosen in ({"theme": "light"}, {"density": "compact"}):
        assert client.patch(PREFERENCES, chosen, content_type="application/json").status_code == 200
    assert client.get(PREFERENCES).json() == {"language": "", "theme": "light", "density": "compact"}
