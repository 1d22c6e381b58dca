"""`make screens`: pictures of every screen of the demo that runs now, in docs/screens/.

Each page on a desk in the dark theme, on a desk in the light one, and on a phone; the log-in page too. The demo is the
one of PORT and QTS_DATA_DIR. What `make demo` shows after a day of trading is worth more than an empty one.
"""

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import django
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from qts.embedded.options import ROOT, read_options

if TYPE_CHECKING:
    from tests.e2e.visitors import Doors

FOLDER: Final = ROOT / "docs" / "screens"
FOLDER_BYTES_MAX: Final = 8_000_000
SETTLING_MS: Final = 700  # what comes over WebSocket and what is drawn after it
QUALITY: Final = 62
DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# name, what the browser is opened with, theme
LOOKS: Final = (("dark", DESK, "dark"), ("light", DESK, "light"), ("phone", PHONE, "dark"))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qts.settings.test")
    django.setup()  # the pages' addresses, and allauth's arithmetic of log-in codes
    from tests.e2e.browsers import launched
    from tests.e2e.visitors import Doors
    from tests.system.running import RunningSystem

    options = read_options()
    system = RunningSystem(options.data_dir, ports={"PORT": options.port})
    if not system.is_ready():
        print(f"No demo answers at {system.web_url}: start `make demo` first, with the same PORT.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        doors = Doors(launched(playwright), system)
        count = sum(1 for look in LOOKS for _ in _pictures(doors, *look))
    size = sum(picture.stat().st_size for picture in FOLDER.iterdir())
    print(f"{count} pictures, the folder has {size / 1e6:.1f} MB")
    return 0 if size <= FOLDER_BYTES_MAX else 1


def _pictures(doors: "Doors", name: str, options: dict[str, Any], theme: str) -> Iterator[Path]:
    from tests.e2e.every_page import walk

    yield _saved(doors.stranger(**options).page, f"log-in-{name}")
    page = doors.let_in("admin", **options).page
    page.context.add_cookies([{"name": "qts_theme", "value": theme, "url": doors.system.web_url}])
    for screen, _ in walk(page):
        yield _saved(page, f"{screen}-{name}")
    doors.close()


def _saved(page: Page, name: str) -> Path:
    page.wait_for_timeout(SETTLING_MS)
    file = FOLDER / f"{name}.webp"
    Image.open(BytesIO(page.screenshot())).save(file, "WEBP", quality=QUALITY, method=6)
    print(file.name, flush=True)
    return file


if __name__ == "__main__":
    sys.exit(main())
