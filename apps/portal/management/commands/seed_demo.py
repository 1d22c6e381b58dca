"""Fill an empty system with what the demo needs, each part by its own app's service. Safe to run at every start."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts.services import DEMO_OWNERS, seed_demo_accounts
from apps.configuration.services import seed_demo_connections
from apps.marketdata import selectors as marketdata
from apps.marketdata.services.master_data import load_master_data_of_day
from apps.risk.services import seed_limits
from apps.sso.services import seed_demo_users
from apps.strategies.services import seed_demo_strategies
from qts.domain.errors import TransientError

CREDENTIALS_PATH = "sim/credentials"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
STRATEGY_ACCOUNT = "0901351"
MASTER_DATA_WAIT_S = 60.0
Answer = TypeVar("Answer")


class Command(BaseCommand):
    help = "Seed users, broker connections, securities, accounts, limits and strategies of the demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=float, default=MASTER_DATA_WAIT_S, help="seconds to wait for the simulator")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("demo users have public passwords: only under demo settings")
        deadline = time.monotonic() + options["wait"]
        now = marketdata.market_now()
        self._say("users", len(seed_demo_users()))
        connection_of = seed_demo_connections(_simulator_credentials(deadline), now=now)
        self._say("broker connections", len(set(connection_of.values())))
        self._say("securities", _securities(deadline))
        account_ids = _until(deadline, lambda: seed_demo_accounts(connection_of=connection_of, now=now))
        self._say("accounts", len(account_ids))
        seed_limits(now)
        seed_demo_strategies(account_ids[STRATEGY_ACCOUNT])
        self._say("limits and strategies")

    def _say(self, what: str, number: int | None = None) -> None:
        self.stdout.write(f"seeded {what}" + ("" if number is None else f": {number}"))


def _simulator_credentials(deadline: float) -> dict[str, Any]:
    """The simulator hands out its demo keys on loopback only, so that no secret stands in this code.

    It knows more customers than the demo has traders; the others are for programs that trade on it by themselves.
    """
    address = f"{settings.SSI_TRADING_URL}{CREDENTIALS_PATH}"
    if urlsplit(address).hostname not in LOOPBACK:
        raise CommandError(f"{address} is not on this machine: the demo is seeded from the simulator beside it")

    def ask() -> dict[str, Any]:
        try:
            answer: dict[str, Any] = httpx2.get(address, timeout=5).raise_for_status().json()
        except httpx2.HTTPError as error:
            raise TransientError(f"the simulator does not answer at {address}: {error}") from error
        return answer

    found = _until(deadline, ask)
    of_traders = [customer for customer in found["customers"] if DEMO_OWNERS.keys() & set(customer["accounts"])]
    return found | {"customers": of_traders}


def _securities(deadline: float) -> int:
    """Today's master data; where a worker is loading it at this moment, wait until it has."""

    def load() -> None:
        load_master_data_of_day()
        if not marketdata.is_master_data_of(marketdata.market_today()):
            raise TransientError("today's master data is being loaded")

    _until(deadline, load)
    return len(marketdata.securities())


def _until(deadline: float, ask: Callable[[], Answer]) -> Answer:
    """Ask again each half second while the answer is only that it is too early. Raises CommandError at the deadline."""
    while True:
        try:
            return ask()
        except TransientError as error:
            if time.monotonic() > deadline:
                raise CommandError(str(error)) from error
            time.sleep(0.5)
