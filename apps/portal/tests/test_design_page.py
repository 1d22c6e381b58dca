"""The design system's page names every colour of the style sheet, in both themes; the admin is of one piece with it."""

import re

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone

from apps.portal.views.design import SIZES, colours, tokens
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client

SHEET = settings.BASE_DIR / "static" / "css" / "tokens.css"


def test_every_colour_is_there_in_both_themes():
    found = {colour.token: colour.values for colour in colours()}
    assert found["up"] == ("#2fd180", "#0b7a40")
    assert found["bg"] == ("#090c12", "#eef1f6")
    written = set(re.findall(r"--([a-z0-9-]+): #", SHEET.read_text()))
    assert set(found) == written
    assert all(re.fullmatch("#[0-9a-f]{6}([0-9a-f]{2})?", value) for values in found.values() for value in values)


def test_sizes_are_those_of_all_themes():
    assert tokens()[SIZES]["fs"] == "0.8125rem"
    assert (tokens()[SIZES]["cell-h"], tokens()["compact"]["cell-h"]) == ("38px", "28px")
    assert not {name for name in tokens()[SIZES] if name in tokens()["dark"]}


@pytest.mark.django_db
def test_the_page_shows_them():
    page = verified_client(make_user("reader", Role.OPERATOR)).get("/design/").content.decode()
    for shown in ("--flash-up", "#2fd180 #0b7a40", "--cell-h: 38px · 28px", 'data-theme="light"'):
        assert shown in page


@pytest.mark.django_db
def test_the_admin_looks_like_the_portal_and_leads_to_its_pages():
    apps.get_model("marketdata", "Security").objects.create(
        symbol="SSI", exchange="HOSE", kind="STOCK", updated_at=timezone.now()
    )
    client = verified_client(make_user("boss", Role.ADMINISTRATOR))
    row = client.get("/admin/marketdata/security/SSI/change/").content.decode()
    assert 'href="/symbols/SSI/"' in row
    assert "js/admin-theme.js" in row
    assert 'name="_save"' not in row  # looked at, not edited
    assert 'href="/symbols/' not in client.get("/admin/marketdata/security/").content.decode()
