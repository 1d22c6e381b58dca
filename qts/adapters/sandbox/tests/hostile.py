"""What a hostile strategy tries, as the text of its file. Each attempt returns its proof, or raises."""

from textwrap import indent
from typing import Final

from qts.adapters.sandbox.source import StrategySource

_FILE: Final = """
import ctypes, os, signal, socket, sys
from qts.domain.strategy import Strategy, TargetPosition, Parameters

{top}
class Hostile(Strategy[Parameters]):
    key = "hostile"
    title = "Hostile"
    summary = "Tries what it must not."

    def on_bar(self, bar, context):
        return TargetPosition(1, "out: " + str(attempt())[:150])


def syscall(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, *arguments)
    if answer < 0:
        raise PermissionError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def attempt():
{body}
"""

# @SECRET@ a file with a secret, @DATA@ its folder, @PARENT@ the host's process, @PORT@ a listening TCP port, @SOCKET@ a
# listening UNIX socket, @FREE@ a path where nothing is yet
REACHING: Final[dict[str, str]] = {
    "reads_the_key": "return open('@SECRET@').read()",
    "lists_the_data_folder": "return os.listdir('@DATA@')",
    "reads_by_descriptor_of_the_folder": """
at = os.open('@DATA@', os.O_PATH)
return os.read(os.open('secret.key', os.O_RDONLY, dir_fd=at), 100)""",
    "reads_the_parents_environment": "return open('/proc/@PARENT@/environ', 'rb').read()",
    "reads_the_parents_memory": "return open('/proc/@PARENT@/mem', 'rb').read(1)",
    "looks_at_its_own_process": "return open('/proc/self/maps').read(100)",
    "reads_accounts": "return open('/etc/passwd').read()",
    "reads_home": "return os.listdir(os.path.expanduser('~root'))",
    "links_to_the_key": "os.symlink('@SECRET@', '@FREE@')\nreturn open('@FREE@').read()",
    "links_hard_to_the_key": "os.link('@SECRET@', '@FREE@')\nreturn open('@FREE@').read()",
    "writes_a_file": "open('@FREE@', 'w').write('x')\nreturn 'written'",
    "appends_to_the_key": "open('@SECRET@', 'a').write('x')\nreturn 'written'",
    "truncates_the_key": "os.truncate('@SECRET@', 0)\nreturn 'gone'",
    "deletes_the_key": "os.unlink('@SECRET@')\nreturn 'gone'",
    "renames_the_key": "os.rename('@SECRET@', '@FREE@')\nreturn 'gone'",
    "opens_the_key_to_all": "os.chmod('@SECRET@', 0o777)\nreturn 'open'",
    "makes_a_folder": "os.mkdir('@FREE@')\nreturn 'made'",
    "makes_a_pipe_with_a_name": "os.mkfifo('@FREE@')\nreturn 'made'",
    "fills_shared_memory": "open('/dev/shm/qts-hostile', 'w').write('x' * 10**6)\nreturn 'filled'",
    "fills_a_nameless_file": "os.write(os.memfd_create('x'), b'x' * 10**6)\nreturn 'filled'",
    "shares_memory_of_system_v": "return syscall(29, 0, 4096, 0o1600)",
    "connects_to_a_database": "return socket.create_connection(('127.0.0.1', @PORT@), 1)",
    "connects_by_path": "s = socket.socket(socket.AF_UNIX)\ns.connect('@SOCKET@')\nreturn s",
    "connects_without_python": "return syscall(41, 2, 1, 0)",
    "talks_to_the_internet": "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))",
    "listens": "s = socket.socket()\ns.bind(('127.0.0.1', 0))\nreturn s.getsockname()",
    "takes_a_raw_socket": "return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)",
    "takes_a_packet_socket": "return socket.socket(17, socket.SOCK_RAW)",
    "asks_the_kernel_by_netlink": "return socket.socket(16, socket.SOCK_RAW, 0)",
    "forks": "return os.fork() or os._exit(0)",
    "begins_a_thread": "import threading\nthreading.Thread(target=print).start()\nreturn 'a thread'",
    "runs_a_program": "import subprocess\nreturn subprocess.check_output(['/bin/echo', 'hello'])",
    "becomes_a_program": "os.execv('/bin/echo', ['echo', '{\"type\": \"decided\"}'])",
    "spawns": "return os.posix_spawn('/bin/true', ['true'], {})",
    "signals_the_parent": "os.kill(@PARENT@, signal.SIGTERM)\nreturn 'sent'",
    "asks_whether_the_parent_lives": "os.kill(@PARENT@, 0)\nreturn 'it does'",
    "signals_everybody": "os.kill(-1, 0)\nreturn 'sent'",
    "stops_itself": "os.kill(os.getpid(), signal.SIGSTOP)\nreturn 'on again'",
    "traces_the_parent": "libc = ctypes.CDLL(None)\nassert libc.ptrace(16, @PARENT@, 0, 0) == 0\nreturn 'attached'",
    "reads_memory_by_system_call": "return syscall(310, @PARENT@, 0, 0, 0, 0, 0)",
    "takes_the_parents_files": "return syscall(438, os.pidfd_open(@PARENT@), 1, 0)",
    "uses_a_ring": "return syscall(425, 4, ctypes.create_string_buffer(200))",
    "loads_a_filter": "return syscall(321, 0, ctypes.create_string_buffer(200), 48)",
    "reads_keys_of_the_kernel": "return syscall(250, 0, -3, 1)",
    "measures_others": "return syscall(298, ctypes.create_string_buffer(200), @PARENT@, -1, -1, 0)",
    "handles_faults": "return syscall(323, 1)",
    "mounts": "return syscall(165, b'none', b'/mnt', b'tmpfs', 0, 0)",
    "changes_the_root": "os.chroot('/usr')\nreturn 'changed'",
    "makes_a_namespace": "return syscall(272, 0x10000000)",
    "opens_by_handle": "return syscall(304, -100, ctypes.create_string_buffer(200), 0)",
    "becomes_another_user": "os.setuid(1)\nreturn os.getuid()",
    "raises_its_limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))\nreturn 'raised'",
    "limits_the_parent": "import resource\nreturn resource.prlimit(@PARENT@, resource.RLIMIT_NOFILE)",
    "outlives_its_parent": "return syscall(157, 1, 0, 0, 0, 0)",
    "takes_off_the_filter": "return syscall(157, 22, 0, 0, 0, 0)",
    "slows_the_parent": "os.setpriority(os.PRIO_PROCESS, @PARENT@, 19)\nreturn 'slow'",
    "moves_the_parent": "os.sched_setaffinity(@PARENT@, {0})\nreturn 'moved'",
    "types_into_a_terminal": "import fcntl\nfcntl.ioctl(0, 0x5412, b'x')\nreturn 'typed'",
    "has_others_signalled": "import fcntl\nfcntl.fcntl(0, 8, @PARENT@)\nreturn 'told'",
    "counts_in_the_other_way": "return syscall(0x40000000 + 41, 2, 1, 0)",
    "finds_open_files": """
found = []
for number in range(3, 200):
    try:
        found.append((number, os.read(number, 10)))
    except OSError:
        pass
if not found:
    raise PermissionError('nothing open')
return found""",
    "finds_a_secret_in_its_environment": "return os.environ['QTS_TEST_SECRET']",
    "uses_django": "import django\nreturn django",
    "uses_an_app": "from apps.orders import services\nreturn services",
    "uses_the_settings": "from qts.settings import base\nreturn base.SECRET_KEY",
    "uses_the_broker_adapter": "from qts.adapters.ssi import trading\nreturn trading",
}

