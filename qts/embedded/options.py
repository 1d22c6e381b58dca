"""What the environment says about the demo, checked before anything starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Final

from qts.embedded.errors import EmbeddedError
from qts.embedded.ports import LOOPBACK, is_free

ROOT: Final = Path(__file__).resolve().parents[2]
DAY_START: Final = time(8, 58)  # two market minutes before the opening auction of HOSE
DAY_END: Final = time(15, 5)  # after the last session, negotiated trades included, has ended at 15:00
DEFAULT_SPEED: Final = 10.0
UNIVERSES: Final = ("demo", "vn30", "all")  # what the simulator lists; the latter two with futures
DEFAULT_SEED: Final = 20_260_102


@dataclass(frozen=True, slots=True)
class Options:
    data_dir: Path
    bind: str
    port: int
    sim_port: int
    flower_port: int
    rpc_port: int
    speed: float
    start: time
    seed: int
    universe: str
    database_url: str
    redis_url: str

    @property
    def web_host(self) -> str:
        """The address to name in URLs: a wildcard cannot be opened in a browser."""
        return LOOPBACK if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 (compared, not bound)

    @property
    def web_url(self) -> str:
        return f"http://{self.web_host}:{self.port}/"

    def refuse_taken_ports(self) -> None:
        """Raises EmbeddedError naming every taken port and the variable that chooses another."""
        wanted = {"PORT": (self.port, self.bind), "SIM_PORT": (self.sim_port, LOOPBACK)}
        wanted["FLOWER_PORT"] = (self.flower_port, LOOPBACK)
        wanted["RPC_PORT"] = (self.rpc_port, LOOPBACK)
        taken = [
            f"Port {port} is taken by another program: choose another with {name}=..., for example"
            f" `make demo {name}={port + 1000}`."
            for name, (port, host) in wanted.items()
            if not is_free(port, host)
        ]
        if len({port for port, _ in wanted.values()}) < len(wanted):
            taken.append("PORT, SIM_PORT, FLOWER_PORT and RPC_PORT must be four different ports.")
        if taken:
            raise EmbeddedError("\n".join(taken))


def read_options(env: Mapping[str, str] = os.environ) -> Options:
    """Raises EmbeddedError, naming the variable that cannot be understood."""
    return Options(
        data_dir=Path(env.get("QTS_DATA_DIR") or ROOT / "var").expanduser().resolve(),
        bind=env.get("BIND") or LOOPBACK,
        port=_whole_number(env, "PORT", 8000, 1, 65535),
        sim_port=_whole_number(env, "SIM_PORT", 8700, 1, 65535),
        flower_port=_whole_number(env, "FLOWER_PORT", 5555, 1, 65535),
        rpc_port=_whole_number(env, "RPC_PORT", 8500, 1, 65535),
        speed=_speed(env),
        start=_start(env),
        seed=_whole_number(env, "SEED", DEFAULT_SEED, 0, 2**63 - 1),
        universe=_universe(env),
        database_url=env.get("DATABASE_URL", ""),
        redis_url=env.get("REDIS_URL", ""),
    )


def _whole_number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise EmbeddedError(f"{name}={text} is not a whole number from {least} to {most}.")
    return int(text)


def _universe(env: Mapping[str, str]) -> str:
    text = env.get("UNIVERSE", "").strip() or UNIVERSES[0]
    if text not in UNIVERSES:
        raise EmbeddedError(f"UNIVERSE={text} is none of {', '.join(UNIVERSES)}.")
    return text


def _speed(env: Mapping[str, str]) -> float:
    text = env.get("SPEED", "").strip()
    try:
        speed = float(text) if text else DEFAULT_SPEED
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 1000:
        raise EmbeddedError(f"SPEED={text} is not a number from 0.1 to 1000 (market seconds for each real second).")
    return speed


def _start(env: Mapping[str, str]) -> time:
    text = env.get("START", "").strip()
    try:
        start = time.fromisoformat(text) if text else DAY_START
    except ValueError:
        start = DAY_END
    if start.tzinfo is not None or start >= DAY_END:
        raise EmbeddedError(f"START={text} is not a time of day before {DAY_END:%H:%M}, written like 09:14:30.")
    return start
