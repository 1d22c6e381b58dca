import os
import signal
import stat

import pytest
import redis

from qts.embedded import processes, valkey
from qts.embedded.errors import EmbeddedError
from qts.embedded.valkey import PROGRAMS, EmbeddedValkey


@pytest.fixture
def server(tmp_path):
    started = EmbeddedValkey(tmp_path / "valkey")
    started.start()
    yield started
    started.stop()


def pid_of(server: EmbeddedValkey) -> int:
    (pid,) = processes.with_working_directory(server.folder, PROGRAMS)
    return pid


def test_only_for_those_who_know_the_password(server):
    password = (server.folder / "password").read_text()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(server.url.replace(f":{password}@", "")).ping()
    assert stat.S_IMODE((server.folder / "valkey.conf").stat().st_mode) == 0o600
    assert redis.Redis.from_url(server.url).config_get("bind") == {"bind": "127.0.0.1"}


def test_kill_9_loses_nothing_that_reached_the_append_only_file(server):
    client = redis.Redis.from_url(server.url)
    for number in range(500):
        client.xadd("stream", {"number": number})
    assert client.execute_command("WAITAOF", 1, 0, 5000)[0] == 1
    os.kill(pid_of(server), signal.SIGKILL)
    server.start()
    assert redis.Redis.from_url(server.url).xlen("stream") == 500


def test_a_server_that_outlived_its_supervisor_is_stopped_before_the_next_one_starts(server):
    first = pid_of(server)
    redis.Redis.from_url(server.url).set("kept", "yes")
    successor = EmbeddedValkey(server.folder)
    successor.start()
    try:
        assert processes.mark_of(first) is None
        assert redis.Redis.from_url(successor.url).get("kept") == b"yes"
    finally:
        successor.stop()


def test_stop_leaves_no_process(server):
    pid_of(server)
    server.stop()
    assert processes.with_working_directory(server.folder, PROGRAMS) == []


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(EmbeddedError, match="files that QTS did not make"):
        EmbeddedValkey(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_without_the_wheel_an_old_system_server_is_refused(tmp_path, monkeypatch):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho 'Redis server v=5.0.7 sha=00000000:0 malloc=libc bits=64'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EmbeddedError, match=r"make setup.*REDIS_URL"):
        valkey.find_program()
    program.write_text("#!/bin/sh\necho 'Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64'\n")
    assert valkey.find_program() == program
