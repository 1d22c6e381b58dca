"""The demo customers of the broker, and the secrets that are made once and kept in the state directory."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from simulator.broker.accounts import AccountKind, Owner
from simulator.wire.keys import new_private_key_xml, public_key_of

_OPENING_SHARES: Final = {"VNM": 10_000, "FPT": 10_000, "HPG": 10_000, "SSI": 10_000, "VCB": 10_000}
_NAMES: Final = {Owner.DOMESTIC: "Demo customer", Owner.FOREIGN: "Foreign demo customer"}


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """What an account holds before its first day. The number's last digit says of which kind it is."""

    number: str
    cash_vnd: int
    shares: dict[str, int]

    @property
    def kind(self) -> AccountKind:
        return AccountKind(self.number[-1])


@dataclass(frozen=True, slots=True)
class Customer:
    """`private_key` is what the customer signs with, in SSI's form; the broker itself uses the public half."""

    customer_id: str
    name: str
    consumer_id: str
    consumer_secret: str
    pin: str
    private_key: str
    public_key: RSAPublicKey
    openings: tuple[AccountOpening, ...]
    owner: Owner = Owner.DOMESTIC

    @property
    def account_numbers(self) -> tuple[str, ...]:
        return tuple(opening.number for opening in self.openings)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything that opens a door of the simulator."""

    customers: tuple[Customer, ...]
    data_consumer_id: str
    data_consumer_secret: str
    token_secret: bytes


def load_or_make_secrets(folder: Path) -> Secrets:
    """Reads the secrets from `folder` and makes those that are missing, readable by their owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def kept(name: str, fresh: str) -> str:
        file = folder / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(fresh, encoding="ascii")
        return file.read_text(encoding="ascii")

    def customer(customer_id: str, *openings: AccountOpening, owner: Owner = Owner.DOMESTIC) -> Customer:
        key_file = folder / f"{customer_id}.private_key"
        private_key = kept(key_file.name, "" if key_file.exists() else new_private_key_xml())
        return Customer(
            customer_id=customer_id,
            name=f"{_NAMES[owner]} {customer_id}",
            consumer_id=kept(f"{customer_id}.consumer_id", secrets.token_hex(16)),
            consumer_secret=kept(f"{customer_id}.consumer_secret", secrets.token_hex(16)),
            pin=kept(f"{customer_id}.pin", f"{secrets.randbelow(1_000_000):06d}"),
            private_key=private_key,
            public_key=public_key_of(private_key),
            openings=openings,
            owner=owner,
        )

    return Secrets(
        customers=(
            customer(
                "090135",
                AccountOpening("0901351", 5_000_000_000, _OPENING_SHARES),
                AccountOpening("0901356", 2_000_000_000, {}),
                AccountOpening("0901358", 2_000_000_000, {}),
            ),
            customer(
                "118441",
                AccountOpening("1184411", 1_000_000_000, {}),
                AccountOpening("1184416", 500_000_000, {}),
                AccountOpening("1184418", 500_000_000, {}),
            ),
            customer(
                "700511",
                AccountOpening("7005111", 5_000_000_000, _OPENING_SHARES),
                AccountOpening("7005118", 2_000_000_000, {}),
                owner=Owner.FOREIGN,
            ),
        ),
        data_consumer_id=kept("data.consumer_id", secrets.token_hex(16)),
        data_consumer_secret=kept("data.consumer_secret", secrets.token_hex(16)),
        token_secret=bytes.fromhex(kept("token.secret", secrets.token_hex(32))),
    )
