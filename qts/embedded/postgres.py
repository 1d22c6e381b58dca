"""PostgreSQL from a wheel, as a child of ours, with its data under QTS_DATA_DIR.

Loopback TCP only (no Unix socket, so neither a stale one nor a path that is too long), SCRAM password from a file of
mode 0600. PostgreSQL refuses to run as root; for root it runs as the owner of the existing data or as uid 65534.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from qts.embedded import folders, processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.ports import LOOPBACK, free_port
from qts.embedded.postgres_binaries import NOBODY_UID, Binaries, can_reach, copy_for, find_binaries, remove_copy
from qts.embedded.processes import Command, ProcessMark

USER = DATABASE = "qts"
APPLICATION = "qts_app"  # may add to the ledger and not change it: `manage.py protect_ledger`
READY_TIMEOUT_S = 60.0
# -D of a process whose working directory is the data folder: reachable even where a parent folder is closed to its user
WORKING_DIRECTORY = "/proc/self/cwd"
FAST_STOP = ((signal.SIGINT, 8.0), (signal.SIGQUIT, 4.0), (signal.SIGKILL, 2.0))
DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on"}
THROW_AWAY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One server. `prepare()` gives the command for a supervisor; `start()` and `stop()` run it directly."""

    def __init__(self, folder: Path, *, port: int | None = None, is_durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.port = port or free_port()
        self._is_durable = is_durable
        self._uid = self._server_uid()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Beside the folder, not in it: that one belongs to the server's user, this one to ours."""
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def url(self) -> str:
        """As the owner of everything."""
        return self._url(DATABASE)

    @property
    def application_url(self) -> str:
        return f"postgresql://{APPLICATION}:{self._app_password()}@{LOOPBACK}:{self.port}/{DATABASE}"

    def prepare(self) -> Command:
        """Everything before the start: claim the folder, clear what a killed run left, create the cluster.

        Raises EmbeddedError when the folder is somebody else's or holds another major version.
        """
        binaries = self._reachable(find_binaries())
        folders.claim(self.folder, kind="postgresql", uid=self._uid)
        folders.secret_file(self._password_file, uid=self._uid)
        self._refuse_foreign_data(binaries)
        self._clear_previous_run()
        if not self.data.exists():
            self._create_cluster(binaries)
        return self._server_command(binaries)

    def start(self) -> None:
        """Prepare, start, wait until the database exists. Call from the main thread."""
        self.stop()
        command = self.prepare()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command.argv, stdout=log, stderr=subprocess.STDOUT, **processes.spawn_options(command)
            )
        started = self._process
        answered = processes.wait_until(lambda: self.is_ready() or started.poll() is not None, READY_TIMEOUT_S)
        if not answered or started.poll() is not None:
            self.stop()
            tail = self.log_file.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise EmbeddedError(f"PostgreSQL did not start on port {self.port}. Its last words:\n{tail}")
        self.create_database()

    def stop(self) -> None:
        """Fast stop: open transactions are rolled back, committed ones are on disk."""
        if self._process is not None:
            if mark := processes.mark_of(self._process.pid):
                processes.end(mark, FAST_STOP)
            self._process.wait(timeout=5)
            self._process = None
        self.forget_copy()

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def create_application_role(self) -> None:
        """Who the application is. It owns nothing before `protect_ledger` has handed tables over to it."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone()
            statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE PASSWORD {}").format(
                sql.SQL("ALTER" if found else "CREATE"), sql.Identifier(APPLICATION), sql.Literal(self._app_password())
            )
            connection.execute(statement)

    def forget_copy(self) -> None:
        """Remove the programs that were copied for the server's user, by this run or by a killed one."""
        note = self.folder / "copied-binaries"
        if note.is_file():
            remove_copy(Path(note.read_text(encoding="utf-8")))
            note.unlink()

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def _app_password(self) -> str:
        return folders.secret_file(self.folder.with_name("database.password"))

    def _url(self, database: str) -> str:
        password = self._password_file.read_text(encoding="utf-8").strip()
        return f"postgresql://{USER}:{password}@{LOOPBACK}:{self.port}/{database}"

    def _server_uid(self) -> int | None:
        """The user to switch to; None when we are a normal user already."""
        if os.getuid() != 0:
            return None
        owner = self.folder.stat().st_uid if self.folder.exists() else 0
        return owner or NOBODY_UID

    def _reachable(self, binaries: Binaries) -> Binaries:
        self.forget_copy()
        if self._uid is None or can_reach(binaries.postgres, self._uid):
            return binaries
        copied = copy_for(binaries, self._uid)
        self.folder.mkdir(parents=True, exist_ok=True)
        folders.claim(self.folder, kind="postgresql", uid=self._uid)
        (self.folder / "copied-binaries").write_text(str(copied.folder), encoding="utf-8")
        return copied

    def _refuse_foreign_data(self, binaries: Binaries) -> None:
        if not self.data.exists():
            return
        version_file = self.data / "PG_VERSION"
        version = version_file.read_text(encoding="utf-8").strip() if version_file.is_file() else "?"
        if version != str(binaries.version_major):
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {version}, but the server here is {binaries.version_major}."
                f" Dump it with version {version} and load it into a new folder, or start afresh with `make reset`."
            )

    def _clear_previous_run(self) -> None:
        """Stop a server that outlived its supervisor, and let the last processes of a killed one finish."""
        pid = self._recorded_pid()
        if pid and (mark := self._our_postmaster(pid)) and not processes.end(mark, FAST_STOP):
            raise EmbeddedError(f"An earlier PostgreSQL (pid {pid}) still runs on {self.data} and does not stop.")
        names = frozenset({"postgres"})
        if not processes.wait_until(lambda: not processes.with_working_directory(self.data, names), 10.0):
            raise EmbeddedError(f"Processes of an earlier PostgreSQL still work in {self.data}; try again in a moment.")
        lock = self.data / "postmaster.pid"
        if processes.IS_LINUX and lock.exists():
            lock.unlink()  # its pid may be another program's now, or a zombie's: PostgreSQL would believe in it

    def _recorded_pid(self) -> int | None:
        try:
            first = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
            return abs(int(first))  # negative: a single-user server
        except (OSError, ValueError, IndexError):
            return None

    def _our_postmaster(self, pid: int) -> ProcessMark | None:
        """The mark of that process if it is the server of this very folder, whatever else runs under its pid now."""
        mark = processes.mark_of(pid)
        if mark is None or not processes.IS_LINUX:
            return mark if mark and self._command_names_folder(pid) else None
        return mark if pid in processes.with_working_directory(self.data, frozenset({"postgres"})) else None

    def _command_names_folder(self, pid: int) -> bool:
        answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return "postgres" in answer.stdout and f"-D {self.data} " in answer.stdout

    def _create_cluster(self, binaries: Binaries) -> None:
        """initdb beside the final place, then one rename: a half-made cluster is never taken for a whole one."""
        building = self.folder / "data.new"
        if building.exists():  # initdb was interrupted
            shutil.rmtree(building)
        building.mkdir(mode=0o700)
        folders.give(building, self._uid)
        builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        locale = builtin if binaries.version_major >= 17 else ("--locale=C.UTF-8",)
        argv = (
            str(binaries.initdb), "-D", self._data_argument(building, binaries), "-U", USER, "--pwfile=../password",
            "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale,
            *(() if self._is_durable else ("--no-sync",)),
        )  # fmt: skip
        command = Command(argv=argv, cwd=building, env=_server_environment(), uid=self._uid)
        answer = subprocess.run(
            command.argv, capture_output=True, text=True, check=False, **processes.spawn_options(command)
        )
        if answer.returncode != 0:
            raise EmbeddedError(f"initdb failed in {building}: {answer.stderr.strip()[-1500:]}")
        building.rename(self.data)

    def _server_command(self, binaries: Binaries) -> Command:
        settings = {
            "port": str(self.port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": "250",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            **(DURABLE if self._is_durable else THROW_AWAY),
        }
        options = [part for name, setting in settings.items() for part in ("-c", f"{name}={setting}")]
        return Command(
            argv=(str(binaries.postgres), "-D", self._data_argument(self.data, binaries), *options),
            cwd=self.data,
            env=_server_environment(),
            uid=self._uid,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
        )

    def _data_argument(self, data: Path, binaries: Binaries) -> str:
        if self._uid is None or can_reach(data, self._uid):
            return str(data)
        if (
            processes.IS_LINUX and binaries.version_major >= 16
        ):  # 15 leaves its working directory and comes back by name
            return WORKING_DIRECTORY
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and user {self._uid}, as whom it would run instead, cannot enter"
            f" {self.folder.parent}. Name a folder elsewhere with QTS_DATA_DIR, or start QTS as a normal user."
        )


def _server_environment() -> dict[str, str]:
    """A clean one: PGDATA, PGPORT or a foreign locale of the caller must not steer the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
