"""`python -m qts.rpc <host:port>`: serves until SIGTERM or Ctrl-C, then finishes what it has begun."""

import signal
import sys
import threading

import django

STOP_GRACE_S = 2.0


def main() -> None:
    django.setup()
    from qts.rpc.server import make_server

    server, port = make_server(sys.argv[1])
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    sys.stdout.write(f"gRPC listens on port {port}\n")
    sys.stdout.flush()
    stopped.wait()
    server.stop(STOP_GRACE_S).wait()


if __name__ == "__main__":
    main()
