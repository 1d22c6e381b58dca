"""The stored reasoning as pages and programs read it."""

from apps.strategies.selectors.reasoning import OutcomeView, reasoning_view

SIGNAL = {
    "source": "prediction", "name": "up", "signal_id": "p1", "direction": 1, "strength_percent": 70, "value": 0.63,
    "ts_ms": 1, "age_s": 30, "age_s_max": 900, "weight": 60, "strength_percent_min": 50, "state": "COUNTED",
    "reason": "",
}  # fmt: skip
OUTCOME = {"code": "ENTER", "direction": 1, "score_percent": 44, "reason": "44 % speak for it"}


def test_a_decision_from_before_has_none():
    assert reasoning_view({}) is None


def test_what_is_stored_is_what_is_read():
    stored = {"version": 1, "ts_ms": 7, "inputs": [SIGNAL, SIGNAL | {"state": "TOO_OLD"}], "policy": None}
    seen = reasoning_view(stored | {"outcome": OUTCOME, "size": None})
    assert seen is not None
    assert [one.is_counted for one in seen.inputs] == [True, False]
    assert (seen.ts_ms, seen.policy, seen.size) == (7, None, None)
    assert seen.outcome == OutcomeView("ENTER", 1, 44, "44 % speak for it")
