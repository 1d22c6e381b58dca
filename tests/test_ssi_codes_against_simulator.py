"""The log-in by one-time codes and the simulated broker, each in its own process, over the real wire."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from qts.adapters.ssi.credentials import SecondFactor, TradingCredentials
from qts.adapters.ssi.http import FastConnectHttp
from qts.adapters.ssi.log_in import TradingLogIn, WrongCode
from qts.adapters.ssi.tokens import CodeWanted, KeptToken, KeptTokens, end_of
from qts.adapters.ssi.trading import Accepted, TradingClient
from tests.test_ssi_adapter_against_simulator import (
    ACCOUNT,
    Simulator,
    credentials,
    data,
    process,
    quote_of,
    send,
    simulator,
)

__all__ = ["credentials", "data", "process", "simulator"]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def otp(credentials) -> TradingCredentials:
    return replace(credentials, pin="", second_factor=SecondFactor.OTP)


@pytest.fixture
def by_code(simulator, otp) -> Iterator[TradingLogIn]:
    """The log-in of the same customer by codes; `simulator` sends them where its controls can be asked."""
    http = FastConnectHttp(simulator.url)
    yield TradingLogIn(http, otp)
    http.close()
    simulator.ask("sim/unlock", {})


def sent_code(simulator: Simulator) -> str:
    return str(simulator.ask("sim/state")["otps"][ACCOUNT[:6]])


def test_a_code_opens_orders_once(simulator, data, otp, by_code):
    quote, _ = quote_of(simulator, data, "HPG")
    by_code.request_code()
    code = sent_code(simulator)
    token = by_code.with_code(code)
    kept = KeptTokens(lambda: KeptToken(token, end_of(token)), lambda _: None)
    client = TradingClient(simulator.url, otp, write_tokens=lambda _: kept)
    request_id, answer = send(client, "HPG", quote.floor_vnd)
    assert isinstance(answer, Accepted)
    assert [row.unique_id for row in client.order_book(ACCOUNT) if row.unique_id == request_id] == [request_id]
    client.close()
    with pytest.raises(WrongCode):
        by_code.with_code(code)


def test_wrong_late_and_locked_codes_are_one_refusal(simulator, by_code):
    """The broker does not say which it was; whoever shows more than five finds the right one refused too."""
    simulator.faults(otp_validity_s=0)
    by_code.request_code()
    with pytest.raises(WrongCode, match="Wrong OTP"):
        by_code.with_code("000000")
    simulator.faults()
    by_code.request_code()
    code = sent_code(simulator)
    for _ in range(5):
        with pytest.raises(WrongCode, match="Wrong OTP"):
            by_code.with_code("00000")
    with pytest.raises(WrongCode, match="Wrong OTP"):
        by_code.with_code(code)
    simulator.ask("sim/unlock", {})
    assert by_code.with_code(code)


def test_a_token_that_the_broker_ended_sends_nothing(simulator, otp, by_code):
    by_code.request_code()
    token = by_code.with_code(sent_code(simulator))
    store = [KeptToken(token, end_of(token))]
    kept = KeptTokens(lambda: store[0] if store else None, lambda _: store.clear())
    client = TradingClient(simulator.url, otp, write_tokens=lambda _: kept)
    before = len(simulator.ask("sim/state")["orders"])
    simulator.ask("sim/expire-tokens", {"service": "trading"})
    with pytest.raises(CodeWanted):
        send(client, "HPG", 10_000)
    assert (len(simulator.ask("sim/state")["orders"]), store) == (before, [])
    assert isinstance(client.order_book(ACCOUNT), list), "questions need no code"
    client.close()
