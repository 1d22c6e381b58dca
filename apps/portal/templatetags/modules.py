"""Which scripts a page needs, told in its head: the browser asks for all of them at once, not level by level."""

import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
_IMPORT = re.compile(r'from "\./([\w-]+)\.js"')


@register.simple_tag
def modules(*names: str) -> SafeString:
    """Of these scripts and all that they import, except what a script asks for later by itself."""
    wanted = dict.fromkeys(found for name in names for found in imported(name))
    return format_html_join("", '<link rel="modulepreload" href="{}">', ((static(f"js/{name}.js"),) for name in wanted))


@cache
def imported(name: str) -> tuple[str, ...]:
    folder = Path(settings.BASE_DIR) / "static" / "js"
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            waiting += _IMPORT.findall((folder / f"{one}.js").read_text(encoding="utf-8"))
    return tuple(found)
