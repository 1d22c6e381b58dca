"""Keys for FastConnect. Their repr, and so any log line or traceback that shows it, holds no secret."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DataCredentials:
    """What FC Data's AccessToken call asks for."""

    consumer_id: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TradingCredentials:
    """What FC Trading asks for: `private_key` is the Base64 of the RSAKeyValue XML as SSI hands it out; `pin` the
    customer's trading PIN."""

    consumer_id: str
    consumer_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    pin: str = field(repr=False)
