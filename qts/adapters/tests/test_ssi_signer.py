import base64

import pytest

from qts.adapters.ssi.credentials import DataCredentials, TradingCredentials
from qts.adapters.ssi.signer import Signer
from qts.adapters.tests import signature_vectors as vectors
from qts.domain.errors import TerminalError


@pytest.mark.parametrize("name", ["V1_NEW_ORDER", "V2_VIETNAMESE_USER_AGENT", "V3_CANCEL_ORDER", "V4_COMPACT"])
def test_published_vectors(name):
    body, signature = getattr(vectors, name)
    assert Signer(vectors.PRIVATE_KEY).sign(body) == signature


def test_the_same_order_in_other_bytes_has_another_signature():
    signer = Signer(vectors.PRIVATE_KEY)
    assert signer.sign(vectors.V4_COMPACT[0]) != signer.sign(vectors.V1_NEW_ORDER[0])


def test_pretty_printed_xml_and_wrapped_base64_are_read():
    xml = base64.b64decode(vectors.PRIVATE_KEY).decode()
    pretty = xml.replace("><", ">\n  <")
    modulus = pretty.partition("<Modulus>")[2].partition("</Modulus>")[0]
    pretty = pretty.replace(modulus, f"\n{modulus[:60]}\r\n{modulus[60:]}\n")
    key = base64.encodebytes(pretty.encode()).decode()

    assert Signer(key).sign(vectors.V1_NEW_ORDER[0]) == vectors.V1_NEW_ORDER[1]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "not base64 at all!",
        base64.b64encode(b"<RSAKeyValue></RSAKeyValue>").decode(),
        base64.b64encode(b"\xff\xfe\xfd").decode(),
        base64.b64encode(base64.b64decode(vectors.PRIVATE_KEY).replace(b"<D>", b"<E>")).decode(),
        base64.b64encode(base64.b64decode(vectors.PRIVATE_KEY).replace(b"<P>w", b"<P>A")).decode(),
    ],
)
def test_another_form_is_refused_without_a_word_of_the_key(key):
    with pytest.raises(TerminalError) as caught:
        Signer(key)
    assert caught.value.__cause__ is None
    assert not key or key[:20] not in str(caught.value)


def test_no_repr_shows_a_secret():
    data = DataCredentials("id-1", "hush-1")
    trading = TradingCredentials("id-2", "hush-2", vectors.PRIVATE_KEY, "4711")
    shown = f"{data} {trading} {Signer(vectors.PRIVATE_KEY)}"
    assert "id-1" in shown
    for secret in ("hush", "4711", vectors.PRIVATE_KEY[:12]):
        assert secret not in shown
