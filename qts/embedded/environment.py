"""The environment of every process of the demo, kept in a file of mode 0600 for `make manage` and `make totp`."""

import json
import os
import sys
from pathlib import Path

from qts.embedded.errors import EmbeddedError
from qts.embedded.options import ROOT, Options

FILE_NAME = "environment.json"
METRICS = "metrics"  # where every process counts; the web process adds them up


def system_environment(options: Options, *, database_url: str, redis_url: str, market_clock: str) -> dict[str, str]:
    """What differs from the caller's own environment."""
    simulator = f"http://127.0.0.1:{options.sim_port}/"
    return {
        "DJANGO_SETTINGS_MODULE": "qts.settings.demo",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "MARKET_CLOCK": market_clock,
        "QTS_DATA_DIR": str(options.data_dir),
        "PROMETHEUS_MULTIPROC_DIR": str(options.data_dir / METRICS),
        "QTS_SECRET_KEY_FILE": os.environ.get("QTS_SECRET_KEY_FILE") or str(options.data_dir / "secret.key"),
        "QTS_ALLOWED_HOSTS": os.environ.get("QTS_ALLOWED_HOSTS") or f"localhost,127.0.0.1,{options.web_host}",
        "SSI_DATA_URL": simulator,
        "SSI_STREAM_URL": simulator,
        "SSI_TRADING_URL": simulator,
        "SSI_TRADING_STREAM_URL": simulator,
        "SIM_PORT": str(options.sim_port),
        "HISTORY_CALLS_PER_S_MAX": os.environ.get("HISTORY_CALLS_PER_S_MAX") or "20",  # the simulator admits 50
        "FLOWER_URL": f"http://127.0.0.1:{options.flower_port}/",
        "PYTHONUNBUFFERED": "1",
        # who starts the demo as root in a container knows it; JSON messages carry no code
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def save(data_dir: Path, environment: dict[str, str]) -> None:
    path = data_dir / FILE_NAME
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(environment, file)


def load(data_dir: Path) -> dict[str, str]:
    """The environment of the running demo. Raises EmbeddedError when none runs there."""
    try:
        content = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EmbeddedError(
            f"Nothing runs on {data_dir}: start `make demo` or `make servers` in another terminal first."
        ) from None
    return {str(name): str(text) for name, text in content.items()}


def exec_manage(data_dir: Path, arguments: list[str]) -> None:
    """Become `manage.py <arguments>` against the running demo; does not return."""
    environment = os.environ | load(data_dir)
    program = [sys.executable, str(ROOT / "manage.py"), *arguments]
    os.execve(sys.executable, program, environment)  # noqa: S606 (no shell wanted)
