import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from qts.embedded import processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def open_tmp_path(tmp_path: Path) -> Path:
    """pytest's own folders are closed to the user that the server runs as under root; this is a reachable one."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    return tmp_path


@pytest.fixture
def postgres(open_tmp_path):
    server = EmbeddedPostgres(open_tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def working_in(server: EmbeddedPostgres) -> list[int]:
    return processes.with_working_directory(server.data, frozenset({"postgres"}))


def write_row(server: EmbeddedPostgres, number: int) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def rows(server: EmbeddedPostgres) -> list[int]:
    with psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def test_the_server_is_durable_and_only_for_those_who_know_the_password(postgres):
    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    password = (postgres.folder / "password").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace(password, "guessed"))
    assert stat.S_IMODE((postgres.folder / "password").stat().st_mode) == 0o600
    command_line = Path(f"/proc/{postmaster_pid(postgres)}/cmdline").read_bytes()
    assert password.encode() not in command_line


def test_kill_9_loses_no_committed_row(postgres):
    write_row(postgres, 1)
    os.kill(postmaster_pid(postgres), signal.SIGKILL)
    postgres.start()
    write_row(postgres, 2)
    assert rows(postgres) == [1, 2]


def test_a_server_that_outlived_its_supervisor_is_stopped_before_the_next_one_starts(postgres):
    write_row(postgres, 1)
    first = postmaster_pid(postgres)
    successor = EmbeddedPostgres(postgres.folder)
    successor.start()
    try:
        assert rows(successor) == [1]
        assert postmaster_pid(successor) != first
        assert processes.mark_of(first) is None
    finally:
        successor.stop()


def test_a_stale_pid_file_that_names_another_program_stops_neither_it_nor_us(postgres):
    write_row(postgres, 1)
    postgres.stop()
    with subprocess.Popen(["sleep", "60"]) as bystander:
        lines = [str(bystander.pid), str(postgres.data), "1", str(postgres.port), "", "127.0.0.1", "", "ready"]
        (postgres.data / "postmaster.pid").write_text("\n".join(lines) + "\n")
        postgres.start()
        assert rows(postgres) == [1]
        assert bystander.poll() is None
        bystander.kill()


def test_stop_leaves_no_process(postgres):
    assert working_in(postgres)
    postgres.stop()
    assert working_in(postgres) == []
    assert not (postgres.data / "postmaster.pid").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(EmbeddedError, match="files that QTS did not make"):
        EmbeddedPostgres(folder).start()
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_the_folder_of_another_kind_of_server_is_refused(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "qts-embedded.json").write_text('{"kind": "valkey"}')
    with pytest.raises(EmbeddedError, match="folder of an embedded valkey, not of postgresql"):
        EmbeddedPostgres(folder).start()


def test_data_of_another_major_version_is_refused_and_kept(postgres):
    postgres.stop()
    version = postgres.data / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 14, but the server here is \d+"):
        postgres.start()
    assert version.read_text() == "14\n"
    assert working_in(postgres) == []


def test_an_interrupted_initdb_is_begun_again(open_tmp_path):
    server = EmbeddedPostgres(open_tmp_path / "postgres")
    server.start()
    server.stop()
    server.data.rename(server.folder / "data.new")
    (server.folder / "data.new" / "PG_VERSION").unlink()
    server.start()
    try:
        write_row(server, 1)
        assert rows(server) == [1]
    finally:
        server.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands the server to another user")
def test_as_root_the_data_may_lie_under_a_private_home(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    server = EmbeddedPostgres(home / "postgres")
    server.start()
    try:
        write_row(server, 1)
        assert rows(server) == [1]
        assert os.stat(f"/proc/{postmaster_pid(server)}").st_uid != 0
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    finally:
        server.stop()
