"""Pages ask for a log-in, then for the second factor, then for the role."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from apps.sso import services
from apps.sso.models import AllauthDevice
from apps.sso.selectors import Role, has_role, roles_of
from apps.sso.tests.sessions import make_user
from apps.sso.views import role_required

pytestmark = pytest.mark.django_db


@role_required(Role.RISK_OFFICER, Role.OPERATOR)
def officers_page(request, number=0):
    return HttpResponse(f"page {number}")


@role_required()
def everybodys_page(request):
    return HttpResponse("page")


def ask(view, user, *, is_verified=True, htmx_page="", method="get", path="/risk/?x=1", **arguments):
    headers = {"HX-Request": "true", "HX-Current-URL": htmx_page} if htmx_page else {}
    request = getattr(RequestFactory(), method)(path, headers=headers)
    request.htmx = HtmxDetails(request)
    request.user = user
    request.session = {}
    if user.is_authenticated:
        user.is_verified = lambda: is_verified
    return view(request, **arguments)


def test_somebody_unknown_is_sent_to_the_log_in_and_back():
    answer = ask(officers_page, AnonymousUser())
    assert (answer.status_code, answer.url) == (HTTPStatus.FOUND, f"{reverse('account_login')}?next=%2Frisk%2F%3Fx%3D1")


def test_a_session_without_second_factor_is_sent_to_show_it():
    answer = ask(officers_page, make_user("risk-x", Role.RISK_OFFICER), is_verified=False)
    assert answer.url.startswith(reverse("mfa_reauthenticate"))


def test_a_user_without_second_factor_is_sent_to_enrol():
    answer = ask(officers_page, make_user("risk-x", Role.RISK_OFFICER, with_factor=False), is_verified=False)
    assert answer.url.startswith(reverse("mfa_activate_totp"))


def test_the_wrong_role_gets_a_sentence_and_not_the_page(settings):
    settings.LANGUAGE_CODE = "en"
    answer = ask(officers_page, make_user("trader-x", Role.TRADER))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert b"page 0" not in answer.content


@pytest.mark.parametrize("role", [Role.RISK_OFFICER, Role.OPERATOR])
def test_each_of_the_roles_gets_the_page(role):
    answer = ask(officers_page, make_user("somebody", role), number=7)
    assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"page 7")


def test_an_administrator_is_not_by_that_a_risk_officer():
    assert ask(officers_page, make_user("boss", Role.ADMINISTRATOR)).status_code == HTTPStatus.FORBIDDEN


def test_a_page_without_roles_is_for_every_verified_session():
    nobody_special = make_user("somebody")
    assert ask(everybodys_page, nobody_special).status_code == HTTPStatus.OK
    assert ask(everybodys_page, nobody_special, is_verified=False).status_code == HTTPStatus.FOUND


def test_a_fragment_sends_the_whole_page_to_the_log_in():
    answer = ask(officers_page, AnonymousUser(), htmx_page="http://testserver/board/?symbols=VN30")
    assert answer.status_code == HTTPStatus.OK
    assert answer["HX-Redirect"] == f"{reverse('account_login')}?next=%2Fboard%2F%3Fsymbols%3DVN30"
    assert b"page" not in answer.content


def test_a_form_that_was_sent_is_not_repeated_after_the_log_in():
    assert ask(officers_page, AnonymousUser(), method="post").url == f"{reverse('account_login')}?next=%2F"


def test_a_user_made_by_code_without_a_session_is_not_verified():
    user = make_user("bot", Role.OPERATOR)
    request = RequestFactory().get("/")
    request.user = user
    assert officers_page(request).status_code == HTTPStatus.FOUND


def test_roles_are_those_of_the_groups_and_are_asked_once(django_assert_num_queries):
    user = make_user("somebody", Role.TRADER, Role.RISK_OFFICER)
    with django_assert_num_queries(1):
        assert roles_of(user) == {Role.TRADER, Role.RISK_OFFICER}
        assert has_role(user, Role.RISK_OFFICER, Role.OPERATOR)
        assert not has_role(user, Role.OPERATOR)
    services.assign_roles(user, [Role.OPERATOR])
    assert roles_of(user) == {Role.OPERATOR}
    user.is_active = False
    assert roles_of(user) == frozenset()
    assert roles_of(AnonymousUser()) == frozenset()


def test_a_superuser_is_an_administrator():
    user = make_user("root")
    user.is_superuser = True
    assert roles_of(user) == {Role.ADMINISTRATOR}
    assert AllauthDevice.objects.filter(user=user).count() == 1
