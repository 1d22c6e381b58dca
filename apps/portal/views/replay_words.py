"""What replays say."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

STATES = {
    "starting": gettext_noop("starting"),
    "playing": gettext_noop("playing"),
    "paused": gettext_noop("paused"),
    "seeking": gettext_noop("jumping"),
    "at_end": gettext_noop("at the end"),
    "ended": gettext_noop("over"),
    "failed": gettext_noop("failed"),
}
ENDINGS = {
    "stopped": gettext_noop("Somebody has ended it."),
    "nobody watched": gettext_noop("Nobody has watched it for five minutes, so it has ended itself."),
}


def state_label(state: str) -> str:
    return _(STATES[state]) if state in STATES else state


def ending_text(detail: str) -> str:
    return _(ENDINGS[detail]) if detail in ENDINGS else detail
