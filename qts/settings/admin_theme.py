"""How the admin looks: the portal's colours (static/css/tokens.css) in the scales of its theme, and its sign."""

from typing import Any, Final

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _logo(_request: HttpRequest) -> str:
    return static("logo.svg")


def _style(_request: HttpRequest) -> str:
    return static("css/admin.css")


def _script(_request: HttpRequest) -> str:
    return static("js/admin-theme.js")


UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "QTS",
    "SITE_HEADER": "QTS",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_URL": "/",
    "SITE_ICON": _logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _logo}],
    "SITE_DROPDOWN": [
        {"icon": "home", "title": _("Portal"), "link": reverse_lazy("portal:home")},
        {"icon": "shield", "title": _("Risk"), "link": reverse_lazy("portal:risk")},
        {"icon": "dns", "title": _("System"), "link": reverse_lazy("portal:system")},
    ],
    "SIDEBAR": {"show_search": True},
    "BORDER_RADIUS": "7px",
    "STYLES": [_style],
    "SCRIPTS": [_script],
    "COLORS": {
        "base": {
            "50": "#f5f7fa",
            "100": "#eef1f6",
            "200": "#e1e6ee",
            "300": "#c8d0dc",
            "400": "#8490a6",
            "500": "#5c687d",
            "600": "#3c485c",
            "700": "#2c3648",
            "800": "#1d2432",
            "900": "#10141c",
            "950": "#090c12",
        },
        "primary": {
            "50": "#eef4ff",
            "100": "#dbe7ff",
            "200": "#bcd3ff",
            "300": "#93b7ff",
            "400": "#6c9bff",
            "500": "#6c9bff",
            "600": "#1d56d8",
            "700": "#1a4bbd",
            "800": "#173f9c",
            "900": "#16357d",
            "950": "#0f2350",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-600)",
            "default-dark": "#aab3c5",
            "important-light": "var(--color-base-900)",
            "important-dark": "#e4e8f0",
        },
    },
}
