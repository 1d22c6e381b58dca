"""What the browser gets: vendored files as their makers published them, no inline code, both languages complete."""

import gettext
import hashlib
import json
import re
from pathlib import Path

from django.conf import settings

from apps.portal.views.wording import client_messages

ROOT = Path(settings.BASE_DIR)
VENDOR = ROOT / "static" / "vendor"
CATALOGUE = ROOT / "locale" / "vi" / "LC_MESSAGES"


def test_vendored_files_are_those_of_the_manifest():
    manifest = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert present == manifest


def test_every_vendored_package_brings_its_licence():
    packages = {path.parent for path in VENDOR.rglob("*") if path.is_file()} - {VENDOR}
    assert len(packages) == 3
    assert [package.name for package in packages if not (package / "LICENSE").is_file()] == []
    assert "TradingView" in next(VENDOR.glob("lightweight-charts/*/NOTICE")).read_text(encoding="utf-8")


def test_the_versions_in_package_json_are_the_vendored_ones():
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    vendored = {path.name: {version.name for version in path.iterdir()} for path in VENDOR.iterdir() if path.is_dir()}
    assert vendored == {
        "inter": {wanted["@fontsource-variable/inter"]},
        "lightweight-charts": {wanted["lightweight-charts"]},
        "lucide": {wanted["lucide-static"]},
    }


def test_templates_hold_no_inline_code():
    """The Content-Security-Policy would block it; a data block (`json_script`) is not code."""
    offences = [
        (path.name, found.group())
        for path in (ROOT / "templates").rglob("*.html")
        for found in re.finditer(
            r'\sstyle="|\son[a-z]+="|<style|<script(?![^>]*\ssrc=)|javascript:|hx-on|hx-vals="js',
            path.read_text(encoding="utf-8"),
        )
    ]
    assert offences == []


def test_pages_ask_nobody_else_for_anything():
    """Links that a person may follow are fine; what a page loads comes from here."""
    loaded = re.compile(r'(?:src|action|hx-get|hx-post)="https?:|url\(["\']?https?:|from "https?:|import\("https?:')
    folders = (ROOT / "templates", ROOT / "static" / "css", ROOT / "static" / "js")
    offences = [
        path.name
        for folder in folders
        for path in folder.rglob("*.*")
        if loaded.search(path.read_text(encoding="utf-8"))
    ]
    assert offences == []


def test_every_sentence_is_translated_and_compiled():
    source = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    with (CATALOGUE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for sentence in ("Buying power", "Kill switch", "Order refused"):
        assert f'msgid "{sentence}"' in source
        assert compiled.gettext(sentence) != sentence
    assert compiled.pgettext("side of an order", "Buy") == "Mua"
    plain = re.findall(r'\n\nmsgid ("(?:[^"\\]|\\.)+")\nmsgstr ("(?:[^"\\]|\\.)+")', source)
    assert len(plain) > 300
    assert [one for one, said in plain if compiled.gettext(json.loads(one)) != json.loads(said)] == []


def test_the_words_that_scripts_say_exist():
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "static" / "js").glob("*.js"))
    used = set(re.findall(r'say\("([a-z_]+)"', scripts)) | set(re.findall(r'sayOf\("([a-z_]+)"', scripts))
    assert used <= set(client_messages())
    assert set(client_messages()) - used <= {"statuses"}
