"""Limits in the admin: the risk officer edits, everybody else may at most look."""

from http import HTTPStatus

import pytest
from django.urls import reverse

from apps.eventlog import selectors as eventlog
from apps.risk import selectors, services
from apps.risk.models import RiskLimit
from apps.risk.tests.conftest import MONDAY, OFFICER, check, codes
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.domain.errors import RuleCode

NOBODYS_ID = "5525cb34-b425-4977-bd96-01e3de82e564"

VALUE = RuleCode.ORDER_VALUE_EXCEEDS_MAX
LIST = "admin:risk_risklimit_changelist"


@pytest.fixture
def officer(account_id):
    return verified_client(make_user("officer", Role.RISK_OFFICER))


def current() -> RiskLimit:
    return RiskLimit.objects.get(code=VALUE, scope="firm", is_current=True)


def page() -> str:
    return reverse("admin:risk_risklimit_change", args=[current().pk])


def form(**changed) -> dict[str, object]:
    return {"limit": "5000000", "is_active": "on", "reason": "volatile morning", "seen_version": "1"} | changed


def test_a_lowered_limit_acts_on_the_next_order(account_id, officer):
    assert check(account_id, "BUY 300 SSI @ 25000") == ()
    answer = officer.post(page(), form())
    assert answer.status_code == HTTPStatus.FOUND
    assert answer["Location"] == reverse(LIST)
    assert codes(check(account_id, "BUY 300 SSI @ 25000")) == ["ORDER_VALUE_EXCEEDS_MAX"]
    newest, oldest = selectors.limit_history(VALUE, "firm")
    assert (newest.version, newest.limit, newest.reason) == (2, 5_000_000, "volatile morning")
    assert newest.changed_by.startswith("user:")
    assert (oldest.version, oldest.limit) == (1, 2_000_000_000)
    assert eventlog.history(topic="risk.limit.changed")[0].body["limit_after"] == 5_000_000


def test_saving_and_going_on_editing_shows_the_new_version(officer):
    answer = officer.post(page(), form(_continue="1"), follow=True)
    assert answer.status_code == HTTPStatus.OK
    assert answer.redirect_chain[-1][0] == page()
    text = answer.content.decode()
    assert "volatile morning" in text
    assert "2,000,000,000" in text  # the version before it


@pytest.mark.parametrize(
    "wrong",
    [{"reason": ""}, {"reason": "why"}, {"limit": "-1"}, {"limit": "1.5"}, {"limit": ""}, {"limit": "a lot"}],
    ids=str,
)
def test_what_cannot_be_a_change_is_refused_on_the_page_and_changes_nothing(officer, wrong):
    answer = officer.post(page(), form(**wrong))
    assert answer.status_code == HTTPStatus.OK
    assert answer.context["adminform"].form.errors
    assert (current().version, current().limit) == (1, 2_000_000_000)


def test_what_the_limit_means_cannot_be_edited(officer):
    officer.post(page(), form(code="OPEN_ORDERS_EXCEED_MAX", scope="symbol", scope_id="SSI"))
    assert (current().scope, current().limit) == ("firm", 5_000_000)
    assert RiskLimit.objects.filter(scope="symbol").exists() is False


def test_who_saves_over_somebody_elses_change_is_told(officer):
    address = page()
    services.change_limit(code=VALUE, limit=7_000_000, reason="other officer", actor=OFFICER, now=MONDAY)
    answer = officer.post(page(), form(seen_version="1"), follow=True)
    assert current().limit == 7_000_000
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["error"]
    assert officer.post(address, form()).status_code == HTTPStatus.FOUND  # a version of the past has no page
    assert current().limit == 7_000_000


def test_a_limit_for_one_symbol_is_added_and_binds(account_id, officer):
    officer.post(
        reverse("admin:risk_risklimit_add"), form(code=VALUE, scope="symbol", scope_id="SSI", seen_version="0")
    )
    (breach,) = check(account_id, "BUY 300 SSI @ 25000")
    assert breach.limit == 5_000_000


