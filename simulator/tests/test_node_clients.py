"""SSI's own Node clients against the simulator, where Node and its package registry can be reached."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.tests.conftest import SimulatorProcess, clock_spec

PACKAGES = ("ssi-fcdata@2.2.0", "ssi-fctrading@2.4.1")
# both pin a web socket library of 2014 that masks frames with negative numbers, which Node refuses since version 10
PROJECT = {"name": "clients", "private": True, "overrides": {"websocket": "1.0.35"}}
SCRIPT = Path(__file__).with_name("node_clients.cjs")
INSTALL_TIMEOUT_S = 90


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder with both packages, without running any script of theirs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text(json.dumps(PROJECT), encoding="utf-8")
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm cannot install {' and '.join(PACKAGES)} here: {type(error).__name__}")
    return folder


@pytest.fixture(scope="module")
def seen(node_folder, tmp_path_factory):
    """What the script got from a simulator of its own."""
    simulator = SimulatorProcess(
        tmp_path_factory.mktemp("state"), ["--clock", clock_spec("09:30:00"), "--symbols", "SSI,FPT,VNM"]
    )
    simulator.start()
    try:
        credentials = {"data": simulator.control("credentials")["data"], "customer": simulator.customer()}
        ended = subprocess.run(
            ["node", str(SCRIPT), str(node_folder), simulator.url, json.dumps(credentials)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        simulator.stop()
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_every_data_call(seen):
    assert set(seen["data"]) == set(seen["dataCalls"])
    assert len(seen["dataCalls"]) == 9
    statuses = {name: answered["status"] for name, answered in seen["data"].items()}
    assert statuses.pop("GET_ACCESS_TOKEN") == 200
    assert statuses.pop("GET_INTRADAY_OHLC") == "NoDataFound"  # minutes are of simulated days
    assert set(statuses.values()) == {"Success"}
    assert seen["data"]["GET_SECURITIES_LIST"]["totalRecord"] == 3


def test_the_data_stream_begins_with_the_state_of_every_channel(seen):
    first = {message["DataType"]: json.loads(message["Content"]) for message in reversed(seen["dataStream"])}
    assert set(first) == {"F", "X-QUOTE", "X-TRADE", "X", "R", "MI", "OL"}
    assert all(content["RType"] == kind for kind, content in first.items())
    assert first["X"]["Symbol"] == "SSI"


def test_every_trading_call(seen):
    assert set(seen["trading"]) == set(seen["tradingCalls"])
    assert len(seen["tradingCalls"]) == 18
    failed = {name: answered for name, answered in seen["trading"].items() if answered["status"] != 200}
    assert set(failed) <= {"DER_MODIFY_ORDER", "DER_CANCEL_ORDER"}  # of an order that there is not
    book = seen["trading"]["GET_ORDER_BOOK"]["data"]["orders"]
    assert [(row["uniqueID"], row["orderStatus"], row["price"]) for row in book] == [("3", "CL", 33_400)]


def test_the_order_stream_tells_the_whole_life_of_an_order(seen):
    events = [event["data"] for event in seen["events"] if event["data"].get("account") == "0901351"]
    statuses = [event["orderStatus"] for event in events]
    assert statuses[0] == "RS"
    assert statuses[-1] == "CL"
    assert [event["notifyID"] for event in events] == list(range(1, len(events) + 1))
    errors = [event["data"] for event in seen["events"] if event["type"] == "orderError"]
    assert ("4", "ORD001") in {(error["uniqueID"], error["errorCode"]) for error in errors}
