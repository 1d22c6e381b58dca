"""The identity pages speak Vietnamese and English, and every text of theirs has both."""

import gettext
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client

ROOT = Path(settings.BASE_DIR)
TEMPLATES = [*(ROOT / "templates/account").rglob("*.html"), *(ROOT / "templates/mfa").rglob("*.html")]
MODULES = [
    path
    for app in ("sso", "eventlog", "configuration")
    for path in (ROOT / "apps" / app).rglob("*.py")
    if not {"tests", "migrations"} & set(path.parts)
]
IN_TEMPLATES = re.compile(r"""\{% translate (["'])(.+?)\1 %\}""")
IN_MODULES = re.compile(r"""\b(?:_|gettext|gettext_lazy)\(\s*"([^"]+)"\)""")
ALIKE_IN_BOTH = {"version", "PIN"}  # the catalogue of a library before ours says so; a word of both languages


def texts():
    for path in TEMPLATES:
        yield from (text for _, text in IN_TEMPLATES.findall(path.read_text(encoding="utf-8")))
    for path in MODULES:
        yield from IN_MODULES.findall(path.read_text(encoding="utf-8"))


def test_every_text_has_a_vietnamese_form():
    with translation.override("vi"):
        missing = [text for text in set(texts()) - ALIKE_IN_BOTH if translation.gettext(text) == text]
    assert missing == []
    assert len(set(texts())) > 80, "the patterns above find the texts"


def test_the_compiled_catalogue_is_that_of_the_source():
    """Of the words of libraries."""
    folder = ROOT / "locale/of_libraries/vi/LC_MESSAGES"
    source = (folder / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, re.MULTILINE)
    assert len(pairs) > 20
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert [text for text, wanted in pairs if compiled.gettext(text) != wanted] == []


LOG_IN = {"vi": "Đăng nhập", "en": "Log in"}


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_log_in_page_in_both_languages(language):
    client = Client(headers={"accept-language": language})
    shown = client.get(reverse("account_login")).content.decode()
    assert LOG_IN[language] in shown
    assert 'name="login"' in shown
    assert 'autocomplete="current-password"' in shown


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    "name",
    [
        "account_logout",
        "account_reauthenticate",
        "account_change_password",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
    ],
)
def test_every_page_opens_in_both_languages(name, language):
    client = verified_client(make_user("trader-x", Role.TRADER), Client(headers={"accept-language": language}))
    session = client.session
    records = [{"method": "password", "at": 4_000_000_000.0}]  # logged in a moment ago, for the pages that ask
    session["account_authentication_methods"] = records
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    answer = client.get(reverse(name))
    assert answer.status_code == HTTPStatus.OK
    assert f'<html lang="{language}"' in answer.content.decode()


@pytest.mark.django_db
def test_the_enrolment_page_shows_picture_and_key_and_no_foreign_address(client):
    client.force_login(make_user("novice", Role.TRADER, with_factor=False))
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 4_000_000_000.0}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    shown = client.get(reverse("mfa_activate_totp")).content.decode()
    assert 'src="data:image/svg+xml;base64,' in shown
    assert client.session["mfa.totp.secret"] in shown
    assert not re.search(r'(?:src|href)="https?://', shown)


@pytest.mark.django_db
def test_after_minutes_the_enrolment_asks_for_the_password_again(client):
    client.force_login(make_user("novice", Role.TRADER, with_factor=False))
    answer = client.get(reverse("mfa_activate_totp"))
    assert (answer.status_code, answer.url.partition("?")[0]) == (HTTPStatus.FOUND, reverse("account_reauthenticate"))
