"""The processes of the system, and how each is started and asked whether it is ready."""

import socket
import sys
import urllib.request
from collections.abc import Mapping

from qts.embedded import fork_server, prepare
from qts.embedded.forks import ForkClient
from qts.embedded.options import ROOT, Options
from qts.embedded.ports import LOOPBACK, accepts
from qts.embedded.postgres import APPLICATION, EmbeddedPostgres
from qts.embedded.processes import Command
from qts.embedded.supervisor import Child
from qts.embedded.valkey import EmbeddedValkey

SERVERS, OUTSIDE_WORLD, SYSTEM = 0, 1, 2  # levels: the system stops first, the servers last; in ten seconds together

# queues of each worker and its threads: one for each slice that may run at a time, and two for short tasks
WORKERS: Mapping[str, tuple[str, int]] = {
    "stream": ("stream", 4),
    "signals": ("signals", 4),
    "trading": ("trading", 12),
    "quant": ("quant,default", 8),
}


def postgres_child(server: EmbeddedPostgres) -> Child:
    return Child("postgres", server.prepare, server.is_ready, level=SERVERS, patience_s=3.0)


def valkey_child(server: EmbeddedValkey) -> Child:
    return Child("valkey", server.prepare, server.is_ready, level=SERVERS, patience_s=3.0)


def simulator_child(options: Options, env: Mapping[str, str]) -> Child:
    command = _module(
        env,
        "simulator",
        "--controls",
        "--port", str(options.sim_port),
        "--clock", env["MARKET_CLOCK"],
        "--state-dir", str(options.data_dir / "simulator"),
        "--seed", str(options.seed),
        "--universe", options.universe,
        may_fork=False,
    )  # fmt: skip
    return Child("simulator", lambda: command, lambda: accepts(options.sim_port), level=OUTSIDE_WORLD, patience_s=1.5)


def web_child(options: Options, env: Mapping[str, str]) -> Child:
    command = _module(env, "daphne", "-v", "0", "-b", options.bind, "-p", str(options.port), "qts.asgi:application")
    return Child("web", lambda: command, lambda: answers(f"{options.web_url}healthz"))


def rpc_child(options: Options, env: Mapping[str, str]) -> Child:
    """On loopback: it has no TLS of its own."""
    command = _module(env, "qts.rpc", f"{LOOPBACK}:{options.rpc_port}")
    return Child("rpc", lambda: command, lambda: accepts(options.rpc_port))


def worker_children(env: Mapping[str, str]) -> list[Child]:
    return [_worker_child(name, queues, threads, env) for name, (queues, threads) in WORKERS.items()]


def _worker_child(name: str, queues: str, threads: int, env: Mapping[str, str]) -> Child:
    command = _celery(
        env,
        "worker", "-Q", queues, "-n", f"{name}@{socket.gethostname()}", "--pool", "threads", "-c", str(threads),
        "--without-mingle", "--without-gossip",
    )  # fmt: skip
    return Child(name, lambda: command, ready_text=f"{name}@{socket.gethostname()} ready.")


def time_machine_child(env: Mapping[str, str]) -> Child:
    """It needs neither Django nor a database, and is told of none."""
    without = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "QTS_SECRET_KEY_FILE"}
    own = {name: text for name, text in env.items() if name not in without}
    command = _module(own, "qts.adapters.time_machine", may_fork=False)
    return Child("time-machine", lambda: command, ready_text="the time machine is ready")


def beat_child(env: Mapping[str, str]) -> Child:
    command = _celery(env, "beat", "--pidfile=")  # the run folder's lock is enough
    return Child("beat", lambda: command)


def flower_child(options: Options, env: Mapping[str, str], password: str) -> Child:
    """Bound to loopback, and with a password all the same: who reaches Flower can stop workers.

    It needs the broker alone; without the settings of the system it starts in a third of the time.
    """
    without_django = {name: text for name, text in env.items() if name != "DJANGO_SETTINGS_MODULE"}
    own = {"CELERY_BROKER_URL": env["REDIS_URL"], "FLOWER_BASIC_AUTH": f"operator:{password}"}
    own["TZ"] = "Asia/Ho_Chi_Minh"  # Django sets it in the workers, and Flower compares its clock with theirs
    command = _module(
        without_django | own,
        "celery", "--quiet", "flower",
        f"--address={LOOPBACK}", f"--port={options.flower_port}", "--logging=error",
        may_fork=False,
    )  # fmt: skip
    return Child("flower", lambda: command, lambda: accepts(options.flower_port))


def prepare_command(env: Mapping[str, str], *, only_seed: bool, protects: bool) -> Command:
    chosen = [*(["--only-seed"] if only_seed else []), *([f"--protect-from={APPLICATION}"] if protects else [])]
    return _module(env, prepare.__name__, *chosen, may_fork=not protects)  # a fork has the environment of all


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 (http, made by us)
            return bool(response.status == 200)
    except OSError:  # urllib's URLError and HTTPError are such
        return False


def fork_server_child(forks: ForkClient) -> Child:
    return Child("loader", forks.prepare, ready_text=fork_server.READY_TEXT, level=OUTSIDE_WORLD, patience_s=1.5)


def _module(env: Mapping[str, str], *arguments: str, may_fork: bool = True) -> Command:
    return Command(argv=(sys.executable, "-m", *arguments), cwd=ROOT, env=env, may_fork=may_fork)


def _celery(env: Mapping[str, str], *arguments: str) -> Command:
    return _module(env, "celery", "--quiet", "-A", "qts.celery", *arguments)
