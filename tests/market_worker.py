"""A worker of one slice as a process: `python -m tests.market_worker ingest|recorder READY_FILE`.

It touches the file once Django is up, reads the market clock's specification from its first line of input, and then
runs the slice again and again as beat would.
"""

import sys
import time
from pathlib import Path

import django

PAUSE_S = 0.5


def main(name: str, ready_file: str) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    from apps.marketdata.services.ingest import run_stream_slice
    from apps.marketdata.services.recorder import run_recorder_slice
    from qts.domain.errors import TransientError

    run = {"ingest": run_stream_slice, "recorder": run_recorder_slice}[name]
    Path(ready_file).touch()
    settings.MARKET_CLOCK = sys.stdin.readline().strip()
    while True:
        try:
            run()
        except TransientError as error:
            print(f"{name}: {error}", file=sys.stderr)
        connections.close_all()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
