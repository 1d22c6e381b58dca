"""`make screens`: pictures of every screen of the demo that runs now, and their list, in docs/screens/.

Each page on a desk in the dark theme, on a desk in the light one, and on a phone; a trader's pages as the trader sees
them, the others as those who may open them. The demo is the one of PORT and QTS_DATA_DIR, at best a fresh one in the
hours of trading: before the first picture the trader trades a little.
"""

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import django
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from qts.embedded.options import ROOT, read_options

if TYPE_CHECKING:
    from tests.e2e.visitors import Doors

FOLDER: Final = ROOT / "docs" / "screens"
FOLDER_BYTES_MAX: Final = 12_000_000
SETTLING_MS: Final = 900  # what comes over WebSocket and what is drawn after it
QUALITY: Final = 62
PEOPLE: Final = ("trader", "risk", "operator", "admin")  # who sees a page first is in its picture
REFUSED: Final = "() => performance.getEntriesByType('navigation')[0].responseStatus >= 400"
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# name, what the browser is opened with, theme
LOOKS: Final = (("dark", DESK, "dark"), ("light", DESK, "light"), ("phone", PHONE, "dark"))
_HEAD: Final = """# Every screen

Made by `make screens` from a running demo: on a desk in both themes, and on a phone. A trader's pages are seen as the
trader sees them.

| screen | dark | light | phone |
|---|---|---|---|
"""


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.test")
    django.setup()  # the pages' addresses, and allauth's arithmetic of log-in codes
    from tests.e2e.browsers import launched
    from tests.e2e.lived_in import live
    from tests.e2e.visitors import Doors
    from tests.system.running import RunningSystem

    options = read_options()
    system = RunningSystem(options.data_dir, ports={"PORT": options.port})
    if not system.is_ready():
        print(f"No demo answers at {system.web_url}: start `make demo` first, with the same PORT.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        doors = Doors(launched(playwright), system)
        live(doors.let_in(PEOPLE[0]).page)
        for look in LOOKS:
            names = sorted(_pictures(doors, *look))
    _list(names)
    size = sum(picture.stat().st_size for picture in FOLDER.iterdir())
    print(f"{len(names)} screens, the folder has {size / 1e6:.1f} MB")
    return 0 if size <= FOLDER_BYTES_MAX else 1


def _pictures(doors: "Doors", look: str, options: dict[str, Any], theme: str) -> Iterator[str]:
    """The names of the screens, once each."""
    from tests.e2e.every_page import walk

    seen = {"log-in"}
    _save(_themed(doors, doors.stranger(**options).page, theme), f"log-in-{look}")
    yield "log-in"
    for person in PEOPLE:
        page = _themed(doors, doors.let_in(person, **options).page, theme)
        for screen, _ in walk(page, without=seen):
            if page.evaluate(REFUSED):
                continue
            seen.add(screen)
            _save(page, f"{screen}-{look}")
            yield screen
    doors.close()


def _themed(doors: "Doors", page: Page, theme: str) -> Page:
    page.context.add_cookies([{"name": "qts_theme", "value": theme, "url": doors.system.web_url}])
    page.reload()
    return page


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLING_MS)
    file = FOLDER / f"{name}.webp"
    Image.open(BytesIO(page.screenshot())).save(file, "WEBP", quality=QUALITY, method=6)
    print(file.name, flush=True)


def _list(names: list[str]) -> None:
    rows = [
        f"| {name.replace('-', ' ').capitalize()} | "
        + " | ".join(f"[![{name}]({name}-{look}.webp)]({name}-{look}.webp)" for look, *_ in LOOKS)
        + " |\n"
        for name in names
    ]
    (FOLDER / "README.md").write_text(_HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
