"""One machine, the simulator as broker and exchange, embedded servers."""

from qts.settings.base import *  # noqa: F403

IS_DEMO = True
SESSION_COOKIE_SECURE = False
