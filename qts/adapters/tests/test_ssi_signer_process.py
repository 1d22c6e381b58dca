"""The signer's process: what it signs, what it refuses, and that the key is nowhere else."""

import json
import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from qts.adapters.sealing import Sealed, gate_keys, read_key_ring
from qts.adapters.ssi import signing
from qts.adapters.ssi.gate_tokens import RequestTerms
from qts.adapters.ssi.signer import Signer
from qts.adapters.ssi.signing import SignerProcess
from qts.adapters.ssi.trading_codec import cancel_order_body, modify_order_body, new_order_body
from qts.adapters.tests import signature_vectors as vectors
from qts.domain.errors import TerminalError, TransientError
from qts.domain.values import OrderType, Side

LO, FUTURE = OrderType.LO, "41I1F7000"
ORDER = RequestTerms("NewOrder", "0901351", "12345678", "SSI", Side.BUY, "LO", 21_000, 300)
AMENDMENT = replace(ORDER, call="ModifyOrder", price_vnd=21_050)
CANCEL = RequestTerms("CancelOrder", "0901351", "12345679", "SSI", Side.BUY)


def body_of(terms: RequestTerms, market="VN") -> bytes:
    names = {
        "account": terms.account, "request_id": terms.request_id, "symbol": terms.symbol, "market": market,
        "side": terms.side, "device_id": "8C-EC-4B-D3-0B-96",
    }  # fmt: skip
    if terms.call == "CancelOrder":
        return cancel_order_body(**names, order_id="5")
    names |= {
        "order_type": OrderType(terms.order_type), "price_vnd": terms.price_vnd or None, "quantity": terms.quantity
    }  # fmt: skip
    return new_order_body(**names) if terms.call == "NewOrder" else modify_order_body(**names, order_id="5")


@pytest.fixture(scope="module")
def key_file(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "secret.key"
    file.write_text("the newest secret of this test\nan older secret of this test\n")
    return file


@pytest.fixture(scope="module")
def signer(key_file):
    process = SignerProcess(read_key_ring(key_file).seal(vectors.PRIVATE_KEY), key_file)
    yield process
    process.close()


def token_of(terms: RequestTerms, key_file: Path, number: int = 0) -> str:
    return terms.token(gate_keys(key_file)[number])


@pytest.mark.parametrize(
    ("terms", "market"),
    [
        (ORDER, "VN"),
        (replace(ORDER, side=Side.SELL, order_type="ATO", price_vnd=0), "VN"),
        (replace(ORDER, symbol=FUTURE, price_vnd=128_050_000, quantity=1), "VNFE"),
        (AMENDMENT, "VN"),
        (replace(AMENDMENT, symbol=FUTURE, price_vnd=128_060_000), "VNFE"),
        (CANCEL, "VN"),
        (replace(CANCEL, symbol=FUTURE, side=Side.SELL), "VNFE"),
    ],
    ids=lambda value: getattr(value, "call", value),
)
@pytest.mark.parametrize("number", [0, 1], ids=["newest key", "older key"])
def test_it_signs_what_the_gate_has_let_pass(signer, key_file, terms, market, number):
    body = body_of(terms, market)
    signature = signer.sign_order(terms.call, body, token_of(terms, key_file, number))
    assert signature == Signer(vectors.PRIVATE_KEY).sign(body)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 301}, {"price_vnd": 21_050}, {"side": Side.SELL}, {"symbol": "VNM"}, {"account": "1184411"},
        {"request_id": "12345679"}, {"order_type": "MTL", "price_vnd": 0},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_is_good_for_its_own_terms_alone(signer, key_file, change):
    with pytest.raises(TerminalError, match="not what the gate has let pass"):
        signer.sign_order("NewOrder", body_of(replace(ORDER, **change)), token_of(ORDER, key_file))


def test_a_token_of_an_order_is_none_of_an_amendment(signer, key_file):
    with pytest.raises(TerminalError):
        signer.sign_order("ModifyOrder", body_of(AMENDMENT), token_of(replace(AMENDMENT, call="NewOrder"), key_file))


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_without_the_gate_nothing_is_signed(signer, token):
    with pytest.raises(TerminalError, match="gate"):
        signer.sign_order("NewOrder", body_of(ORDER), token)


