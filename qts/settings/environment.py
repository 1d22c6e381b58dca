"""What the environment may say, typed. A wrong value stops the start and names its variable."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
CLIENT_CHECK_S = 1
BROKER_DOMAIN = "ssi.com.vn"


class Environment(BaseSettings):
    """Defaults are those of the demo on one machine; production settings refuse the unsafe ones."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore")

    database_url: str = "postgresql://qts@127.0.0.1:5432/qts"
    redis_url: str = "redis://127.0.0.1:6379/0"
    event_bus_url: str = ""  # empty: the same server as redis_url
    ssi_data_url: str = "http://127.0.0.1:8700/"
    ssi_stream_url: str = "http://127.0.0.1:8700/"
    ssi_trading_url: str = "http://127.0.0.1:8700/"
    ssi_trading_stream_url: str = "http://127.0.0.1:8700/"
    market_clock: str = "wall"
    qts_data_dir: Path = ROOT / "var"
    qts_secret_key_file: Path | None = None
    qts_strategies_dir: Path | None = None
    qts_broker_venue: str = Field(default="", pattern="^(simulator|exchange)?$")  # empty: told from the address
    qts_allowed_hosts: str = "localhost,127.0.0.1"
    qts_log_format: str = Field(default="console", pattern="^(console|json)$")
    qts_proxy_count: int = Field(default=1, ge=0, le=5)  # reverse proxies in front of production's web processes
    metrics_token: str = Field(default="", repr=False)  # what a scraper of production's /metrics sends as Bearer
    runaway_orders_per_second_max: int = Field(default=10, ge=1)
    flower_url: str = "http://127.0.0.1:5555/"
    idle_in_transaction_s_max: int = Field(default=10, ge=1)  # longer than anything between two statements takes

    @property
    def secret_key_file(self) -> Path:
        return self.qts_secret_key_file or self.qts_data_dir / "secret.key"

    @property
    def strategies_dir(self) -> Path:
        return self.qts_strategies_dir or self.qts_data_dir / "strategies"

    @property
    def broker_venue(self) -> str:
        """Where orders end up: "simulator" or "exchange". The broker's own address is never called a simulator."""
        is_brokers = (urlsplit(self.ssi_trading_url).hostname or "").endswith(BROKER_DOMAIN)
        if is_brokers and self.qts_broker_venue == "simulator":
            raise ValueError(f"QTS_BROKER_VENUE is 'simulator', but {self.ssi_trading_url} is the broker's own address")
        return self.qts_broker_venue or ("exchange" if is_brokers else "simulator")

    @property
    def bus_url(self) -> str:
        return self.event_bus_url or self.redis_url


def database_settings(url: str, *, idle_in_transaction_s_max: int = 10) -> dict[str, object]:
    """A `postgresql://user:password@host:port/name` URL as Django's DATABASES entry, with a connection pool.

    The server ends what stands still in the middle of a transaction: a process that is stopped or hangs there holds
    locks that others wait for. And a statement whose client is gone: what it waits for, nobody needs.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"DATABASE_URL must start with postgresql://, not {parts.scheme!r}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 20, "timeout": 10},
            # parameters travel apart from the statement, so that PostgreSQL plans what each order asks only once
            "server_side_binding": True,
            "prepare_threshold": 3,
            "options": f"-c idle_in_transaction_session_timeout={idle_in_transaction_s_max}s"
            f" -c client_connection_check_interval={CLIENT_CHECK_S}s",
        },
    }