EXHAUSTING: Final[dict[str, str]] = {
    "loops": "while True: pass",
    "loops_and_catches_all": """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException: pass""",
    "takes_memory": "kept = []\nwhile True: kept.append(bytearray(50 << 20))",
    "takes_memory_bit_by_bit": "kept = {}\nwhile True: kept[len(kept)] = [kept]",
    "recurses": "return attempt()",
    "recurses_below_python": "sys.setrecursionlimit(10**9)\nf = lambda n: [f(n + 1)]\nreturn f(0)",
    "crashes": "return ctypes.string_at(0)",
    "aborts": "os.abort()",
    "leaves": "os._exit(7)",
    "leaves_politely_and_hangs": "import atexit\natexit.register(lambda: [None for _ in iter(int, 1)])\nsys.exit(0)",
    "matches_for_ever": "import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b')",
    "counts_for_ever": "return 7 ** (7 ** 12)",
    "opens_without_end": "kept = []\nwhile True: kept.append(open('/dev/null'))",
    "forks_without_end": "while True: os.fork()",
    "threads_without_end": "import threading\nwhile True: threading.Thread(target=input).start()",
    "writes_to_its_log_without_end": "while True: os.write(2, b'x' * 65536)",
    "answers_without_end": "while True: os.write(1, b'{\"type\": ' * 10_000)",
    "answers_in_drops": "import time\nwhile True:\n    os.write(1, b' ')\n    time.sleep(0.1)",
    "reads_its_own_questions": "while True: os.read(0, 65536)",
    "closes_its_answers": "os.close(1)\nreturn 'closed'",
    "collects_garbage_for_ever": """
import gc
class Phoenix:
    def __del__(self):
        while True: pass
Phoenix()
gc.collect()""",
    "sleeps": "import time\ntime.sleep(10**6)",
    "waits_for_a_signal": "signal.sigwait({signal.SIGUSR1})",
}

LYING: Final[dict[str, str]] = {
    "answers_twice": """
line = b'{"type":"decided","number":4,"intents":[{"type":"target","intent":{"quantity":1,"signal":"x"}}]}\\n'
os.write(1, line)
return 'and once more'""",
    "answers_the_next_question": """
os.write(1, b'{"type":"decided","number":5,"intents":[]}\\n')
return 'before it is asked'""",
    "says_it_is_confined": 'os.write(1, b\'{"type":"confined","number":4,"layers":["all"]}\\n\')',
    "answers_what_is_none": "os.write(1, b'[[[[[[[[]]]]]]]]\\n')",
    "nests_deeply": "os.write(1, b'[' * 500_000 + b'\\n')",
    "orders_more_than_there_is": """
os.write(1, b'{"type":"decided","number":4,"intents":[{"type":"target","intent":{"quantity":1%s,"signal":"x"}}]}\\n'
         % (b'0' * 30))""",
    "orders_less_than_nothing": """
os.write(1, b'{"type":"decided","number":4,"intents":[{"type":"target","intent":{"quantity":-5,"signal":"x"}}]}\\n')""",
    "orders_no_number": """
child = sys.modules['__main__']
child.intents_of = lambda _answer: (TargetPosition(float('nan'), 'x'),)
return 'x'""",
    "orders_a_thousand_times": """
child = sys.modules['__main__']
child.intents_of = lambda _answer: tuple(TargetPosition(1, 'x') for _ in range(1_000))
return 'x'""",
    "tells_a_novel": """
child = sys.modules['__main__']
child.intents_of = lambda _answer: (TargetPosition(1, 'x' * 100_000),)
return 'x'""",
}


def source_of(body: str, *, top: str = "") -> StrategySource:
    return StrategySource("hostile.py", _FILE.format(body=indent(body.strip(), "    "), top=top))
