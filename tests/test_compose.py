"""docker-compose.yml runs the same processes as the demo, with variables that the settings know. It is read, not run:
there is no container engine where the tests run."""

import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from apps.accounts.management.commands.protect_ledger import PASSWORD_VARIABLE
from qts.embedded.postgres import APPLICATION
from qts.embedded.programs import WORKERS
from qts.settings.environment import Environment

ROOT = Path(__file__).resolve().parents[1]
NOT_DJANGO = {"PROMETHEUS_MULTIPROC_DIR", PASSWORD_VARIABLE}  # read by the metrics library, and by protect_ledger


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


@pytest.mark.parametrize("name", WORKERS)
def test_each_worker_has_the_queues_and_threads_of_the_demo(compose, name):
    command = compose["services"][name]["command"]
    queues, threads = WORKERS[name]
    assert command[command.index("-Q") + 1] == queues
    assert command[command.index("-c") + 1] == str(threads)
    assert command[command.index("--pool") + 1] == "threads"


def test_no_process_is_missing_and_none_is_more(compose):
    on_demand = {name for name, service in compose["services"].items() if service.get("profiles")}
    assert on_demand == {"kafka"}
    always = set(compose["services"]) - on_demand
    assert always == {"postgres", "valkey", "migrate", "web", "rpc", "beat", "time-machine", "flower", *WORKERS}


def test_the_broker_of_the_profile_keeps_its_data_and_makes_no_topic_by_itself(compose):
    kafka = compose["services"]["kafka"]
    data = kafka["environment"]["KAFKA_LOG_DIRS"]
    assert kafka["volumes"] == [f"kafka:{data}"]
    assert "kafka" in compose["volumes"]
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"  # QTS says how many partitions
    assert compose["services"]["stream"]["environment"]["EVENT_BUS_URL"] == "${EVENT_BUS_URL:-}"


def test_every_variable_is_one_that_the_settings_read(compose):
    known = {name.upper() for name in Environment.model_fields} | NOT_DJANGO
    for name in ("migrate", "web", "rpc", "beat", *WORKERS):
        assert set(compose["services"][name]["environment"]) <= known, name


def test_no_secret_and_no_unsafe_default_stands_in_the_file(compose):
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("DATABASE_PASSWORD", PASSWORD_VARIABLE, "FLOWER_PASSWORD", "QTS_ALLOWED_HOSTS", "SSI_TRADING_URL"):
        assert re.search(rf"\$\{{{name}:\?", text), f"{name} must be asked for"
    for name, service in compose["services"].items():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_only_the_migration_is_the_owner_of_the_ledger(compose):
    """Everybody else is the role of the demo, which `protect_ledger` keeps from changing it."""
    owner = compose["services"]["postgres"]["environment"]["POSTGRES_USER"]
    users = {
        name: urlsplit(service["environment"]["DATABASE_URL"].replace("${", "").replace(":?", "")).username
        for name, service in compose["services"].items()
        if "DATABASE_URL" in service.get("environment", {})
    }
    assert users.pop("migrate") == owner
    assert set(users) >= {"web", "rpc", "beat", *WORKERS}
    assert set(users.values()) == {APPLICATION}
    steps = [step.split("manage.py ")[-1] for step in compose["services"]["migrate"]["command"][-1].split("&&")]
    protects = f"protect_ledger {APPLICATION} --create --hand-over"
    assert [step.strip() for step in steps][1:3] == ["migrate --noinput", protects]
    for name, service in compose["services"].items():
        assert name == "migrate" or PASSWORD_VARIABLE not in service.get("environment", {}), name


def test_services_wait_for_the_tables_and_the_servers(compose):
    for name in ("web", "rpc", "beat", "flower", *WORKERS):
        waits = compose["services"][name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert waits["postgres"]["condition"] == waits["valkey"]["condition"] == "service_healthy"


def test_the_image_holds_what_it_starts(compose):
    copied = {
        line.split()[-1].rstrip("/") for line in (ROOT / "Dockerfile").read_text().splitlines() if "COPY " in line
    }
    assert {"qts", "apps", "templates", "static", "locale"} <= copied
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"qts", "apps", "simulator", "templates", "static", "locale", "manage.py", "requirements"} <= allowed
    modules = {shlex.join(service["command"]).split("-m ")[1].split()[0] for service in compose["services"].values()
               if "-m" in service.get("command", [])}  # fmt: skip
    assert modules == {"daphne", "celery", "qts.rpc", "qts.adapters.time_machine"}
