"""Whatever dies wherever: every order that somebody was told about is at the broker once, or known not to be.

`QTS_CRASH_TRIALS=all` dies everywhere with every act, against a broker that refuses repeats and one that takes them,
with the leases and pauses of the real system.
"""

import os
from collections.abc import Iterator
from statistics import median_low

import pytest

from apps.orders.services.resolution import ABSENT_S_MIN, ASK_EVERY_S
from apps.orders.services.sending import CLAIM_OVER_S
from qts.observability.crash_points import CRASH_POINTS
from tests.crash_trials import Forks, Trial, Trials
from tests.journeys import Journey, journey

__all__ = ["journey"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3_000)]
ALL = os.environ.get("QTS_CRASH_TRIALS", "") == "all"
# From the death until both books agree on every order, a new one among them. A successor takes over within a quarter of
# a second, logs in and asks; what nobody can hurry is to find that an order is NOT there: that takes what the system
# gives the broker's book to show it (docs/operations.md). Half of all crashes within the bound, always; each of them
# where nothing else runs (`make soak`). Beside another worker's tests a single one may wait for the processor.
RECOVERED_P50_S_MAX = 5.0
RECOVERED_S_MAX = RECOVERED_P50_S_MAX if ALL else 20.0

SENDING = (
    "claim.fenced", "claim.locked", "claim.written", "claim.committed", "call.signed", "call.begun", "call.written",
    "call.answered", "answer.written",
)  # fmt: skip
LOST_ANSWER = ("doubt.written", "doubt.committed", "resolve.asked", "resolve.applied")
LOST_REQUEST = ("absence.written", "absence.committed")
NEWS = (
    "stream.received",
    "state.learned",
    "state.stepped",
    "message.applied",
    "message.positioned",
    "message.committed",
)
ALONE = ("gateway",)
KEPT = ("match.", "trigger.", "entry.", "slice.")

PLACING = [
    *(Trial(point) for point in CRASH_POINTS if point.startswith("submit.")),
    *(Trial(point) for point in (*SENDING, "claim.stepped")),
    *(Trial(point, account_number="0000000") for point in CRASH_POINTS if point.startswith("refusal.")),
    Trial("takeback.written", over_quota=True),
    *(Trial(point, faults={"lost_answers": 1}, slices=ALONE) for point in LOST_ANSWER),
    *(Trial(point, faults={"lost_requests": 1}) for point in LOST_REQUEST),
    *(Trial(point) for point in NEWS),
    *(Trial(point, fills=True) for point in CRASH_POINTS if point.startswith("fill.")),
    *(Trial(point, faults={"orders_silence": True}) for point in CRASH_POINTS if point.startswith("reconcile.")),
]


def changing(act: str) -> list[Trial]:
    return [
        *(Trial(point, act) for point in CRASH_POINTS if point.startswith(f"{act}.")),
        *(Trial(point, act) for point in SENDING),
        Trial("takeback.written", act, over_quota=True),
        *(Trial(point, act, faults={"lost_change_answers": 1}, slices=ALONE) for point in LOST_ANSWER),
        *(Trial(point, act, faults={"lost_change_requests": 1}) for point in LOST_REQUEST),
        *(Trial(point, act) for point in NEWS),
    ]


CANCELLING, AMENDING = changing("cancel"), changing("amend")
# where most is at stake; of the others each has a neighbour here
SHORT = [
    trial
    for trial in (*PLACING, *CANCELLING, *AMENDING)
    if str(trial)
    in {
        "place submit.queued", "place submit.committed", "place claim.written", "place claim.committed",
        "place call.begun", "place call.written", "place doubt.committed", "place absence.written",
        "place message.applied", "place fill.moved", "cancel cancel.committed", "cancel call.written",
        "amend amend.committed", "amend call.written",
    }
]  # fmt: skip
MATRIX = (
    {
        f"{name}, {'refuses' if deduplicates else 'takes'} repeats": (trials, deduplicates)
        for name, trials in (("place", PLACING), ("cancel", CANCELLING), ("amend", AMENDING))
        for deduplicates in (True, False)
    }
    if ALL
    else {"short, takes repeats": (SHORT, False)}
)


def test_the_trials_leave_no_crash_point_out():
    """Those of the watcher of kept orders are in `test_plan_crashes`."""
    tried = {trial.point for trial in (*PLACING, *CANCELLING, *AMENDING)}
    assert tried == {point for point in CRASH_POINTS if not point.startswith(KEPT)}


@pytest.fixture
def forks(journey, tmp_path) -> Iterator[Forks]:
    with Forks(journey.market.environment, tmp_path / "forks.log", "real" if ALL else "quick") as started:
        yield started


@pytest.mark.parametrize(("trials", "deduplicates"), MATRIX.values(), ids=list(MATRIX))
def test_no_crash_loses_or_doubles_an_order(journey: Journey, forks: Forks, trials, deduplicates):
    outcomes = Trials(journey, forks, deduplicates=deduplicates).run(trials)
    assert [f"{one.trial}: {one.trouble}" for one in outcomes if one.trouble] == []
    absence_s = CLAIM_OVER_S + ABSENT_S_MIN + ASK_EVERY_S if ALL else 0.0
    for proved_absent, more_s in ((False, 0.0), (True, absence_s)):
        took = [(one.recovered_s, str(one.trial)) for one in outcomes if one.proved_absent is proved_absent]
        if proved_absent and trials is CANCELLING:  # one that is not there is asked for again, and nothing is proved
            assert took == []
            continue
        assert took
        what = "that had to prove an absence" if proved_absent else "of the others"
        print(f"{len(took)} crashes {what}, s: p50 {median_low(took)[0]:.2f}, max {max(took)}")
        assert median_low(took)[0] < RECOVERED_P50_S_MAX + more_s
        assert max(took)[0] < RECOVERED_S_MAX + more_s
