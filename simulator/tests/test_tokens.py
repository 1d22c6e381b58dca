import base64
import json

import pytest

from simulator.wire.tokens import DATA, TOKEN_LIFETIME_S, TRADING, Claims, issue, verify

SECRET = b"a secret of the test"
CLAIMS = Claims(TRADING, "0" * 31 + "f", True)


def test_a_token_is_read_back_until_it_expires():
    token = issue(SECRET, CLAIMS, 1_000.0)
    assert verify(SECRET, token, 1_000.0 + TOKEN_LIFETIME_S - 1) == CLAIMS._replace(issued_ms=1_000_000)
    assert verify(SECRET, token, 1_000.0 + TOKEN_LIFETIME_S) is None
    assert verify(b"another secret", token, 1_000.0) is None


def test_a_short_life_is_as_short_as_asked():
    token = issue(SECRET, CLAIMS, 1_000.0, 30)
    assert verify(SECRET, token, 1_029.0) is not None
    assert verify(SECRET, token, 1_030.0) is None


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "ä.ö.ü", "a.b.\udcff"])
def test_what_is_no_token_of_ours_is_refused(token):
    assert verify(SECRET, token, 0.0) is None


def test_a_changed_token_is_refused():
    head, _, signature = issue(SECRET, CLAIMS, 1_000.0).split(".")
    forged = base64.b64encode(json.dumps({"exp": 9e9, "svc": DATA, "cid": "x", "sav": True}).encode()).decode()
    assert verify(SECRET, f"{head}.{forged}.{signature}", 1_000.0) is None


@pytest.mark.parametrize("wall_s", [0.0, 1_795_400_000.0, 4_102_444_800.0])
def test_the_official_clients_can_read_the_payload(wall_s):
    """They decode part two as standard Base64 and need a numeric `exp` more than an hour ahead."""
    payload = issue(SECRET, CLAIMS, wall_s).split(".")[1]
    assert not {"-", "_"} & set(payload)
    assert json.loads(base64.b64decode(payload + "=="))["exp"] > wall_s + 3600
