"""Loads the system once and forks its programs from there: `python -m qts.embedded.fork_server <socket>`.

A worker spends some four seconds of processor time on imports before it does anything; six of them at once keep two
cores busy for a quarter of a minute, and a killed one is missing for as long. A fork takes milliseconds and shares the
memory of what was loaded. Nothing that lives in threads, sockets or event loops is opened here before a fork.

The socket carries datagrams of JSON. To here: `{"id", "name", "argv"}`, with the file descriptor for the output. From
here: `{"id", "pid"}`, later `{"pid", "code"}` with a negative code for a signal, as subprocess has it.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from typing import Any

from qts.embedded.processes import name_ourselves, tie_to_parent

READY_TEXT = "loaded once, forks from here"
# what the programs would import anyway; not Daphne, which makes an event loop while it is imported
MODULES = (
    "celery.bin.worker",
    "celery.concurrency.thread",
    "django_celery_beat.schedulers",
    "kombu.transport.redis",
    "qts.routing",
    "qts.urls",
)
REAP_EVERY_S = 0.1
MESSAGE_BYTES_MAX = 65_536


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    _load()
    gc.collect()
    gc.freeze()  # a collection in a child must not touch, and so copy, the shared pages
    print(READY_TEXT, flush=True)
    while True:
        readable, _, _ = select.select([channel], [], [], REAP_EVERY_S)
        if readable and (request := _receive(channel)):
            _fork(channel, *request)
        _report_ended(channel)


def _load() -> None:
    import django

    django.setup()
    for name in MODULES:
        importlib.import_module(name)
    from qts.celery import app

    app.loader.import_default_modules()
    app.finalize()
    if threading.active_count() > 1:
        raise RuntimeError(f"importing the system started threads: {threading.enumerate()}")


def _receive(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES_MAX, 1)
    if not message:
        return None
    return json.loads(message), descriptors[0]


def _fork(channel: socket.socket, request: dict[str, Any], output: int) -> None:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        name_ourselves(f"qts-{request['name']}")
        _become(channel, request["argv"], output, parent)
    os.close(output)
    channel.send(json.dumps({"id": request["id"], "pid": pid}).encode())


def _become(channel: socket.socket, argv: list[str], output: int, parent: int) -> None:
    """In the child: what spawn_options does for a started program, then `python -m <argv[0]> ...`; does not return."""
    os.setsid()
    tie_to_parent(parent, signal.SIGKILL)()
    channel.close()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    sys.argv = argv
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    raise SystemExit(0)


def _report_ended(channel: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}).encode())


if __name__ == "__main__":
    main()
