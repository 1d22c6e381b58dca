"""The books over gRPC: the same figures as REST, page by page, and only for who may see them."""

import sys

import grpc
import pytest
from django.test import Client

from apps.accounts import selectors
from apps.accounts.models import LedgerEntry
from apps.sso.selectors import Role
from apps.sso.tests.sessions import make_user, verified_client
from qts.rpc import accounts_pb2 as pb
from qts.rpc import accounts_pb2_grpc
from qts.rpc.server import make_server

pytestmark = pytest.mark.django_db(transaction=True)
TIMEOUT_S = 10


@pytest.fixture
def rpc(floor):
    server, port = make_server("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = accounts_pb2_grpc.AccountServiceStub(channel)

        def ask(method, request, client=None):
            session = (client or floor.trader_client).cookies.get("sessionid")
            metadata = [("authorization", f"Session {session.value}")] if session else []
            return getattr(stub, method)(request, metadata=metadata, timeout=TIMEOUT_S)

        yield ask
    server.stop(None).wait()


def of(floor, **more):
    kind = pb.ListLedgerEntriesRequest if more else pb.AccountRequest
    return kind(account_id=str(floor.desk.account_id), **more)


def test_balances_and_positions_are_those_of_rest(rpc, floor):
    told = floor.trader_client.get(f"/api/v1/accounts/{floor.desk.account_id}/positions/").json()
    balances = rpc("GetBalances", of(floor))
    names = [field.name for field in pb.Balances.DESCRIPTOR.fields if field.name != "ts_market_ms"]
    assert {name: getattr(balances, name) for name in names} == {name: told[name] for name in names}
    assert balances.cash_settled_vnd == 100_000_000
    (position,) = rpc("ListPositions", of(floor)).positions
    names = [field.name for field in pb.Position.DESCRIPTOR.fields]
    assert {name: getattr(position, name) for name in names} == {name: told["positions"][0][name] for name in names}
    assert (position.symbol, position.quantity) == ("SSI", 1_000)


def test_the_ledger_page_by_page_is_the_ledger(rpc, floor):
    found, after_id, pages = [], 0, 0
    while after_id or not pages:
        page = rpc("ListLedgerEntries", of(floor, after_id=after_id, page_size=2))
        found += page.entries
        after_id, pages = page.next_after_id, pages + 1
    rows = list(LedgerEntry.objects.filter(account_id=floor.desk.account_id).order_by("id"))
    assert [(one.id, one.amount_vnd, one.quantity) for one in found] == [
        (row.id, row.amount_vnd, row.quantity) for row in rows
    ]
    assert sum(one.amount_vnd for one in found) == 0
    assert pages == -(-len(rows) // 2)
    assert sum(one.amount_vnd for one in found if one.ledger == "CASH") == 100_000_000


def test_accounts_are_those_of_the_user(rpc, floor):
    (mine,) = rpc("ListAccounts", pb.ListAccountsRequest()).accounts
    assert mine.id == str(floor.desk.account_id)
    stranger = verified_client(make_user("guest", Role.TRADER))
    assert list(rpc("ListAccounts", pb.ListAccountsRequest(), stranger).accounts) == []


@pytest.mark.parametrize("method", ["GetBalances", "ListPositions", "ListLedgerEntries"])
@pytest.mark.parametrize(
    ("who", "code"), [("nobody", "UNAUTHENTICATED"), ("stranger", "NOT_FOUND"), ("nonsense", "INVALID_ARGUMENT")]
)
def test_everybody_else_is_refused(rpc, floor, method, who, code):
    request = of(floor, page_size=10) if method == "ListLedgerEntries" else of(floor)
    client = None
    if who == "nobody":
        client = Client()
    elif who == "stranger":
        client = verified_client(make_user("guest", Role.TRADER))
    else:
        request.account_id = "mine"
    with pytest.raises(grpc.RpcError) as refused:
        rpc(method, request, client)
    assert refused.value.code().name == code


@pytest.mark.parametrize("asked", [{"page_size": 1_001}, {"page_size": -1}, {"after_id": -1}])
def test_a_page_that_makes_no_sense_is_refused(rpc, floor, asked):
    with pytest.raises(grpc.RpcError) as refused:
        rpc("ListLedgerEntries", of(floor, **asked))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_without_a_price_a_value_is_not_set(rpc, floor, monkeypatch):
    monkeypatch.setattr(sys.modules["apps.accounts.selectors.portfolio"], "live_quotes", lambda _symbols: {})
    assert selectors.account_id_of("0901351") == floor.desk.account_id
    balances = rpc("GetBalances", of(floor))
    assert (balances.HasField("equity_vnd"), balances.HasField("day_pnl_vnd")) == (False, False)
