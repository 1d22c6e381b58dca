"""Slices without end in a process: `python -m tests.order_worker gateway stream`. Beat's part is a loop."""

import os
import sys
import threading
import time
from collections.abc import Callable

import django

BEAT_S = 3.0


def main(names: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    django.setup()
    from apps.orders import services
    from qts.celery import show_our_life

    show_our_life()
    runs = {"gateway": services.run_gateways, "stream": services.run_order_streams}
    while True:  # as beat does: again and again, whatever became of the ones before
        for name in names:
            threading.Thread(target=_run, args=(runs[name],), name=name).start()
        time.sleep(BEAT_S)


def _run(run: Callable[[], object]) -> None:
    from django.db import connections

    try:
        run()
    finally:
        connections.close_all()


if __name__ == "__main__":
    main(sys.argv[1:])
