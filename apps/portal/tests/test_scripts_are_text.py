"""A script in any text that people or other programs enter is shown as text, on every page.

Typed where people type it, and put into every other text of the database; then every page that one page links to is
read by those who may see it. Over WebSockets texts travel as JSON; that no script of ours makes markup of a text is
looked at in the scripts themselves.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, models, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from apps.portal.tests.conftest import ticket_of
from apps.portal.tests.test_books_pages import entered, upload
from apps.portal.tests.test_portfolio_pages import TYPED as ACTION
from apps.portal.tests.test_portfolio_pages import fill
from apps.portal.tests.test_rule_book_page import ASKED as RULE
from qts.domain.values import Side

SCRIPT = "<script>ran('{}')</script>"
ROOT = Path(settings.BASE_DIR)
# makes markup of a text
MAKES_MARKUP = re.compile(r"\.(?:innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write|createContextualFragment")
UNESCAPED = re.compile(r"\|\s*safe\b|autoescape off|mark_safe|\|\s*safeseq")
PAGES_MIN = 100
SEEN_LENGTH = 28  # a tag keeps no more than 30
# what a person or another program words; codes, hashes and our own words have other names
WORDED = {
    "name", "first_name", "last_name", "note", "reason", "title", "summary", "source", "detail", "resolution",
    "decision_reason", "status_reason", "outcome_reason", "trouble", "problem", "reference", "sector", "name_vi",
    "name_en", "publisher", "shown", "doubt", "evidence", "answer", "refusal", "changed_by", "proposed_by",
    "user_agent",
}  # fmt: skip
# texts that are looked up elsewhere, and code
NAMES_OF_OURS = {"configuration.SettingVersion.name", "marketdata.IngestCheckpoint.name", "risk.PreOpenState.name",
                 "strategies.StrategyVersion.source", "analytics.SourceSignal.source"}  # fmt: skip
ADMIN_LISTS = ["/admin/risk/killswitch/", "/admin/strategies/strategy/", "/admin/sso/user/"]
# all symbols have one page; files hold no markup
NOT_FOLLOWED = re.compile(r"^/(?:accounts|i18n|api|static|admin)/|^/symbols/(?!SSI/)|/export|\.csv$|/download/|/pdf/")


def script(marker: str) -> str:
    return SCRIPT.format(marker)


@pytest.fixture
def typed(desk, settings, tmp_path) -> set[str]:
    """The markers of what was typed into the pages' own forms, each of which took it."""
    settings.STRATEGIES_DIR = tmp_path / "strategies"
    trader, risk, operator = (desk.client(name) for name in ("trader", "risk", "operator"))
    order_id = uuid4()
    markers: set[str] = set()
    fill(desk.mine, Side.BUY, 200, "f1")
    fill(desk.mine, Side.SELL, 300, "f2", order_id=order_id)

    def give(client: Client, address: str, form: dict[str, str], *fields: str, status: int = 302) -> None:
        named = {field: script(f"{address.strip('/').split('/')[0]}.{field}") for field in fields}
        answer = client.post(address, form | named)
        assert answer.status_code == status, (address, answer.status_code, answer.content.decode()[-2000:])
        markers.update(named.values())

    alert = {"kind": "PRICE_ABOVE", "symbol": "SSI", "threshold": "26.05", "cooldown": "5"}
    give(trader, "/alerts/rules/", alert, "note")
    hook = {"kind": "webhook", "target": "http://127.0.0.1:9/hook"}
    give(trader, "/alerts/channels/", hook, "name", status=200)
    give(trader, "/api-keys/", {"scope": "read", "days": "30"}, "name", status=200)
    give(trader, "/positions/portfolios/", {"act": "save", desk.mine.hex: "on"}, "name")
    give(trader, f"/positions/trades/{desk.mine}/{order_id}/note/", {}, "reason", "tags", "note")
    code = {"code": "moving_average_cross", "account": str(desk.mine), "symbols": "SSI"}
    numbers = {"parameter-fast": "5", "parameter-slow": "20", "parameter-quantity": "100"}
    give(trader, "/strategies/new/", code | numbers, "name", status=200)
    give(trader, f"/pre-open/{desk.mine}/arming/", {"act": "disarm"}, "reason", status=200)
    give(risk, "/risk/kill-switch/", {"scope": "firm", "act": "engage", "word": "STOP"}, "reason", status=200)
    give(operator, "/positions/cash-events/", entered(desk), "reference")
    give(operator, "/positions/actions/", ACTION, "source")
    give(risk, "/risk/rule-book/", RULE | {"act": "propose"}, "reason")
    trader.post("/ticket/submit/", ticket_of(desk.mine))
    listed = {"name": script("watchlist")[:40], "symbols": ["SSI"]}
    assert trader.post("/api/v1/watchlists/", listed, content_type="application/json").status_code == 201
    return markers


