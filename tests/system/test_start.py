"""`make demo` as a person meets it: start, Ctrl-C, start again, kill -9, start again."""

import httpx2
import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from qts.embedded import processes
from tests.system.books import Books

USERS = "SELECT count(*) FROM sso_user"

WORKERS = {"stream", "signals", "trading", "quant"}
EVERY_PROCESS = {"postgres", "valkey", "simulator", "loader", "web", "rpc", "beat", "time-machine", "flower"} | WORKERS


def test_it_starts_mends_itself_stops_and_starts_again_even_after_kill_9(start_system):
    system = start_system()
    first = system.pids()
    assert set(first) == EVERY_PROCESS
    assert httpx2.get(f"{system.web_url}healthz", timeout=5).status_code == 200
    assert system.manage("totp", "trader").strip().isdigit()
    assert_nobody_changes_the_ledger(system)
    users_before = Books(system.environment["DATABASE_URL"]).value(USERS)

    every_killed_process_comes_back(system)

    first = system.pids()
    assert system.stop() < 10
    assert [name for name, pid in first.items() if processes.mark_of(pid)] == []

    # How long it takes is for people to see (twenty seconds is the aim); a busy machine must not fail the test.
    print(f"second start: {system.start():.0f} s")
    system.kill_supervisor()
    system.start()
    assert processes.wait_until(lambda: set(system.pids()) == EVERY_PROCESS, 10), set(system.pids())
    assert Books(system.environment["DATABASE_URL"]).value(USERS) == users_before > 0
    assert system.stop() < 10


def every_killed_process_comes_back(system):
    for name in ("valkey", "postgres", "simulator", "web", "beat", "stream", "loader"):
        old = system.kill(name)
        system.wait_for_successor(name, old)

    def is_whole():  # the new loader prepares once more before it lets the others go
        return set(system.pids()) == EVERY_PROCESS and system.is_ready()

    assert processes.wait_until(is_whole, 90, pause_s=0.5), system.output()[-4000:]


FORBIDDEN = (
    "UPDATE accounts_ledgerentry SET amount_vnd = 0",
    "DELETE FROM accounts_ledgerentry",
    "TRUNCATE accounts_ledgerentry",
)


def assert_nobody_changes_the_ledger(system):
    """The role that the running system connects with."""
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM accounts_ledgerentry").fetchone() > (0,)
        for act in FORBIDDEN:
            with pytest.raises(InsufficientPrivilege, match="permission denied for table accounts_ledgerentry"):
                connection.execute(act)
        with pytest.raises(InsufficientPrivilege, match="must be owner of table accounts_ledgerentry"):
            connection.execute("ALTER TABLE accounts_ledgerentry DISABLE TRIGGER ALL")
