"""Acts inside a running system, called through `manage.py shell`: what people do in a browser before trading begins."""

from django.contrib.auth import get_user_model

from apps.marketdata.selectors import market_now
from apps.sso.tests.sessions import verified_client
from apps.strategies import selectors, services
from qts.domain.values import Actor, ActorKind

OPERATOR = Actor(ActorKind.SYSTEM, "test")


def begin(*usernames: str) -> None:
    """Log in and start every strategy. Prints each user's key and the cookie of his session, a line each."""
    for username in usernames:
        user = get_user_model().objects.get(username=username)
        print(user.pk, verified_client(user).cookies["sessionid"].value)
    for strategy in selectors.strategies():
        services.start_strategy(strategy.id, actor=OPERATOR, now=market_now())


def stop_strategies() -> None:
    for strategy in selectors.strategies():
        services.stop_strategy(strategy.id, actor=OPERATOR, now=market_now())