@pytest.mark.parametrize(
    ("scope", "scope_id"),
    [
        ("firm", ""),
        ("firm", "x"),
        ("symbol", ""),
        ("symbol", "XXX"),
        ("account", NOBODYS_ID),
        ("strategy", "s-1"),
    ],
)
def test_a_limit_for_nothing_that_exists_or_twice_is_not_added(officer, scope, scope_id):
    before = RiskLimit.objects.count()
    answer = officer.post(
        reverse("admin:risk_risklimit_add"), form(code=VALUE, scope=scope, scope_id=scope_id, seen_version="0")
    )
    assert answer.status_code == HTTPStatus.OK
    assert answer.context["adminform"].form.errors
    assert RiskLimit.objects.count() == before


SECTOR_LIMITS = [
    {"code": VALUE, "limit": 1_000_000, "scope": "sector", "scope_id": "Brokers"},
    {"code": RuleCode.SECTOR_CONCENTRATION_EXCEEDS_MAX, "limit": 2_000},
]


@pytest.mark.parametrize("limit", SECTOR_LIMITS, ids=["of the sector", "of concentration"])
def test_nobody_takes_a_security_out_of_a_sector_that_a_limit_counts(account_id, officer, limit):
    """It would loosen the limit, and that takes two."""
    officer.post(reverse("admin:risk_securitysector_add"), {"symbol": "SSI", "sector": "Brokers"})
    officer.post(reverse("admin:risk_securitysector_add"), {"symbol": "HPG", "sector": "Steel"})
    services.change_limit(**limit, reason="test", actor=OFFICER, now=MONDAY)
    officer.post(reverse("admin:risk_securitysector_change", args=["SSI"]), {"symbol": "SSI", "sector": "Steel"})
    officer.post(reverse("admin:risk_securitysector_change", args=["HPG"]), {"symbol": "SSI", "sector": "Steel"})
    officer.post(reverse("admin:risk_securitysector_delete", args=["SSI"]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": ["SSI"], "post": "yes"}
    officer.post(reverse("admin:risk_securitysector_changelist"), chosen)
    assert selectors.sectors(["SSI"]) == {"SSI": "Brokers"}


def test_a_sector_that_no_limit_counts_is_corrected_by_one(account_id, officer):
    officer.post(reverse("admin:risk_securitysector_add"), {"symbol": "SSI", "sector": "Banks"})
    officer.post(reverse("admin:risk_securitysector_change", args=["SSI"]), {"sector": "Brokers"})
    assert selectors.sectors(["SSI"]) == {"SSI": "Brokers"}
    officer.post(reverse("admin:risk_securitysector_delete", args=["SSI"]), {"post": "yes"})
    assert selectors.sectors(["SSI"]) == {}


@pytest.mark.parametrize("spelt", [str.upper, lambda text: text.replace("-", "")])
def test_an_account_spelt_as_no_order_spells_it_gets_no_limit(account_id, officer, spelt):
    """It would stand in the list and never act."""
    given = form(code=VALUE, scope="account", scope_id=spelt(str(account_id)), seen_version="0")
    answer = officer.post(reverse("admin:risk_risklimit_add"), given)
    assert answer.context["adminform"].form.errors
    assert RiskLimit.objects.filter(scope="account").exists() is False


@pytest.mark.parametrize(
    ("roles", "may_look"), [([Role.OPERATOR], True), ([Role.ADMINISTRATOR], True), ([Role.TRADER], False)], ids=str
)
def test_other_roles_change_nothing(account_id, roles, may_look):
    person = verified_client(make_user("person", *roles))
    assert (person.get(reverse(LIST)).status_code == HTTPStatus.OK) is may_look
    assert person.post(page(), form()).status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.FOUND}
    assert (current().version, current().limit) == (1, 2_000_000_000)


def test_not_even_a_superuser_sets_limits(account_id):
    root = make_user("root")
    root.is_superuser = root.is_staff = True
    root.save()
    assert verified_client(root).post(page(), form()).status_code == HTTPStatus.FORBIDDEN
    assert current().version == 1


def test_no_limit_can_be_deleted(officer):
    address = reverse("admin:risk_risklimit_delete", args=[current().pk])
    assert officer.post(address, {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN
    officer.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [current().pk], "post": "yes"})
    assert RiskLimit.objects.count() == 5


def test_a_raised_limit_waits_for_a_second_officer(account_id, officer):
    answer = officer.post(page(), form(limit="3000000000"), follow=True)
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["warning", "success"]
    assert (current().version, current().limit) == (1, 2_000_000_000)
    [asked] = selectors.open_proposals()
    assert asked.lines == ("ORDER_VALUE_EXCEEDS_MAX firm: 2,000,000,000 → 3,000,000,000",)
    listed = officer.get(reverse("admin:risk_changeproposal_changelist")).content.decode()
    assert "volatile morning" in listed
    assert officer.post(reverse("admin:risk_changeproposal_change", args=[asked.id])).status_code == 403


def test_a_raise_beyond_the_days_cap_is_refused_with_the_reason(officer):
    answer = officer.post(page(), form(limit="4000000001"), follow=True)
    assert ["hôm nay chỉ được tới 4,000,000,000." in str(message) for message in answer.context["messages"]] == [True]
    assert selectors.open_proposals() == []


def test_an_officer_stops_a_scope_in_the_administration_and_cannot_let_go_there(officer):
    address = reverse("admin:risk_killswitch_add")
    for nothing in ("planet:x", "symbol:SS1", "user:999999", f"account:{NOBODYS_ID}"):
        assert officer.post(address, {"scope": nothing, "reason": "storm"}).status_code == HTTPStatus.OK
    for _ in range(2):  # the second time it is there already
        assert officer.post(address, {"scope": "symbol:SSI", "reason": "storm"}).status_code == HTTPStatus.FOUND
    (switch,) = selectors.kill_switches(engaged_only=True)
    assert (switch.scope, switch.reason, switch.allows_reducing) == ("symbol:SSI", "storm", False)
    person = verified_client(make_user("operator", Role.OPERATOR))
    assert person.post(address, {"scope": "firm", "reason": "storm"}).status_code == HTTPStatus.FORBIDDEN
    assert [found.scope for found in selectors.kill_switches()] == ["symbol:SSI"]


def test_switches_are_shown_and_not_edited(officer):
    services.engage_kill_switch(scope="firm", reason="storm", actor=OFFICER, now=MONDAY)
    assert "storm" in officer.get(reverse("admin:risk_killswitch_changelist")).content.decode()
    answer = officer.post(reverse("admin:risk_killswitch_change", args=["firm"]), {"reason": "x"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert selectors.kill_switches()[0].reason == "storm"


def test_what_a_change_would_do_is_asked_with_the_forms_numbers_and_nothing_is_saved(officer):
    assert 'name="_what_if"' in officer.get(page()).content.decode()
    asked = officer.post(page(), form(reason="", code="OPEN_ORDERS_EXCEED_MAX", _what_if="1"))
    told = "code=ORDER_VALUE_EXCEEDS_MAX&scope=firm&scope_id=&limit=5000000&is_active=1"
    assert asked["Location"] == f"{reverse('portal:what-if')}?{told}"
    new = {"code": "OPEN_ORDERS_EXCEED_MAX", "scope": "symbol", "scope_id": "SSI", "limit": "7", "_what_if": "1"}
    added = officer.post(reverse("admin:risk_risklimit_add"), new)
    told = "code=OPEN_ORDERS_EXCEED_MAX&scope=symbol&scope_id=SSI&limit=7&is_active=0"
    assert added["Location"] == f"{reverse('portal:what-if')}?{told}"
    assert (current().version, current().limit) == (1, 2_000_000_000)
    assert RiskLimit.objects.filter(scope="symbol").exists() is False


def test_the_history_says_what_each_version_changed(officer, account_id):
    officer.post(page(), form(limit="5000000"))
    officer.post(page(), form(limit="4000000", seen_version="2"))
    text = officer.get(page()).content.decode()
    assert "v3 · 5,000,000 → 4,000,000 (" in text
    assert "v2 · 2,000,000,000 → 5,000,000 (" in text
    assert "v1 · 2,000,000,000 · " in text
