"""The published signature vectors (their key is worthless), and what must not verify."""

import json

import pytest

from simulator.wire.keys import is_signed, new_private_key_xml, public_key_of

TEST_KEY = (
    "PFJTQUtleVZhbHVlPjxNb2R1bHVzPm56TWRyT2VWei9UbHV1NWd5cHZPTC9sTmJIY1I4K1g5VkNmTDBGM09LSS9VQXk1ZU9BNDZUaEg0TXN2K1VE"
    "a203ai9kZ0YwaEhNS2FxSng4eTJMZmFOY2ZpWHMwTHQzQ1FsaENxTnplSkZXb21ySFliZ1hqeEhUaGZMZTBaM01zNmgxSFhvWFk2b3I2Qm1renZy"
    "UGpRTDJ0eEtTeXB5YTdkSmtQZXEvR0lyVT08L01vZHVsdXM+PEV4cG9uZW50PkFRQUI8L0V4cG9uZW50PjwvUlNBS2V5VmFsdWU+"
)

V1 = (
    b'{"account": "0901351", "requestID": "12345678", "instrumentID": "SSI", "market": "VN", "buySell": "B", '
    b'"orderType": "LO", "price": 21000.0, "quantity": 300, "stopOrder": false, "stopPrice": 0.0, "stopType": "", '
    b'"stopStep": 0.0, "lossStep": 0.0, "profitStep": 0.0, "channelID": "TA", "code": "", '
    b'"deviceId": "8C-EC-4B-D3-0B-96", "userAgent": "FCTrading"}'
)
V2 = (
    b'{"account": "0901351", "requestID": "12345679", "instrumentID": "SSI", "market": "VN", "buySell": "S", '
    b'"orderType": "MP", "price": 0, "quantity": 100, "stopOrder": false, "stopPrice": 0.0, "stopType": "", '
    b'"stopStep": 0.0, "lossStep": 0.0, "profitStep": 0.0, "channelID": "TA", "code": "", "deviceId": "", '
    b'"userAgent": "\\u0110\\u1eb7t l\\u1ec7nh"}'
)
V3 = (
    b'{"account": "0901351", "requestID": "12345681", "orderID": "12658867", "marketID": "VN", "instrumentID": "SSI", '
    b'"buySell": "B", "code": "", "deviceId": "8C-EC-4B-D3-0B-96", "userAgent": "FCTrading"}'
)
V4 = (
    b'{"account":"0901351","requestID":"12345678","instrumentID":"SSI","market":"VN","buySell":"B","orderType":"LO",'
    b'"price":21000,"quantity":300,"stopOrder":false,"stopPrice":0,"stopType":"","stopStep":0,"lossStep":0,'
    b'"profitStep":0,"channelID":"TA","code":"","deviceId":"8C-EC-4B-D3-0B-96","userAgent":"FCTrading"}'
)
SIGNATURES = {
    V1: "859f0ba047949a7a1a517fe8af54193090c5489ff113909049f66860e9b3c7b4d359042ed48182f4867620d73a41ab29684a"
    "402e55c8b25b0ea7dfa3a54abab6e5ddcc2db5a7335dce7c0e78bc73e5269c9e394f94e8a8666d63fcb0b317690a664b0321"
    "3d280c55801aa2d85f7c3e058dc7bc0e346d5ef3adad8d34663e03fd",
    V2: "1bedc622655753160a0fcfc807dda2489a05590e9b66bebf13eaf95c36783ca4eed582327b31119d7f86507e64bc39bec0ae"
    "4a6049154985eb29ecca09d0f41051d72ce47047ae5b6ccab0c389b7cf12c58ad231552148f3a4d019d18cf5e1ca7c798a24"
    "276b62b8ec0ba1dcf854cdba206a43aa439d9d765d4fa3323087f455",
    V3: "505875ebf7331938ae4b814d72939cf12b60f5510732fc2295cee61c748277301b494a5464cdd62ee2778466cf054e100c38"
    "b692242d92059492960733a16c01f20c7933e3712341dd53c66167b58f44049b9357545610f250f2ab7f9c9028ef41090733"
    "0316ece79b3e4d7c7c5811b7f4a3db6be5820ff57b7257418355a443",
    V4: "2fb138b6dc488571ebba22f66b2a8f6dc9eb7cb4dc0ccf4c4e26ed3f828bef9a61d86041cf1b9f9f9c747058b80b7e0eb8ba"
    "a567506020231840d788acbac31dea78dbad40c2d627aac7c591f852e4cb37f199e69fcc6d7b49661b8fedd50dfe6e33e2e5"
    "da2aa82f8073d7f407d76e8c0f8bccd0fa85b0064dae36386573fa19",
}
KEY = public_key_of(TEST_KEY)


def test_the_vectors_have_their_published_lengths():
    assert [len(body) for body in SIGNATURES] == [353, 344, 198, 308]


@pytest.mark.parametrize("body", SIGNATURES, ids=["V1", "V2", "V3", "V4"])
def test_a_published_signature_verifies(body):
    assert is_signed(KEY, body, SIGNATURES[body])
    assert is_signed(KEY, body, SIGNATURES[body].upper())


def test_nothing_but_the_very_bytes_verifies():
    same_meaning = json.dumps(json.loads(V1), separators=(",", ":")).encode()
    assert not is_signed(KEY, V4, SIGNATURES[V1])
    assert not is_signed(KEY, same_meaning, SIGNATURES[V1])
    assert not is_signed(KEY, V1 + b" ", SIGNATURES[V1])
    assert not is_signed(KEY, V1, SIGNATURES[V1][:-2])
    assert not is_signed(KEY, V1, "no hex")
    assert not is_signed(KEY, V1, "")
    assert not is_signed(public_key_of(new_private_key_xml()), V1, SIGNATURES[V1])


def test_a_text_that_is_no_key_is_refused():
    with pytest.raises(ValueError, match="no Exponent"):
        public_key_of("PFJTQUtleVZhbHVlPjwvUlNBS2V5VmFsdWU+")
