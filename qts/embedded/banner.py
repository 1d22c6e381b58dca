"""What the person at the terminal reads when everything runs."""

import json

from qts.embedded.options import Options
from qts.embedded.prepare import USERS_FILE


def welcome(options: Options, flower_password: str) -> str:
    people = json.loads((options.data_dir / USERS_FILE).read_text(encoding="utf-8"))
    lines = [
        "QTS runs. Open it in a browser:",
        "",
        f"  Portal        {options.web_url}",
        f"  Admin         {options.web_url}admin/",
        f"  API           {options.web_url}api/docs/",
        f"  gRPC          127.0.0.1:{options.rpc_port}   (qts/rpc/risk.proto)",
        f"  Flower        http://127.0.0.1:{options.flower_port}/   (operator / {flower_password})",
        f"  Simulator     http://127.0.0.1:{options.sim_port}/",
        "",
        "Log-ins (user / password), each with a code of six digits:",
        "",
        *(f"  {person['username']:<12}  {person['password']}" for person in people),
        "",
        "The code, in another terminal:   make totp USER=trader",
        f"Market time runs {options.speed:g} times as fast as yours (SPEED=... changes it).",
        f"Data and logs: {options.data_dir}",
        "Stop everything: Ctrl-C here. Start again: make demo (keeps its data). Wipe: make reset.",
    ]
    return framed(lines)


def servers_only(options: Options) -> str:
    return framed(
        [
            "PostgreSQL and Valkey run.",
            "",
            "In another terminal:   make manage ARGS='migrate'   (or any other command of manage.py)",
            f"Their addresses, passwords included: {options.data_dir / 'environment.json'}",
            "Stop both: Ctrl-C here.",
        ]
    )


def framed(lines: list[str]) -> str:
    width = max(map(len, lines))
    edge = "+" + "-" * (width + 2) + "+"
    return "\n".join(["", edge, *(f"| {line:<{width}} |" for line in lines), edge, ""])
