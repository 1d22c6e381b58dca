"""Real PostgreSQL and Valkey, started by the root conftest; only the cost of hashing and of files is cut."""

import os
import tempfile
from pathlib import Path

if not os.environ.get("QTS_DATA_DIR"):  # type checking reads these settings too, without the root conftest
    os.environ["QTS_DATA_DIR"] = tempfile.mkdtemp(prefix="qts-test-")
_data_dir = Path(os.environ["QTS_DATA_DIR"])
_key_file = Path(os.environ.setdefault("QTS_SECRET_KEY_FILE", str(_data_dir / "secret.key")))
if not _key_file.exists():
    _key_file.parent.mkdir(parents=True, exist_ok=True)
    _key_file.write_text("only-for-tests-" * 5, encoding="utf-8")

# one test may be one transaction, and takes as long as it takes on a busy machine
os.environ.setdefault("IDLE_IN_TRANSACTION_S_MAX", "300")

from qts.observability.crash_points import VARIABLE, arm  # noqa: E402
from qts.settings.base import *  # noqa: E402, F403

IS_DEMO = True
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # a file is looked for when it is asked for; else each client lists them all
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

arm(os.environ.get(VARIABLE, ""))

# Few tests play the whole morning; those about arming switch it on.
ARMING_IS_NEEDED = False
HISTORY_CALLS_PER_S_MAX = 50.0  # what the simulator allows
WEBHOOKS_MAY_STAY_INSIDE = True

# Most tests run one worker without its fellows; those about lost workers set their own patience.
WORKER_SILENCE_S_MAX = 3_600
