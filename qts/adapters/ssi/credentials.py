"""Keys for FastConnect. Their repr, and so any log line or traceback that shows it, holds no secret."""

from dataclasses import dataclass, field
from pathlib import Path

from qts.adapters.sealing import Sealed


@dataclass(frozen=True, slots=True)
class DataCredentials:
    """What FC Data's AccessToken call asks for."""

    consumer_id: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TradingCredentials:
    """What FC Trading asks for: `private_key` is the Base64 of the RSAKeyValue XML as SSI hands it out, or that sealed
    with the keys of `key_file`; `pin` the customer's trading PIN."""

    consumer_id: str
    consumer_secret: str = field(repr=False)
    private_key: str | Sealed = field(repr=False)
    pin: str = field(repr=False)
    key_file: Path | None = None
