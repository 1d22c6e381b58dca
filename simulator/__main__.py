"""Run the simulator: `python -m simulator --help`."""

import asyncio
import errno
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from simulator.options import Options, read_options
from simulator.server.application import Application
from simulator.server.control_requests import RestartOrder
from simulator.trading_days import vietnam_calendar
from simulator.world import World

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ANSWER_FIRST_S = 0.05


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        options = read_options(arguments, vietnam_calendar())
        return asyncio.run(_serve(options))
    except (ValueError, OSError) as error:
        print(f"simulator: {_reason(error)}", file=sys.stderr)
        return 2


async def _serve(options: Options) -> int:
    """Until a signal; a restart that a control asks for begins anew on the same port."""
    stop = asyncio.Event()
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        run = _Run(options)
        await run.until(stop)
        options = replace(options, port=run.port)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), run.down_s)
    return 0


class _Run:
    """One life of the program, from its state folder back to it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._over = asyncio.Event()
        self.port = options.port
        self.down_s = 0.0

    async def until(self, stop: asyncio.Event) -> None:
        options = self._options
        world = World(options.plan, options.plan.history.calendar, options.state_folder)
        application = Application(
            world, options.schedule, has_controls=options.has_controls, restart=self._restart
        ).build()
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5, handler_cancellation=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, options.host, options.port, reuse_address=True).start()
            self.port = runner.addresses[0][1]
            trading = ", ".join(world.exchange.securities)
            print(f"simulator: listening on http://{options.host}:{self.port}/ with {trading}", flush=True)
            waits = [asyncio.create_task(event.wait()) for event in (stop, self._over)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        finally:
            await runner.cleanup()

    def _restart(self, order: RestartOrder) -> None:
        self.down_s = order.down_s
        act = self._crash if order.crash else self._over.set
        asyncio.get_running_loop().call_later(_ANSWER_FIRST_S, act)

    def _crash(self) -> None:
        """This process ends without a word, as by kill -9, and a new program takes its place."""
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--port", str(self.port)])  # noqa: S606


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"the port is taken ({error.strerror}); choose another with --port or SIM_PORT"
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
