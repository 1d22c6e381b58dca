"""The order side of a worker as a process: `python -m tests.orders_worker gateway stream`. Beat's part is a loop."""

import os
import sys
import threading

import django


def main(names: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    django.setup()
    from apps.orders import services

    runs = {"gateway": services.run_gateways, "stream": services.run_order_streams}
    for name in names:
        threading.Thread(target=_again, args=(runs[name],), name=name).start()


def _again(run):
    while True:
        run()


if __name__ == "__main__":
    main(sys.argv[1:])
