"""Acts inside a running system, called through `manage.py shell`: what people do in a browser before trading begins."""

import time
from uuid import uuid4

import httpx2
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from apps.accounts import selectors as accounts
from apps.configuration.services import store_connection
from apps.marketdata.selectors import market_now, market_state, stream_status
from apps.orders.selectors import broker_connection_status
from apps.orders.services import submit_order
from apps.risk import services as risk
from apps.risk.selectors import FIRM, holds, proposal
from apps.sso.tests.sessions import verified_client
from apps.strategies import selectors, services
from qts.adapters.ssi.credentials import SecondFactor
from qts.adapters.ssi.tokens import CODE_WANTED
from qts.domain.orders import OrderRequest
from qts.domain.values import Actor, ActorKind, OrderType, Side

OPERATOR = Actor(ActorKind.SYSTEM, "test")
FREE_WITHIN_S = 60.0


def begin(*usernames: str) -> None:
    """Log in and start every strategy. Prints each user's key and the cookie of his session, a line each."""
    for username in usernames:
        user = get_user_model().objects.get(username=username)
        print(user.pk, verified_client(user).cookies["sessionid"].value)
    _wait_until_free()
    for strategy in selectors.strategies():
        services.start_strategy(strategy.id, actor=OPERATOR, now=market_now())


def _wait_until_free() -> None:
    """A system that just began is held until its market data have come, and the monitor has seen them."""
    until = time.monotonic() + FREE_WITHIN_S
    while (found := holds()) or stream_status().age_ms is None:
        assert time.monotonic() < until, found or "no market data come"
        time.sleep(0.2)


def show_seeds() -> None:
    """Of every authenticator: the user's name and the secret (base32), a line each."""
    for factor in Authenticator.objects.filter(type=Authenticator.Type.TOTP).select_related("user"):
        print(factor.user.get_username(), decrypt(factor.data["secret"]))


def want_codes(number: str) -> None:
    """The account's connection takes one-time codes from now on, and an order of it waits for the first one."""
    _store_factor(number, SecondFactor.OTP)
    until = time.monotonic() + FREE_WITHIN_S
    while not any(one.gateway_trouble == CODE_WANTED for one in broker_connection_status()):
        assert time.monotonic() < until, "no code is wanted"
        time.sleep(0.1)
    place_resting(number, 1)


def want_pin(number: str) -> None:
    _store_factor(number, SecondFactor.PIN)


def _store_factor(number: str, second_factor: SecondFactor) -> None:
    customers = httpx2.get(f"{settings.SSI_TRADING_URL}sim/credentials", trust_env=False).json()["customers"]
    customer = next(one for one in customers if number in one["accounts"])
    store_connection(
        name=customer["name"],
        consumer_id=customer["consumer_id"],
        pin="" if second_factor.needs_person else customer["pin"],
        second_factor=second_factor,
        actor=OPERATOR,
        now=timezone.now(),
    )


def stop_strategies() -> None:
    for strategy in selectors.strategies():
        services.stop_strategy(strategy.id, actor=OPERATOR, now=market_now())


def place_resting(number: str, count: int) -> None:
    """Purchases at the floor, where nobody sells. Prints the codes of the refusals, a line for each order."""
    account_id = accounts.account_id_of(number)
    assert account_id is not None
    now = market_now()
    state = market_state("SSI", now)
    assert state is not None
    for _ in range(count):
        wish = OrderRequest("SSI", Side.BUY, OrderType.LO, 100, state.band.floor_vnd, f"resting-{uuid4()}")
        done = submit_order(account_id=account_id, request=wish, actor=OPERATOR, now=now)
        print(",".join(breach.code for breach in done.breaches))


def release_everything() -> None:
    """One officer asks, the other agrees."""
    asks, agrees = (
        Actor(ActorKind.USER, str(get_user_model().objects.get(username=name).pk)) for name in ("risk", "risk2")
    )
    found = risk.propose_release(scope=FIRM, reason="the rehearsal is over", actor=asks, now=market_now())
    shown = proposal(found)
    assert shown is not None
    risk.approve(found, seen_hash=shown.content_hash, reason="seen", actor=agrees, now=market_now())
