"""Eight years of real daily prices: each figure of the document that the page leans on is computed again."""

import pytest

from benchmarks import value_at_risk as study
from qts.quant.value_at_risk_backtest import christoffersen, kupiec

pytestmark = pytest.mark.shared_data
ROW = "| {level:.0%} | {method} | "


@pytest.fixture(scope="module")
def closes():
    if not study.DAILY.exists():
        pytest.skip("daily prices are not part of this repository; set QTS_SHARED_DATA to their folder")
    return study.read_closes(study.BASKET)


@pytest.fixture(scope="module")
def days(closes):
    return sorted(set.intersection(*(set(found) for found in closes.values())))


@pytest.mark.parametrize(
    ("which", "exceptions", "keeps_its_word"),
    [
        (("ten shares, equal value", "historical", 0.95), 119, True),
        (("ten shares, equal value", "filtered_historical", 0.95), 108, True),
        (("ten shares, equal value", "parametric", 0.99), 64, False),
        (("HPG", "filtered_historical", 0.99), 30, True),
        (("VCB", "historical", 0.99), 31, False),
        (("SSI", "parametric", 0.95), 128, False),
    ],
)
def test_the_number_of_exceptions(closes, days, which, exceptions, keeps_its_word):
    name, method, confidence = which
    found = study.run(closes, days, study.PORTFOLIOS[name], method, confidence)
    assert (found.days, found.exceptions) == (2_116, exceptions)
    verdict = kupiec(found.exceptions, found.days, confidence)
    assert (verdict.p_value > 0.05) is keeps_its_word
    part = study.DOCUMENT.read_text(encoding="utf-8").split(f"## {name[0].upper()}{name[1:]}\n")[1]
    row = part.split(ROW.format(level=confidence, method=study.NAMES[method]))[1].splitlines()[0]
    assert f"| {exceptions} | {verdict.statistic:.2f} |" in row


def test_falls_come_in_rows_and_a_plain_window_does_not_see_it(closes, days):
    plain = study.run(closes, days, study.BASKET, "historical", 0.99)
    filtered = study.run(closes, days, study.BASKET, "filtered_historical", 0.99)
    assert christoffersen(plain.hits).p_value < 0.01
    assert christoffersen(filtered.hits).p_value > 0.05
