"""One POST with a time-out on everything. No error names the address: tokens stand in some."""

from collections.abc import Mapping

import httpx2

from qts.domain.errors import TerminalError, TransientError

TIMEOUT = httpx2.Timeout(connect=3.0, read=5.0, write=5.0, pool=3.0)
PASSING = frozenset({408, 425, 429})  # it may work later; so may everything from 500 on


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises TransientError for what may work later and TerminalError for what will not. Redirects are not followed:
    they could lead into the house."""
    try:
        answer = httpx2.post(url, content=body, headers=dict(headers), timeout=TIMEOUT, follow_redirects=False)
    except httpx2.InvalidURL as error:
        raise TerminalError("the address cannot be read") from error
    except httpx2.HTTPError as error:
        raise TransientError(f"no answer: {type(error).__name__}") from None
    if answer.status_code in PASSING or answer.status_code >= 500:
        raise TransientError(f"it answered {answer.status_code}")
    if not 200 <= answer.status_code < 300:
        raise TerminalError(f"it answered {answer.status_code}")
