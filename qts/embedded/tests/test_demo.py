"""The command line around the supervisor: servers alone, what it refuses, and what `reset` deletes."""

import os
import signal
import socket
import subprocess
import sys

import psycopg
import pytest
import redis

from qts.embedded import environment, processes
from qts.embedded.errors import EmbeddedError
from qts.embedded.options import ROOT
from qts.embedded.ports import free_port
from qts.embedded.reset import reset
from qts.embedded.run_folder import RunFolder


def run_module(module, *arguments, **variables):
    clean = {name: text for name, text in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.Popen(
        [sys.executable, "-m", f"qts.embedded.{module}", *arguments],
        cwd=ROOT,
        env=clean | {name: str(text) for name, text in variables.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def servers(tmp_path):
    data_dir = tmp_path / "var"
    process = run_module("demo", "--only", "servers", QTS_DATA_DIR=data_dir)
    assert processes.wait_until(lambda: (data_dir / environment.FILE_NAME).exists() or process.poll() is not None, 30)
    yield process, data_dir
    process.kill()
    process.wait()
    RunFolder(data_dir / "run").stop_leftovers()


def test_servers_alone_answer_and_stop_within_ten_seconds(servers):
    process, data_dir = servers
    found = environment.load(data_dir)
    with psycopg.connect(found["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("qts",)
    assert redis.Redis.from_url(found["REDIS_URL"]).ping() is True
    assert (data_dir / environment.FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert (data_dir / "secret.key").stat().st_mode & 0o777 == 0o600
    pids = RunFolder(data_dir / "run").pids()
    assert sorted(pids) == ["postgres", "valkey"]
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "everything is stopped" in output
    assert not any(processes.mark_of(pid) for pid in pids.values())
    with pytest.raises(EmbeddedError, match="Nothing runs on"):
        environment.load(data_dir)


def test_after_kill_9_the_next_start_finds_its_rows(servers):
    process, data_dir = servers
    with psycopg.connect(environment.load(data_dir)["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    process.kill()
    process.wait()
    (data_dir / environment.FILE_NAME).unlink()
    again = run_module("demo", "--only", "servers", QTS_DATA_DIR=data_dir)
    try:
        assert processes.wait_until((data_dir / environment.FILE_NAME).exists, 30)
        with psycopg.connect(environment.load(data_dir)["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    finally:
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=10)


def test_a_second_start_on_the_same_folder_is_refused_and_harms_nothing(servers):
    process, data_dir = servers
    second = run_module("demo", "--only", "servers", QTS_DATA_DIR=data_dir)
    output, _ = second.communicate(timeout=10)
    assert second.returncode == 1
    assert f"QTS already runs on {data_dir} (pid {process.pid})" in output
    assert redis.Redis.from_url(environment.load(data_dir)["REDIS_URL"]).ping() is True


def test_a_taken_port_is_said_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = run_module(
            "demo", QTS_DATA_DIR=tmp_path / "var", PORT=free_port(), SIM_PORT=port, FLOWER_PORT=free_port(),
            RPC_PORT=free_port(),
        )  # fmt: skip
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert f"Port {port} is taken by another program: choose another with SIM_PORT=" in output
    assert "Traceback" not in output
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    process = run_module("demo", "--only", "servers", QTS_DATA_DIR=tmp_path / "file" / "var")
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "cannot be used as a data folder" in output
    assert "Traceback" not in output


def test_manage_without_a_running_system_says_what_to_start(tmp_path):
    process = run_module("demo", "manage", "check", QTS_DATA_DIR=tmp_path)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert f"Nothing runs on {tmp_path}: start `make demo`" in output


def test_reset_refuses_while_something_runs(servers):
    _, data_dir = servers
    with pytest.raises(EmbeddedError, match="already runs"):
        reset(data_dir)
    assert (data_dir / "postgres").is_dir()


def test_reset_deletes_what_is_ours_and_nothing_else(servers):
    process, data_dir = servers
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    (data_dir / "my notes.txt").write_text("keep")
    reset(data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["my notes.txt"]


def test_reset_leaves_a_folder_alone_that_is_not_ours(tmp_path):
    (tmp_path / "log").mkdir()
    with pytest.raises(EmbeddedError, match="nothing of QTS"):
        reset(tmp_path)
    assert (tmp_path / "log").is_dir()


def test_reset_asks_and_takes_silence_for_no(servers):
    _, data_dir = servers
    process = run_module("reset", QTS_DATA_DIR=data_dir)
    output, _ = process.communicate(input=None, timeout=10)
    assert process.returncode == 1
    assert "nothing was deleted" in output
    assert (data_dir / "postgres").is_dir()


def test_a_throwaway_database_is_there_for_one_command_and_gone_afterwards(tmp_path):
    process = run_module(
        "throwaway", "shell", "-c", "from django.conf import settings as s; print(s.QTS_DATA_DIR)", TMPDIR=tmp_path
    )
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert str(tmp_path) in output
    assert list(tmp_path.iterdir()) == []
