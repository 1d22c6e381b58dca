"""The design system's page: what static/css/tokens.css says, read from the file itself: the two cannot differ."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.portal.views.access import EVERYBODY, page
from apps.portal.views.shortcuts import shortcuts

THEMES = ("dark", "light")
SIZES = "sizes"
_BLOCK = re.compile(r"(?P<names>[^{}]+)\{(?P<body>[^{}]*)\}")
_THEME = re.compile(r'data-(?:theme|density)="(\w+)"')
_TOKEN = re.compile(r"--([a-z0-9-]+):\s*([^;]+);")


@dataclass(frozen=True, slots=True)
class Colour:
    token: str
    values: tuple[str, ...]  # in the order of THEMES


@require_GET
@page(*EVERYBODY)
def design(request: HttpRequest) -> HttpResponse:
    """Colours, signs and shortcuts: a help page for people, and the design system for whoever extends the portal."""
    samples = [
        ("c-ceiling", _("Ceiling"), "26.75"),
        ("c-up", _("Up"), "25.30"),
        ("c-reference", _("Reference"), "25.00"),
        ("c-down", _("Down"), "24.70"),
        ("c-floor", _("Floor"), "23.25"),
    ]
    sizes = tokens()[SIZES]
    context = {
        "samples": samples,
        "themes": [("dark", _("Dark")), ("light", _("Light"))],
        "colours": list(colours()),
        "letters": [(name, value) for name, value in sizes.items() if name.startswith("fs")],
        "cell_heights": [sizes["cell-h"], tokens()["compact"]["cell-h"]],
        "shortcuts": shortcuts(),
        "measures": [(name, value) for name, value in sizes.items() if not name.startswith(("fs", "font", "mono"))],
    }
    return render(request, "portal/design.html", context)


def colours() -> Iterator[Colour]:
    """Every token that is a colour, with its value in each theme."""
    dark, light = (tokens()[theme] for theme in THEMES)
    for name, value in dark.items():
        if value.startswith("#"):
            yield Colour(name, (value, light[name]))


@cache
def tokens() -> dict[str, dict[str, str]]:
    """By theme or density, and the sizes that all themes share."""
    text = (settings.BASE_DIR / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found: dict[str, dict[str, str]] = {}
    for block in _BLOCK.finditer(text):
        theme = _THEME.search(block["names"])
        if theme or ":root" in block["names"]:
            found[theme[1] if theme else SIZES] = dict(_TOKEN.findall(block["body"]))
    return found
