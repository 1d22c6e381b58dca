"""One machine, the simulator as broker and exchange, embedded servers."""

from qts.settings.base import *  # noqa: F403
from qts.settings.base import STORAGES

IS_DEMO = True
SESSION_COOKIE_SECURE = False
WEBHOOKS_MAY_STAY_INSIDE = True

# Straight from the source folders: hashing and compressing every file takes most of a minute at the first start and
# saves nothing on loopback.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
