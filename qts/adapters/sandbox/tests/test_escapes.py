"""A hostile strategy tries to get out, to use everything up and to lie. None of it succeeds, and another strategy
beside it goes on.

`test_the_attempts_would_succeed_elsewhere` runs the same attempts in a process that is not confined: they are real.
"""

import json
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qts.adapters.sandbox import host as sandbox_host
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.adapters.sandbox.tests.hostile import EXHAUSTING, LYING, REACHING, source_of
from qts.domain.strategy import Bar, Context, TargetPosition

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are those of Linux")

BAR = Bar(symbol="SSI", ts_start_ms=0, open_vnd=25_000, high_vnd=25_100, low_vnd=24_950, close_vnd=25_050, volume=1_200)
CROSSED = Context(indicators={"sma_5": 10.1, "sma_20": 10.0}, previous={"sma_5": 9.9, "sma_20": 10.0})
EMPTY = Context(indicators={}, previous={})
SECRET = "the signer's key"
FREELY = {  # what a process without rights may do anyway, in a place of its own
    "reads_the_key", "lists_the_data_folder", "reads_by_descriptor_of_the_folder", "looks_at_its_own_process",
    "reads_accounts", "links_to_the_key", "writes_a_file", "makes_a_folder", "makes_a_pipe_with_a_name",
    "fills_a_nameless_file", "shares_memory_of_system_v", "connects_to_a_database", "connects_by_path",
    "connects_without_python", "listens", "asks_the_kernel_by_netlink", "begins_a_thread", "runs_a_program", "spawns",
    "asks_whether_the_parent_lives", "outlives_its_parent", "uses_django",
}  # fmt: skip
REFUSALS = (
    "Operation not permitted", "Permission denied", "nothing open", "KeyError: 'QTS_TEST_SECRET'",
    "can't start new thread", "AssertionError", "not allowed to raise maximum limit",
)  # fmt: skip
_BY_NUMBER_OF_X86 = {name for name, body in REACHING.items() if "syscall(" in body}
_FREELY = """
import json, pathlib, shutil, sys
free = pathlib.Path(sys.argv[2])
for name, text in json.loads(pathlib.Path(sys.argv[1]).read_text()).items():
    module = {}
    exec(text, module)
    if module["attempt"]() is not None:
        print(name, file=sys.stderr)
    if free.is_dir():
        free.rmdir()
    free.unlink(missing_ok=True)
"""


@pytest.fixture(scope="module")
def neighbour():
    with StrategyHost("moving_average_cross", {}) as host:
        yield host


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """The world that is to stay as it is: a key, a database's port, a socket, a parent with a secret."""
    (tmp_path / "data").mkdir()
    key = tmp_path / "data" / "secret.key"
    key.write_text(SECRET)
    key.chmod(0o600)
    monkeypatch.setenv("QTS_TEST_SECRET", SECRET)
    inherited = os.open(key, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    with socket.create_server(("127.0.0.1", 0)) as database, socket.socket(socket.AF_UNIX) as by_path:
        by_path.bind(str(tmp_path / "socket"))
        by_path.listen()
        yield {
            "@SECRET@": str(key),
            "@DATA@": str(tmp_path / "data"),
            "@PARENT@": str(os.getpid()),
            "@PORT@": str(database.getsockname()[1]),
            "@SOCKET@": str(tmp_path / "socket"),
            "@FREE@": str(tmp_path / "free"),
        }
    os.close(inherited)


def placed(body, outside):
    for name, value in outside.items():
        body = body.replace(name, value)
    return body


def ask_twice(host):
    host.ask(BAR, EMPTY)
    host.ask(BAR, EMPTY)


def goes_on(neighbour):
    return neighbour.ask(BAR, CROSSED) == (TargetPosition(500, "sma_5 crossed above sma_20"),)


@pytest.mark.parametrize("name", REACHING)
def test_it_reaches_nothing(name, outside, neighbour, tmp_path):
    if platform.machine() != "x86_64" and name in _BY_NUMBER_OF_X86:
        pytest.skip("a system call by the number of another processor")
    before = resource.getrlimit(resource.RLIMIT_NOFILE), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    with (
        StrategyHost("", {}, source=source_of(placed(REACHING[name], outside)), answer_timeout_s=1.0) as host,
        pytest.raises(StrategyHostError) as broken,
    ):
        host.ask(BAR, EMPTY)
    assert SECRET not in str(broken.value)
    assert any(said in str(broken.value).splitlines()[0] for said in REFUSALS)
    assert Path(outside["@SECRET@"]).read_text() == SECRET
    assert Path(outside["@SECRET@"]).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "socket"]
    assert not Path("/dev/shm/qts-hostile").exists()  # noqa: S108
    assert before == (
        resource.getrlimit(resource.RLIMIT_NOFILE), os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    )  # fmt: skip
    assert goes_on(neighbour)


