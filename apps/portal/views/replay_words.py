"""What replays say."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.marketdata.services.time_machine import ReplayRefused

REFUSALS = {
    "NOT_RECORDED": gettext_noop("Nothing of that day is recorded."),
    "SPEED_OUT_OF_RANGE": gettext_noop("Choose a speed from 1 to 60 times."),
    "TOO_MANY_REPLAYS": gettext_noop("Too many days are played at once: end one of yours, or wait until one is free."),
    "REPLAY_NOT_FOUND": gettext_noop("There is no such replay."),
    "REPLAY_OVER": gettext_noop("This replay is over."),
    "UNKNOWN_ACT": gettext_noop("A replay cannot do that."),
    "TIME_MISSING": gettext_noop("Name the time of day to go to."),
}
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


def refusal_text(refusal: ReplayRefused) -> str:
    return _(REFUSALS[refusal.code])


def state_label(state: str) -> str:
    return _(STATES[state]) if state in STATES else state


def ending_text(detail: str) -> str:
    return _(ENDINGS[detail]) if detail in ENDINGS else detail
