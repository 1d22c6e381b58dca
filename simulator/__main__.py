"""Run the simulator: `python -m simulator --help`."""

import asyncio
import errno
import logging
import signal
import sys
from collections.abc import Sequence

from aiohttp import web

from simulator.options import Options, read_options
from simulator.server.application import Application
from simulator.trading_days import vietnam_calendar
from simulator.world import World

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        options = read_options(arguments, vietnam_calendar())
        return asyncio.run(_serve(options))
    except (ValueError, OSError) as error:
        print(f"simulator: {_reason(error)}", file=sys.stderr)
        return 2


async def _serve(options: Options) -> int:
    stop = asyncio.Event()
    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    world = World(options.plan, vietnam_calendar(), options.state_folder)
    runner = web.AppRunner(
        Application(world, options.schedule).build(), access_log=None, shutdown_timeout=0.5, handler_cancellation=False
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, reuse_address=True)
        await site.start()
        port = runner.addresses[0][1]
        trading = ", ".join(world.exchange.securities)
        print(f"simulator: listening on http://{options.host}:{port}/ with {trading}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"the port is taken ({error.strerror}); choose another with --port or SIM_PORT"
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
