"""Every test run gets a PostgreSQL and a Valkey of its own, unless DATABASE_URL or REDIS_URL name others.

This happens while this file is imported, because conftest files of the apps may import models: the environment must be
complete before Django reads its settings. Parallel workers (pytest-xdist) inherit the servers of their controller and
get a database of PostgreSQL (pytest-django) and one of Valkey each; the migrations run once, beside the collection of
tests, and each database is a copy of what they made. A run of `qts` and `simulator` alone gets neither
Django nor PostgreSQL: those parts must not need them.
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # plain `pytest` does not add it, `python -m pytest` does

from qts.embedded.postgres import EmbeddedPostgres  # noqa: E402
from qts.embedded.valkey import EmbeddedValkey  # noqa: E402

WITHOUT_DJANGO = (ROOT / "qts", ROOT / "simulator")
WITHOUT_DJANGO_VARIABLE = "QTS_TEST_WITHOUT_DJANGO"  # the controller's decision, told to its workers
MIGRATING_VARIABLE = "QTS_TEST_MIGRATING"  # a file that is locked until the database of DATABASE_URL can be copied
WHOLE_SYSTEM = ("tests/system/", "tests/e2e/")
LONGEST = (*WHOLE_SYSTEM, "tests/", "simulator/", "qts/embedded/")
REDIS_DATABASES_ELSEWHERE = 16  # what a server that is not ours has by default

_folder: Path | None = None
_running: list[EmbeddedPostgres | EmbeddedValkey] = []


def _needs_no_django(arguments: list[str]) -> bool:
    """Whether every path on the command line is in a part that must not need Django."""
    paths = [Path(text.partition("::")[0]).resolve() for text in arguments if not text.startswith("-")]
    asked = [path for path in paths if path.exists()]
    return bool(asked) and all(any(path.is_relative_to(part) for part in WITHOUT_DJANGO) for path in asked)


def _start_servers(*, with_postgres: bool) -> None:
    global _folder  # noqa: PLW0603 (one test run, one folder)
    _folder = Path(tempfile.mkdtemp(prefix="qts-test-"))
    _folder.chmod(0o711)  # the server's user must pass through when the tests run as root
    atexit.register(_stop_servers)
    os.environ.setdefault("QTS_DATA_DIR", str(_folder / "var"))
    if with_postgres and not os.environ.get("DATABASE_URL"):
        postgres = EmbeddedPostgres(_folder / "postgres", is_durable=False)
        _running.append(postgres)
        postgres.start()
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ.get("REDIS_URL"):
        valkey = EmbeddedValkey(_folder / "valkey", is_durable=False)
        _running.append(valkey)
        valkey.start()
        os.environ["REDIS_URL"] = valkey.url


def _stop_servers() -> None:
    while _running:
        _running.pop().stop()
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)


IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not IS_WORKER:
    if _needs_no_django(sys.argv[1:]):
        os.environ[WITHOUT_DJANGO_VARIABLE] = "1"
    _start_servers(with_postgres=WITHOUT_DJANGO_VARIABLE not in os.environ)

if WITHOUT_DJANGO_VARIABLE in os.environ:
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
else:
    os.environ["DJANGO_SETTINGS_MODULE"] = "qts.settings.test"
    import django

    django.setup()
    from django.test import TransactionTestCase

    from tests.emptied_tables import empty_written_tables

    TransactionTestCase._fixture_teardown = empty_written_tables  # type: ignore[attr-defined]


def pytest_configure(config: pytest.Config) -> None:
    if not IS_WORKER and config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(WorkerShares())
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        return
    from django.conf import settings

    if os.environ["REDIS_URL"] != settings.REDIS_URL:
        raise pytest.UsageError("Django's settings were read before this file: unset DJANGO_SETTINGS_MODULE.")


class WorkerShares:
    """Registered where pytest-xdist is: what each parallel worker gets of the tests and of the servers."""

    @staticmethod
    def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
        """One file at a time for each worker, so that its fixtures are set up once. Whole systems run one after the
        other beside the rest: two of them at once take longer than both in turn. (pytest-xdist's own groups are lost
        under pytest 9.1 and later: they were written into node ids.)"""
        from xdist.scheduler import LoadScopeScheduling

        class KeepSystemsTogether(LoadScopeScheduling):  # type: ignore[misc]  # untyped there
            def _split_scope(self, nodeid: str) -> str:
                file = nodeid.partition("::")[0]
                return "systems" if file.startswith(WHOLE_SYSTEM) else file

        config.option.loadscopereorder = False  # the order is that of `pytest_collection_modifyitems`
        return KeepSystemsTogether(config, log)

    @staticmethod
    def pytest_xdist_setupnodes(specs: list[Any]) -> None:
        parts = urlsplit(os.environ["REDIS_URL"])
        migrating = _start_to_migrate()
        for number, spec in enumerate(specs, start=1):
            database = parts._replace(path=f"/{number % REDIS_DATABASES_ELSEWHERE}")
            folder = Path(os.environ["QTS_DATA_DIR"]) / f"worker{number}"
            spec.env = {"REDIS_URL": urlunsplit(database), "QTS_DATA_DIR": str(folder)} | migrating


def _start_to_migrate() -> dict[str, str]:
    """Only where the server is ours: nobody else's database is touched."""
    if not any(isinstance(server, EmbeddedPostgres) for server in _running):
        return {}
    assert _folder is not None
    path = _folder / "migrating"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the child has it too, and it ends with the last of them
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
        subprocess.Popen(command, pass_fds=[lock.fileno()])
    return {MIGRATING_VARIABLE: str(path)}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:  # noqa: ARG001
    """What pytest-django asks for before it makes a database."""
    if path := os.environ.get(MIGRATING_VARIABLE):
        from django.db import connection

        with Path(path).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
        connection.settings_dict["TEST"]["TEMPLATE"] = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: next((n for n, folder in enumerate(LONGEST) if item.nodeid.startswith(folder)), 99))


def pytest_runtest_setup() -> None:
    """In English, whatever the language of the last request of the test before."""
    if "DJANGO_SETTINGS_MODULE" in os.environ:
        from django.utils import translation

        translation.activate("en")


def pytest_unconfigure() -> None:
    _stop_servers()
