"""Slices without end in a process: `python -m tests.order_worker gateway stream`. Beat's part is a loop.

With `patient` among the names a gateway that waits for a person's code never tries the broker by itself: what goes on
then goes on because of the code.
"""

import os
import sys
import threading
import time
from collections.abc import Callable

import django

BEAT_S = 3.0
PATIENT = "patient"


def main(names: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    django.setup()
    from apps.orders import services
    from qts.celery import show_our_life

    show_our_life()
    runs = {"gateway": services.run_gateways, "stream": services.run_order_streams}
    if PATIENT in names:
        _be_patient()
    while True:  # as beat does: again and again, whatever became of the ones before
        for name in runs.keys() & set(names):
            threading.Thread(target=_run, args=(runs[name],), name=name).start()
        time.sleep(BEAT_S)


def _be_patient() -> None:
    from apps.orders.services.gateway import _Circuit
    from qts.adapters.ssi.tokens import CODE_WANTED

    fail = _Circuit.fail

    def fail_and_wait(self: _Circuit, reason: str) -> None:
        fail(self, reason)
        if reason == CODE_WANTED:
            self._try_at = float("inf")

    _Circuit.fail = fail_and_wait  # type: ignore[method-assign]


def _run(run: Callable[[], object]) -> None:
    from django.db import connections

    try:
        run()
    finally:
        connections.close_all()


if __name__ == "__main__":
    main(sys.argv[1:])