@pytest.fixture
def everywhere(typed) -> set[str]:
    """And in every other worded text of what is in the database."""
    for model in apps.get_models():
        if model.__module__.startswith(("apps.", "allauth.usersessions")):
            for field in model._meta.fields:
                name = f"{model._meta.label}.{field.name}"
                is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
                if is_text and field.name in WORDED and name not in NAMES_OF_OURS:
                    put_in(model, field)
    return typed


def put_in(model: type[models.Model], field: "models.Field[str, str]") -> None:
    """Rows that already hold a script keep theirs; a table that nobody may change, or that wants it once, keeps all."""
    rows = model._default_manager.exclude(**{f"{field.name}__startswith": "<script>"})
    for pk in rows.values_list("pk", flat=True):
        text = script(f"{model._meta.label}.{field.name}.{pk}")
        try:
            with transaction.atomic():
                model._default_manager.filter(pk=pk).update(**{field.name: text[: field.max_length]})
        except IntegrityError:
            return


def pages(client: Client, *, follows_links: bool) -> Iterator[str]:
    """The portal's addresses without arguments, and every page that one gets to from them by links."""
    waiting = [
        f"/{pattern.pattern}"
        for pattern in get_resolver("apps.portal.urls").url_patterns
        if isinstance(pattern, URLPattern) and "<" not in str(pattern.pattern)
    ]
    waiting += ADMIN_LISTS
    seen = set(waiting)
    while waiting:
        address = waiting.pop(0)
        answer = client.get(address)
        assert answer.status_code < 500, address
        if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
            continue
        shown = answer.content.decode()
        yield shown
        for link in re.findall(r'href="(/[^"]*)"', shown) if follows_links else []:
            path = urlsplit(html.unescape(link)).path
            if path not in seen and not NOT_FOLLOWED.search(path):
                seen.add(path)
                waiting.append(html.unescape(link))


@pytest.mark.django_db
@pytest.mark.timeout(240)
def test_no_page_makes_more_of_a_script_than_text(desk, everywhere):
    together = [*pages(desk.client("admin"), follows_links=False), *pages(desk.client("trader"), follows_links=True)]
    assert len(together) > PAGES_MIN
    assert [page[page.index("<script>ran") - 200 :][:400] for page in together if "<script>ran" in page] == []
    told = html.unescape("".join(together))
    assert {one for one in everywhere if one[:SEEN_LENGTH] not in told} == set()


@pytest.mark.parametrize("cell", ["symbol", "side", "quantity", "price"])
def test_a_script_in_a_cell_of_a_file_is_told_as_text(desk, cell):
    cells = {"symbol": "SSI", "side": "BUY", "quantity": "1000", "price": "25.00"} | {cell: script("cell")}
    file = SimpleUploadedFile("orders.csv", f"symbol,side,quantity,price\n{','.join(cells.values())}\n".encode())
    told = desk.client("trader").post("/orders/basket/", {"account": str(desk.mine), "act": "preview", "file": file})
    assert "<script>ran" not in told.content.decode()


def test_a_script_in_a_brokers_statement_is_told_as_text(desk):
    line = f"{script('day')},SSI,{script('side')},100,25000,0,0"
    heading = "Ngày GD,Mã CK,Mua/Bán,Khối lượng,Giá,Phí,Thuế\n"
    told = upload(desk.client("trader"), desk.mine, f"{heading}{line}\n").content.decode()
    assert "<script>ran" not in told


@pytest.mark.parametrize("name", ['"><img src=x onerror=ran(1)>', "{{ user }}{% now 'Y' %}"])
def test_a_strategys_name_leaves_no_attribute_and_is_no_template(desk, name):
    strategies = apps.get_model("strategies", "Strategy").objects.filter(account_id=desk.mine)
    strategies.filter(pk=strategies[0].pk).update(name=name)
    told = desk.client("trader").get("/strategies/").content.decode()
    assert html.escape(name) in told
    assert name not in told or html.escape(name) == name


def test_no_script_of_ours_makes_markup_of_a_text():
    """So what comes over WebSocket, as JSON, can only become text."""
    offences = [
        (path.name, line)
        for path in (ROOT / "static" / "js").glob("*.js")
        for line in path.read_text(encoding="utf-8").splitlines()
        if MAKES_MARKUP.search(line)
    ]
    offences += [
        (path.name, line)
        for folder in (ROOT / "templates", ROOT / "apps")
        for path in (*folder.rglob("*.html"), *folder.rglob("*.py"))
        if "tests" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if UNESCAPED.search(line)
    ]
    assert offences == []