TRANSFERS = {
    "transferInternal": {
        "account": "0901351",
        "beneficiaryAccount": "1184411",
        "amount": 1e9,
        "remark": "",
        "code": "",
    },
    "vsdCashDW": {"account": "0901358", "amount": 1_000_000, "type": "D", "remark": "", "code": ""},
    "createCashInAdvance": {"account": "0901351", "ciaAmount": 5, "receiveAmount": 4, "code": ""},
    "stock/transfer": {"account": "0901351", "beneficiaryAccount": "1184411", "instrumentID": "SSI", "quantity": 100},
    "ors/create": {"account": "0901351", "instrumentID": "SSI", "entitlementID": "1", "quantity": 1, "amount": 1},
}


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("call", ["its own", "NewOrder", "CancelOrder"])
def test_transfers_are_refused_under_whatever_name(signer, key_file, name, call):
    body = json.dumps(TRANSFERS[name]).encode()
    with pytest.raises(TerminalError, match="not the body of"):
        signer.sign_order(name if call == "its own" else call, body, token_of(ORDER, key_file))


def spoiled(**changes: object) -> bytes:
    given = json.loads(body_of(ORDER)) | changes
    return json.dumps(
        {name: value for name, value in given.items() if value is not ...}, separators=(",", ":")
    ).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no JSON", b"[]", b"null",
        spoiled(beneficiaryAccount="1184411"),
        spoiled(channelID=...),
        spoiled(stopOrder=True),
        spoiled(quantity="many"),
        spoiled(buySell="X"),
        spoiled(account=None),
        body_of(ORDER).replace(b'"quantity":300', b'"quantity":9000,"quantity":300'),
        body_of(ORDER).replace(b'"SSI"', b'"\\u0053SI"'),
        body_of(ORDER) + b" ",
    ],
    ids=range(13),
)  # fmt: skip
def test_a_body_in_any_other_form_is_refused(signer, key_file, body):
    with pytest.raises(TerminalError):
        signer.sign_order("NewOrder", body, token_of(ORDER, key_file))


def test_the_key_is_in_no_environment_and_in_no_argument(signer):
    signer.warm_up()
    folder = Path(f"/proc/{signer.pid}")
    seen = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    assert vectors.PRIVATE_KEY[:40].encode() not in seen
    names = {line.partition(b"=")[0] for line in (folder / "environ").read_bytes().split(b"\0") if line}
    assert names <= {b"PATH", b"PYTHONPATH", b"LC_CTYPE"}
    assert "private" not in repr(signer).lower()


def test_one_that_was_killed_is_started_again(signer, key_file):
    signer.warm_up()
    killed = signer.pid
    os.kill(killed, signal.SIGKILL)
    body = body_of(ORDER)
    with suppress(TransientError):  # it may meet the pipe of the dead one
        signer.sign_order("NewOrder", body, token_of(ORDER, key_file))
    signature = signer.sign_order("NewOrder", body, token_of(ORDER, key_file))
    assert signature == Signer(vectors.PRIVATE_KEY).sign(body)
    assert signer.pid != killed


def test_whoever_waits_for_its_start_may_do_something_meanwhile(signer, monkeypatch):
    monkeypatch.setattr(signing, "MEANWHILE_EVERY_S", 0.01)
    signer.close()
    done = []
    signer.warm_up(lambda: done.append(1))
    assert len(done) > 2  # a Python takes longer than that


def test_one_that_hangs_is_given_up_and_another_is_started(signer, key_file, monkeypatch):
    monkeypatch.setattr(signing, "SIGNATURE_S_MAX", 0.2)
    signer.warm_up()
    hanging = signer.pid
    os.kill(hanging, signal.SIGSTOP)
    body = body_of(ORDER)
    with pytest.raises(TransientError, match="did not answer within"):
        signer.sign_order("NewOrder", body, token_of(ORDER, key_file))
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)
    monkeypatch.undo()
    assert signer.sign_order("NewOrder", body, token_of(ORDER, key_file)) == Signer(vectors.PRIVATE_KEY).sign(body)


def test_a_key_that_cannot_be_opened_is_told(key_file):
    process = SignerProcess(Sealed("gAAAAABmMTIz"), key_file)
    with pytest.raises(TerminalError, match="sealed with a key"):
        process.warm_up()
    assert process.pid is None
