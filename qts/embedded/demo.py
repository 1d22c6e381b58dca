"""`python -m qts.embedded.demo`: the whole system on one machine, from nothing to live prices, until Ctrl-C.

`--only servers` starts PostgreSQL and Valkey alone; `manage ...` runs manage.py against what runs.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping

from qts.embedded import banner, environment, folders, prepare, programs
from qts.embedded.errors import EmbeddedError
from qts.embedded.forks import ForkClient
from qts.embedded.log_stream import LogStream
from qts.embedded.market_day import ALIVE_EVERY_S, MarketDay
from qts.embedded.options import Options, read_options
from qts.embedded.postgres import EmbeddedPostgres
from qts.embedded.run_folder import RunFolder
from qts.embedded.supervisor import Child, Supervisor
from qts.embedded.valkey import EmbeddedValkey

READY_TIMEOUT_S = 60.0


class Demo:
    def __init__(self, options: Options, supervisor: Supervisor, *, only_servers: bool) -> None:
        self._options = options
        self._supervisor = supervisor
        self._only_servers = only_servers
        self._day = MarketDay(options.data_dir / "clock.json")
        self._began = time.monotonic()
        self._postgres = None if options.database_url else EmbeddedPostgres(options.data_dir / "postgres")

    async def run(self) -> None:
        env = await self._start_servers()
        if self._only_servers:
            self._supervisor.tell(banner.servers_only(self._options))
        else:
            await self._start_system(env)
        while True:
            self._day.note_alive()
            await asyncio.sleep(ALIVE_EVERY_S)

    def clean_up(self) -> None:
        """After everything has stopped."""
        (self._options.data_dir / environment.FILE_NAME).unlink(missing_ok=True)
        if self._postgres is not None:
            self._postgres.forget_copy()

    async def _start_servers(self) -> Mapping[str, str]:
        options = self._options
        folders.secret_file(options.data_dir / "secret.key", length_bytes=48)
        folders.emptied(options.data_dir / environment.METRICS)
        children: list[Child] = []
        postgres = self._postgres
        valkey = None if options.redis_url else EmbeddedValkey(options.data_dir / "valkey")
        if postgres:
            children.append(programs.postgres_child(postgres))
        if valkey:
            children.append(programs.valkey_child(valkey))
        await self._supervisor.start_together(*children)
        if postgres:
            await asyncio.to_thread(postgres.create_database)
            await asyncio.to_thread(postgres.create_application_role)
        own = environment.system_environment(
            options,
            database_url=self._database_url(),
            redis_url=valkey.url if valkey else options.redis_url,
            market_clock=self._day.open(options, time.time()),
        )
        environment.save(options.data_dir, own)
        return {**os.environ, **own}

    def _database_url(self) -> str:
        """The application's own role; the owner, for a developer who has asked for the servers alone."""
        if self._postgres is None:
            return self._options.database_url
        return self._postgres.url if self._only_servers else self._postgres.application_url

    async def _start_system(self, env: Mapping[str, str]) -> None:
        """The first start makes tables and rows before anything reads them. Later ones find them there: everything
        starts at once, and the seeds, which would compete for the processor, come last."""
        options, supervisor = self._options, self._supervisor
        is_prepared = not options.database_url and prepare.is_prepared(options.data_dir)
        owner = {"DATABASE_URL": self._postgres.url} if self._postgres and not is_prepared else {}
        preparing = programs.prepare_command({**env, **owner}, only_seed=is_prepared, protects=bool(owner))
        flower_password = folders.secret_file(options.data_dir / "flower.password")
        simulator = programs.simulator_child(options, env)
        system = [
            programs.web_child(options, env),
            programs.rpc_child(options, env),
            *programs.worker_children(env),
            programs.beat_child(env),
            programs.time_machine_child(env),
            programs.flower_child(options, env, flower_password),
        ]
        forks = ForkClient(env)
        supervisor.fork_from(forks)
        await supervisor.start_together(simulator, programs.fork_server_child(forks))
        if not is_prepared:
            await supervisor.step("prepare", preparing)
        await supervisor.start_together(*system)
        await self._wait_until_ready()
        supervisor.say(f"ready after {time.monotonic() - self._began:.0f} s")
        supervisor.tell(banner.welcome(options, flower_password))
        if is_prepared:
            await supervisor.step("prepare", preparing)

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not await asyncio.to_thread(programs.answers, f"{self._options.web_url}readyz"):
            if time.monotonic() > deadline:
                self._supervisor.say(f"{self._options.web_url}readyz still names what is not ready")
                return
            await asyncio.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["servers"], help="start PostgreSQL and Valkey alone")
    parser.add_argument("manage", nargs=argparse.REMAINDER, help="manage <command> ...: run manage.py on what runs")
    arguments = parser.parse_args()
    try:
        options = read_options()
        if arguments.manage:
            environment.exec_manage(options.data_dir, arguments.manage[1:])
        return _supervise(options, only_servers=arguments.only == "servers")
    except EmbeddedError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 1


def _supervise(options: Options, *, only_servers: bool) -> int:
    run_folder = RunFolder(options.data_dir / "run")
    run_folder.lock()
    try:
        leftovers = run_folder.stop_leftovers()
        if not only_servers:
            options.refuse_taken_ports()
        log = LogStream(options.data_dir / "log" / "qts.log")
        supervisor = Supervisor(run_folder, log)
        if leftovers:
            supervisor.say(f"stopped what an earlier run left: {', '.join(leftovers)}")
        demo = Demo(options, supervisor, only_servers=only_servers)
        try:
            asyncio.run(supervisor.run(demo.run()))
        finally:
            demo.clean_up()
        supervisor.say("everything is stopped")
        log.close()
    finally:
        run_folder.unlock()
    return 0


if __name__ == "__main__":
    sys.exit(main())
