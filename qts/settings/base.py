"""Settings shared by every way of running QTS. Values that differ by machine come from the environment."""

from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from qts.observability.logs import configure_structlog, logging_config
from qts.settings.admin_theme import UNFOLD  # noqa: F401
from qts.settings.environment import ROOT, Environment, database_settings, mail_settings

environment = Environment()

BASE_DIR = ROOT
QTS_DATA_DIR = environment.qts_data_dir


def _secret_keys(path: Path) -> list[str]:
    if not path.is_file():
        raise RuntimeError(
            f"The secret key file {path} is missing. `make demo` creates one; elsewhere put at least 50 random"
            " characters into a file of mode 0600 and name it in QTS_SECRET_KEY_FILE."
        )
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


QTS_SECRET_KEY_FILE = environment.secret_key_file
# one secret a line, the newest first: older lines still verify signatures and open what they sealed
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secret_keys(QTS_SECRET_KEY_FILE)
DEBUG = False
ALLOWED_HOSTS = [host.strip() for host in environment.qts_allowed_hosts.split(",") if host.strip()]

# --- what QTS talks to ----------------------------------------------------------------------------------------------
REDIS_URL = environment.redis_url
EVENT_BUS_URL = environment.bus_url
TICK_SINK_URL = environment.tick_sink_url
TICK_SINK_TOKEN = environment.tick_sink_token
SSI_DATA_URL = environment.ssi_data_url
SSI_STREAM_URL = environment.ssi_stream_url
SSI_TRADING_URL = environment.ssi_trading_url
SSI_TRADING_STREAM_URL = environment.ssi_trading_stream_url
MARKET_CLOCK = environment.market_clock
HISTORY_DAYS = environment.history_days
HISTORY_MINUTE_DAYS = environment.history_minute_days
HISTORY_PRICE_DAYS = environment.history_price_days
HISTORY_INDEX_DAYS = environment.history_index_days
HISTORY_INDICES = [code.strip() for code in environment.history_indices.split(",") if code.strip()]
HISTORY_CALLS_PER_S_MAX = environment.history_calls_per_s_max
WAL_DIR = QTS_DATA_DIR / "wal"
WAL_BYTES_MAX = environment.wal_gib_max * 1024**3
WAL_DAYS_MAX = environment.wal_days_max
ARCHIVE_DIR = QTS_DATA_DIR / "archive"  # closed days as Parquet files; every process that reads history reads them
TICK_KEEP_DAYS = environment.tick_keep_days
MINUTE_KEEP_DAYS = environment.minute_keep_days
REPLAYS_MAX = environment.replays_max  # each is a process
REPLAYS_OF_ONE_PERSON_MAX = 2
REPLAY_IDLE_S = 300  # wall clock: one that nobody has looked at for so long ends itself
STRATEGIES_DIR = environment.strategies_dir  # people's own strategy files
BROKER_VENUE = environment.broker_venue  # docs/adr/0012: paper trades at the simulator only, live at the exchange only
STRATEGY_PROMOTION_TTL_S = 86_400  # wall clock
FLOWER_URL = environment.flower_url
IS_DEMO = False

# --- what a trade costs, in hundredths of a percent of its value: the broker's price list and the tax law
BROKER_FEE_RATE_BPS = 15
SALE_TAX_RATE_BPS = 10
ADVANCE_FEE_BPS_A_YEAR = 1_200  # of an advance on sales, for each day until they arrive
ADVANCE_FEE_VND_MIN = 10_000
FUTURE_INITIAL_MARGIN_PERCENT = 17  # the clearing house's; a broker may ask more
FUTURE_MAINTENANCE_MARGIN_PERCENT = 14
FUTURE_FEE_VND = 5_000  # a contract and side
FUTURE_TAX_RATE_BPS = 10  # of the margin's share of the value, halved

