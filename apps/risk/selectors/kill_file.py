"""The kill switch for whoever can reach nothing but the disk: a file whose presence stops.

Each line names a scope, with a reason behind it if there is time to type one: "account:<id> wrong prices". An empty
file stops the firm, and so does a line that names nothing known and a file that cannot be read: it was put there to
stop something.
"""

from pathlib import Path

from django.conf import settings

from apps.risk.selectors.scopes import FIRM, is_scope

UNREADABLE = "the kill file cannot be read"


def kill_file_stops() -> dict[str, str]:
    """Scope -> reason of what the file stops now; empty where there is no file. Asked before every send: one look at
    the disk."""
    try:
        text = Path(settings.KILL_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        return {FIRM: UNREADABLE}
    stops: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        scope, _, reason = line.partition(" ")
        if is_scope(scope):
            stops[scope] = reason.strip()
        else:
            stops[FIRM] = line
    return stops or {FIRM: ""}
