"""Backfill, master data and the filling of gaps ask the broker at one pace, which it counts by key and not by asker."""

import threading
import time

import pytest

from apps.marketdata.services import backfill, gap_filling, master_data
from qts.adapters.ssi.credentials import DataCredentials
from qts.adapters.ssi.http import FastConnectHttp, Reply
from qts.adapters.ssi.tokens import TokenKeeper

CALLS_PER_S = 20


def answered(*, total):
    rows = [{"Symbol": "SSI", "Market": "HOSE"}] if total else []
    document = {"data": rows, "status": "Success", "message": "", "totalRecord": total}
    return Reply(200, "Success", "", rows, document, 0)


@pytest.fixture
def asked(valkey, settings, monkeypatch):
    """When each query was sent, and for what."""
    settings.HISTORY_CALLS_PER_S_MAX = CALLS_PER_S
    monkeypatch.setattr(master_data, "data_credentials", lambda: DataCredentials("CID-1", "SEC-1"))
    monkeypatch.setattr(TokenKeeper, "token", lambda _: "token")
    found: list[tuple[float, str, str]] = []

    def query(self, method, path, **given):
        params = given["params"]
        found.append((time.monotonic(), path.rpartition("/")[2], params["pageIndex"]))
        return answered(total=1_500 if params.get("market") == "HOSE" else 0)

    monkeypatch.setattr(FastConnectHttp, "query", query)
    valkey.delete("qts:pace:fc-data")
    yield found
    valkey.delete("qts:pace:fc-data")


def test_whoever_asks_and_for_whatever_page_the_broker_is_asked_at_one_pace(asked):
    clients = [module.data_client() for module in (backfill, gap_filling, master_data)]
    threads = [threading.Thread(target=client.securities, args=("HOSE",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted((name, page) for _, name, page in asked) == [("Securities", "1")] * 3 + [("Securities", "2")] * 3
    times = sorted(at for at, _, _ in asked)
    assert times[-1] - times[0] >= 4.5 / CALLS_PER_S