# --- risk: what takes two people, and the kill switch of last resort -------------------------------------------------
RISK_APPROVAL_TTL_S = 1800  # wall clock: the second officer decides about what is fresh in both minds
RISK_LOOSENINGS_PER_DAY_MAX = 3  # of one limit
RISK_LOOSENING_PERCENT_MAX = 200  # of what the limit was when the day began
RUNAWAY_ORDERS_PER_SECOND_MAX = environment.runaway_orders_per_second_max  # of one strategy
RUNAWAY_REFUSALS_IN_A_ROW_MAX = 20
ARMING_IS_NEEDED = True  # orders leave when the checks before the open have let their account trade that day
FEED_SILENCE_MS_MAX = 60_000  # the gate refuses orders on stale data much earlier; this holds the firm and says so
ORDER_STREAM_SILENCE_S_MAX = 30
WORKER_SILENCE_S_MAX = 30  # a killed worker's successor is there within ten
MARKET_FALL_BPS_MAX = 500  # of an exchange's index since the close before: no strategy trades there then
REJECT_STORM_COUNT = 20  # of one account
REJECT_STORM_S = 60
KILL_FILE = environment.qts_data_dir / "KILL"

# --- Django ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the default one would put its own admin site over ours
    "apps.sso.apps.OtpAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "channels",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "django_otp",
    "apps.sso.apps.LogInAttemptsConfig",
    "csp",
    "apps.eventlog",
    "apps.configuration",
    "apps.sso",
    "apps.notifications",
    "apps.marketdata",
    "apps.accounts",
    "apps.analytics",
    "apps.risk",
    "apps.orders",
    "apps.strategies",
    "apps.portal",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "qts.web.replay_guard.NoOrdersInReplays",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "apps.sso.views.person.OfOnePerson",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "qts.urls"
ASGI_APPLICATION = "qts.asgi.application"
WSGI_APPLICATION = "qts.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

DATABASES = {
    "default": database_settings(
        environment.database_url, idle_in_transaction_s_max=environment.idle_in_transaction_s_max
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# --- identity -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "sso.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",  # a ModelBackend, so permissions come from it too
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "apps.sso.services.allauth_adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser, and after SESSION_COOKIE_AGE at the latest
# failures per address and per name slow guessing down; axes below locks the pair of both out and keeps the record
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,10/5m/key"}
HEADLESS_CLIENTS = ("browser",)  # session and CSRF token as for pages; no tokens without them
MFA_ADAPTER = "apps.sso.services.allauth_adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "QTS"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True
AXES_CLIENT_IP_CALLABLE = "apps.sso.services.client_address"  # the same answer as in the event log
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else somebody could keep a colleague out for ever
AXES_LOCKOUT_TEMPLATE = "account/locked_out.html"
AXES_VERBOSE = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- Content-Security-Policy: nothing from outside, no inline script ------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        # the hash is that of the one inline style of lightweight-charts 5.2.1: the place of its attribution logo
        "style-src": [SELF, NONCE, "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='"],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- language and time ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "of_libraries"]
USE_I18N = True
FORMAT_MODULE_PATH = "qts.settings.formats"
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

# --- static files ---------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT: Path | None = QTS_DATA_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "qts.web.static_files.HashedFiles"},
}

# --- alerts: the mail server (none: nothing goes out by e-mail), the chat, where webhooks may point -----------------
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = mail_settings(
    environment.mail_url
)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.mail_from
TELEGRAM_URL = environment.telegram_url
WEBHOOKS_MAY_STAY_INSIDE = False  # else a person could ask by one what only this machine can reach

# --- REST -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "apps.sso.apis.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.sso.apis.IsVerified"],
    "EXCEPTION_HANDLER": "qts.web.errors.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "QTS",
    "DESCRIPTION": "Quantum Trading System: market data, orders, positions, strategies and limits.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- logs -----------------------------------------------------------------------------------------------------------
LOGGING = logging_config(environment.qts_log_format)  # type: ignore[arg-type]  # its pattern admits just these two
LOGGING["loggers"] = LOGGING.get("loggers", {}) | {
    # beat starts a dozen slices every few seconds, and most find their lease taken: that is no news
    name: {"level": "WARNING"}
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "django_structlog.middlewares.request")
}
configure_structlog()

