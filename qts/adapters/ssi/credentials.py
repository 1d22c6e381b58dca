"""Keys for FastConnect. Their repr, and so any log line or traceback that shows it, holds no secret."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from qts.adapters.sealing import Sealed


class SecondFactor(StrEnum):
    """What opens a token for orders: the customer's PIN, which QTS keeps, or a code that a person enters. It is sent by
    SMS or e-mail when it is asked for, or shown by the broker's app."""

    PIN = "PIN"
    OTP = "OTP"
    SMART_OTP = "SMART_OTP"

    @property
    def needs_person(self) -> bool:
        return self is not SecondFactor.PIN

    @property
    def wire_type(self) -> int:
        return 1 if self.needs_person else 0


@dataclass(frozen=True, slots=True)
class DataCredentials:
    """What FC Data's AccessToken call asks for."""

    consumer_id: str
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TradingCredentials:
    """What FC Trading asks for: `private_key` is the Base64 of the RSAKeyValue XML as SSI hands it out, or that sealed
    with the keys of `key_file`; `pin` the customer's trading PIN, empty where the second factor is another."""

    consumer_id: str
    consumer_secret: str = field(repr=False)
    private_key: str | Sealed = field(repr=False)
    pin: str = field(repr=False)
    key_file: Path | None = None
    second_factor: SecondFactor = SecondFactor.PIN
