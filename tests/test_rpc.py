"""gRPC as another program sees it: a real client, a real server, and the same answers as REST."""

from pathlib import Path

import grpc
import pytest
from django.test import Client

from apps.accounts.models import Reservation
from apps.eventlog import selectors as eventlog
from apps.orders.models import Intent, Order
from apps.sso.tests.sessions import make_user
from qts.embedded.options import ROOT
from qts.rpc import risk_pb2, risk_pb2_grpc
from qts.rpc.server import make_server

pytestmark = pytest.mark.django_db(transaction=True)
TIMEOUT_S = 10


@pytest.fixture
def rpc(floor):
    """Asks as the trader unless another client's session is given."""
    server, port = make_server("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = risk_pb2_grpc.RiskManagementServiceStub(channel)

        def ask(client=None, **changes):
            fields = {
                "account_id": str(floor.desk.account_id), "symbol": "SSI", "side": risk_pb2.SIDE_BUY,
                "order_type": "LO", "quantity": 300, "price_vnd": 25_050,
            } | changes  # fmt: skip
            order = risk_pb2.PreTradeCheckRequest(
                **{name: value for name, value in fields.items() if value is not None}
            )
            session = (client or floor.trader_client).cookies.get("sessionid")
            metadata = [("authorization", f"Session {session.value}")] if session else []
            return stub.PreTradeCheck(order, metadata=metadata, timeout=TIMEOUT_S)

        yield ask
    server.stop(None).wait()


def rest(floor, **changes):
    return floor.trader_client.post("/api/v1/risk/check/", floor.body(**changes), content_type="application/json")


def assert_nothing_stayed():
    assert (Order.objects.count(), Intent.objects.count(), Reservation.objects.count()) == (0, 0, 0)
    assert eventlog.history(topic="risk.limit.breached") == []
    assert eventlog.history(topic="order.order.denied") == []


def test_an_order_that_would_pass(rpc, floor):
    answer = rpc()
    assert (answer.would_pass, list(answer.breaches)) == (True, [])
    assert answer.ts_market_ms > 0
    assert rest(floor).json() == {"would_pass": True, "breaches": []}
    assert_nothing_stayed()


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "XYZ"},
        {"quantity": 100_000},  # over the largest value, and the buying power
        {"price_vnd": 25_070},
        {"price_vnd": None},
        {"order_type": "ATO", "price_vnd": None},
        {"quantity": 0},
        {"quantity": -100},
    ],
)
def test_every_broken_rule_is_told_by_both_and_nothing_stays(rpc, floor, changes):
    answer = rpc(**changes)
    told = [
        {
            "code": breach.code,
            "limit": breach.limit if breach.HasField("limit") else None,
            "actual": breach.actual if breach.HasField("actual") else None,
            "detail": breach.detail,
        }
        for breach in answer.breaches
    ]
    assert answer.would_pass is False
    assert told == rest(floor, **changes).json()["breaches"]
    assert told
    assert_nothing_stayed()


def test_a_sale_is_a_sale(rpc):
    answer = rpc(side=risk_pb2.SIDE_SELL, quantity=2_000)
    assert [breach.code for breach in answer.breaches] == ["SELLABLE_QUANTITY_EXCEEDED"]


def test_an_officer_sees_what_would_happen_and_that_he_may_not_trade(rpc, floor):
    answer = rpc(floor.officer_client)
    assert "ACTOR_NOT_PERMITTED" in [breach.code for breach in answer.breaches]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": "0901351"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"side": risk_pb2.SIDE_UNSPECIFIED}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"order_type": "MARKET"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"account_id": "9a3c1f0e-6f0b-4b0e-9d7a-2f6f1a1c5d11"}, grpc.StatusCode.NOT_FOUND),
    ],
)
def test_what_is_no_order_is_said(rpc, changes, code):
    with pytest.raises(grpc.RpcError) as refusal:
        rpc(**changes)
    assert refusal.value.code() is code


def test_somebody_elses_account_does_not_exist(rpc, floor):
    with pytest.raises(grpc.RpcError) as refusal:
        rpc(account_id=str(floor.foreign_account_id))
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
    assert rest(floor, account_id=str(floor.foreign_account_id)).status_code == 404


def test_only_a_verified_session_is_answered(rpc, floor):
    careless = Client()
    careless.force_login(make_user("careless", with_factor=False))
    invented = Client()
    invented.cookies["sessionid"] = "x" * 32
    for client in (Client(), careless, invented):
        with pytest.raises(grpc.RpcError) as refusal:
            rpc(client)
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_session_that_has_ended_is_answered_no_more(rpc, floor):
    kept = Client()
    kept.cookies["sessionid"] = floor.trader_client.cookies["sessionid"].value
    assert rpc(kept).would_pass is True
    floor.trader_client.logout()
    with pytest.raises(grpc.RpcError) as refusal:
        rpc(kept)
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_the_generated_code_is_what_the_contract_says(tmp_path):
    tools = pytest.importorskip("grpc_tools.protoc")
    folder = tmp_path / "qts" / "rpc"
    arguments = ["", f"-I{ROOT}", *(f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python"))]
    assert tools.main([*arguments, "qts/rpc/risk.proto"]) == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert set(made) == {"risk_pb2.py", "risk_pb2.pyi", "risk_pb2_grpc.py"}
    for name, text in made.items():
        assert Path(ROOT, "qts", "rpc", name).read_text(encoding="utf-8") == text, f"run protoc again: {name}"
