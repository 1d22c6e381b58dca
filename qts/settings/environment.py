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
    tick_sink_url: str = ""  # InfluxDB or QuestDB, by line protocol; empty: none
    tick_sink_token: str = Field(default="", repr=False)
    ssi_data_url: str = "http://127.0.0.1:8700/"
    ssi_stream_url: str = "http://127.0.0.1:8700/"
    ssi_trading_url: str = "http://127.0.0.1:8700/"
    ssi_trading_stream_url: str = "http://127.0.0.1:8700/"
    wal_gib_max: int = Field(default=32, ge=1)  # of the broker's messages: 2,000 of them, a lively second, are 2 MB
    wal_days_max: int = Field(default=30, ge=1)
    tick_keep_days: int = Field(default=90, ge=0)  # in the database; archived ones go then. 0: for ever
    minute_keep_days: int = Field(default=0, ge=0)
    history_days: int = Field(default=0, ge=0, le=3_650)  # of daily bars to ask for beyond those of master data
    history_minute_days: int = Field(default=0, ge=0, le=365)
    history_price_days: int = Field(default=0, ge=0, le=3_650)  # of the broker's daily prices
    history_index_days: int = Field(default=400, ge=0, le=3_650)  # a year of trading for every measure against an index
    history_indices: str = "VNINDEX,VN30,HNXIndex,HNX30"
    history_calls_per_s_max: float = Field(default=2.0, gt=0, le=50)  # of what the broker allows for one key
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
    mail_url: str = Field(default="", repr=False)  # smtp://, smtp+tls:// or smtps://user:password@host:port
    mail_from: str = "qts@localhost"
    telegram_url: str = "https://api.telegram.org/"
    replays_max: int = Field(default=4, ge=1, le=100)  # days played again at once, by everybody
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


def mail_settings(url: str) -> tuple[str, int, str, str, bool, bool]:
    """(host, port, user, password, STARTTLS, TLS) of a URL; no host where it is empty. smtp+tls:// begins in the clear
    and asks for STARTTLS, smtps:// is TLS from the first byte."""
    if not url:
        return "", 25, "", "", False, False
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("MAIL_URL must be smtp://, smtp+tls:// or smtps:// and name a host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    port = parts.port or ports[parts.scheme]
    return parts.hostname, port, user, password, parts.scheme == "smtp+tls", parts.scheme == "smtps"


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