# --- Celery: slices of endless loops, restarted by beat; a second copy finds the lease taken ------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = TIME_ZONE  # of crontabs
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
SLICE_RESTART_S = 3
VALUES_EVERY_S = 900
LEDGER_CHECK_HOUR = 20  # of Vietnam: after the day has settled and before the next one begins


def _slice(task: str, queue: str) -> dict[str, object]:
    return {
        "task": task,
        "schedule": SLICE_RESTART_S,
        "options": {"queue": queue, "expires": SLICE_RESTART_S},
    }


CELERY_BEAT_SCHEDULE = {
    "ingest market stream": _slice("apps.marketdata.tasks.ingest_slice", "stream"),
    "record ticks and bars": _slice("apps.marketdata.tasks.recorder_slice", "stream"),
    **({"ticks to the sink": _slice("apps.marketdata.tasks.tick_sink_slice", "default")} if TICK_SINK_URL else {}),
    "load master data": _slice("apps.marketdata.tasks.load_master_data", "default"),
    "run strategies": _slice("apps.strategies.tasks.signals_slice", "signals"),
    "tend backtests": _slice("apps.strategies.tasks.tend_backtests", "quant"),
    "send orders": _slice("apps.orders.tasks.gateway_slice", "trading"),
    "read order stream": _slice("apps.orders.tasks.order_stream_slice", "trading"),
    "watch conditional orders": _slice("apps.orders.tasks.plan_slice", "trading"),
    "end of day": _slice("apps.orders.tasks.end_of_day_slice", "trading"),
    "settle accounts": _slice("apps.accounts.tasks.settle_slice", "trading"),
    "watch risk": _slice("apps.risk.tasks.monitor_slice", "trading"),
    "relay events": _slice("apps.eventlog.tasks.relay_slice", "trading"),
    "watch for alerts": _slice("apps.notifications.tasks.alerts_slice", "default"),
    "send alerts": _slice("apps.notifications.tasks.deliveries_slice", "default"),
    "dispatch events": _slice("apps.eventlog.tasks.dispatch_slice", "default"),
    "fill gaps": {
        "task": "apps.marketdata.tasks.fill_gaps",
        "schedule": 15,
        "options": {"queue": "default", "expires": 15},
    },
    "measure parity": {
        "task": "apps.strategies.tasks.tend_parity",
        "schedule": 300,
        "options": {"queue": "quant", "expires": 300},
    },
    "archive closed days": {
        "task": "apps.marketdata.tasks.archive_days",
        "schedule": 900,
        "options": {"queue": "quant", "expires": 900},
    },
    "ask for history": {
        "task": "apps.marketdata.tasks.backfill_slice",
        "schedule": 60,
        "options": {"queue": "quant", "expires": 60},
    },
    "check the ledger": {
        "task": "apps.accounts.tasks.check_ledger",
        "schedule": crontab(hour=LEDGER_CHECK_HOUR, minute=0),
        "options": {"queue": "default", "expires": 3600},
    },
    "settle futures": {
        "task": "apps.accounts.tasks.settle_futures",
        "schedule": 60,
        "options": {"queue": "default", "expires": 60},
    },
    "keep what accounts are worth": {
        "task": "apps.accounts.tasks.take_values",
        "schedule": VALUES_EVERY_S,
        "options": {"queue": "default", "expires": VALUES_EVERY_S},
    },
    "prune indicator history": {
        "task": "apps.analytics.tasks.prune_indicator_history",
        "schedule": 3600,
        "options": {"queue": "default", "expires": 3600},
    },
    "prune attendance of strategies": {
        "task": "apps.strategies.tasks.prune_attendance",
        "schedule": 24 * 3600,
        "options": {"queue": "default", "expires": 3600},
    },
}

# Nobody but this machine reaches the demo's /metrics; production asks for the token.
METRICS_ARE_OPEN = True
METRICS_TOKEN = environment.metrics_token
