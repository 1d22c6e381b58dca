"""What a browser says of itself, in two words. It may lie: this helps a person to know their own devices."""

from typing import Final

from django.utils.translation import gettext as _

# the first that is found: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari
_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("QTS terminal", "QTS terminal"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_text(user_agent: str) -> str:
    found = [next((name for mark, name in known if mark in user_agent), "") for known in (_PROGRAMS, _SYSTEMS)]
    return " · ".join(name for name in found if name) or _("Unknown device")
