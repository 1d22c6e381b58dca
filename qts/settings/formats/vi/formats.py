from qts.settings.formats.board import *  # noqa: F403
