"""Real money. Refuses to start where a default would be dangerous, and says why."""

from qts.settings import base
from qts.settings.base import *  # noqa: F403

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = base.environment.qts_proxy_count  # else every failed log-in comes from the proxy
METRICS_ARE_OPEN = False
BROKER_VENUE = base.environment.qts_broker_venue or "exchange"


def _refusals() -> list[str]:
    """Every reason not to start, all at once."""
    reasons = []
    if len(base.SECRET_KEY) < 50 or len(set(base.SECRET_KEY)) < 10:
        reasons.append("the secret key file holds fewer than 50 characters or hardly any different ones")
    if base.DEBUG:
        reasons.append("DEBUG is on")
    if "*" in base.ALLOWED_HOSTS or not base.ALLOWED_HOSTS:
        reasons.append("QTS_ALLOWED_HOSTS is empty or holds a wildcard")
    if base.MARKET_CLOCK != "wall":
        reasons.append("MARKET_CLOCK is not 'wall'")
    for name in ("SSI_DATA_URL", "SSI_STREAM_URL", "SSI_TRADING_URL", "SSI_TRADING_STREAM_URL"):
        if not str(getattr(base, name)).startswith("https://"):
            reasons.append(f"{name} is not an https:// address")
    return reasons


if _found := _refusals():
    raise RuntimeError("Production settings refuse to start: " + "; ".join(_found) + ".")