@pytest.mark.parametrize("name", EXHAUSTING)
def test_it_uses_nothing_up(name, neighbour):
    began = time.monotonic()
    with StrategyHost("", {}, source=source_of(EXHAUSTING[name]), answer_timeout_s=0.3) as host:
        with pytest.raises(StrategyHostError):
            ask_twice(host)  # one that closed its answers is found out at the second
        assert host._process.poll() is not None
    assert time.monotonic() - began < 5
    assert goes_on(neighbour)


@pytest.mark.parametrize("name", LYING)
def test_it_is_not_believed(name, neighbour):
    with StrategyHost("", {}, source=source_of(LYING[name])) as host:
        assert host._number == 3  # so the lies are about questions 4 and 5
        with pytest.raises(StrategyHostError):
            ask_twice(host)
        assert host._process.poll() is not None
    assert goes_on(neighbour)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the older calls of x86")
def test_the_calls_of_32_bits_are_its_end():
    """`int 0x80` asks the same kernel by other numbers: 20 is getpid."""
    body = """
import mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex('b814000000cd80c3'))
return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()"""
    with (
        StrategyHost("", {}, source=source_of(body)) as host,
        pytest.raises(StrategyHostError, match=r"ended with status -(31|11)"),
    ):
        host.ask(BAR, EMPTY)


@pytest.mark.parametrize(
    ("top", "said"), [("while True: pass", "no answer within 0.5 s"), ("import gone", "No module")]
)
def test_what_is_wrong_with_a_file_is_told_before_it_begins(top, said, neighbour):
    with pytest.raises(StrategyHostError, match=said):
        StrategyHost("", None, source=source_of("pass", top=top), start_timeout_s=0.5)
    assert goes_on(neighbour)


def test_a_flood_of_prints_is_cut_and_harms_nobody(neighbour):
    source = source_of("for _ in range(100_000): print('buy everything')\nreturn 'calm'")
    with StrategyHost("", {}, source=source) as host:
        for _ in range(2):
            assert host.ask(BAR, EMPTY) == (TargetPosition(1, "out: calm"),)
            assert len(host.printed) == 2_000
    assert goes_on(neighbour)


def test_whoever_always_takes_his_time_is_off(neighbour, monkeypatch):
    """A fifth of a second is allowed; that everybody waits for it at each bar is not."""
    monkeypatch.setattr(sandbox_host, "PATIENCE_S", 0.5)
    with StrategyHost("", {}, source=source_of("import time\ntime.sleep(0.2)\nreturn 'x'")) as host:
        ask_twice(host)
        with pytest.raises(StrategyHostError, match="too slow"):
            ask_twice(host)
    assert goes_on(neighbour)


def test_the_child_dies_with_its_parent():
    code = (
        "import os,sys\nfrom qts.adapters.sandbox.host import StrategyHost\n"
        "host = StrategyHost('moving_average_cross', {})\nprint(host._process.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == -signal.SIGKILL
    child = Path("/proc", done.stdout.strip())
    deadline = time.monotonic() + 5
    while child.exists() and "State:\tZ" not in (child / "status").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.exists() or "State:\tZ" in (child / "status").read_text()


def test_all_layers_are_in_force_here(neighbour):
    """Where the kernel has them; docs/strategy-host.md says what remains without one."""
    assert [layer.split()[0] for layer in neighbour.layers] == [
        "limits", "no-privileges", "namespaces", "landlock", "seccomp",
    ]  # fmt: skip


def test_the_attempts_would_succeed_elsewhere(outside, tmp_path):
    """All in one process that nothing confines, each in turn; what they made is cleared away in between."""
    names = sorted(FREELY - (_BY_NUMBER_OF_X86 if platform.machine() != "x86_64" else set()))
    told = {name: source_of(placed(REACHING[name], outside)).text for name in names}
    (tmp_path / "told.json").write_text(json.dumps(told))
    done = subprocess.run(
        [sys.executable, "-c", _FREELY, str(tmp_path / "told.json"), outside["@FREE@"]],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == names


_ALONE = """
import ctypes, socket, sys
from pathlib import Path
from qts.adapters.sandbox import landlock, seccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
assert {layer}
for attempt in (lambda: open(sys.argv[1]), lambda: open("/dev/null"), socket.socket):
    try:
        attempt()
    except PermissionError:
        print("refused")
    else:
        print("allowed")
"""


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("landlock.read_only(libc, [Path('/dev/null')])", ["refused", "allowed", "allowed"]),
        ("seccomp.filter_calls(libc)", ["allowed", "allowed", "refused"]),
    ],
)
def test_each_layer_holds_alone(layer, expected, outside):
    """A key, a file that may be read, a socket."""
    command = [sys.executable, "-c", _ALONE.format(layer=layer), outside["@SECRET@"]]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.stdout.split() == expected, done.stderr
