"""Every code that a column may hold has a word in both languages."""

import pytest
from django.utils import translation

from apps.sso.selectors import Role
from qts.backtest import BarPeriod, StudyKind
from qts.domain.market import RuleSubject
from qts.domain.orders import Status
from qts.domain.orders.conditional import ConditionalKind, ConditionalStatus, Direction, LegRole, LegState
from qts.domain.orders.slicing import SlicedStatus, SliceKind
from qts.domain.portfolio import ActionKind
from qts.domain.values import GapCause, InstrumentKind, OrderType, Side
from qts.web import words

TABLES = {name: table for name, table in vars(words).items() if name.isupper()}
SAME_IN_BOTH = {"VND", "ms", "0.01 %"}
ENUMERATIONS = [
    ("SIDES", Side),
    ("ORDER_TYPES", OrderType),
    ("ORDER_STATUSES", Status),
    ("PLAN_KINDS", ConditionalKind),
    ("PLAN_STATES", ConditionalStatus),
    ("PLAN_STATES", LegState),
    ("PLAN_STATES", SlicedStatus),
    ("SLICE_KINDS", SliceKind),
    ("LEG_ROLES", LegRole),
    ("DIRECTIONS", Direction),
    ("SECURITY_KINDS", InstrumentKind),
    ("GAP_CAUSES", GapCause),
    ("RULE_SUBJECTS", RuleSubject),
    ("ACTION_KINDS", ActionKind),
    ("STUDIES", StudyKind),
    ("BAR_PERIODS", BarPeriod),
    ("ROLES", Role),
]


@pytest.mark.parametrize(("name", "codes"), ENUMERATIONS)
def test_the_columns_of_an_enumeration_have_all_their_words(name, codes):
    assert [code for code, _ in words.choices(TABLES[name], codes)] == [code.value for code in codes]


@pytest.mark.parametrize("name", TABLES)
def test_the_words_are_said_in_both_languages(name):
    with translation.override("en"):
        english = {code: words.word(TABLES[name], code) for code in TABLES[name]}
    with translation.override("vi"):
        vietnamese = {code: words.word(TABLES[name], code) for code in TABLES[name]}
    assert [code for code in TABLES[name] if english[code] == vietnamese[code] and code not in SAME_IN_BOTH] == []


def test_a_code_without_a_word_stands_for_itself_and_is_no_choice():
    assert words.word(words.SIDES, "SHORT") == "SHORT"
    with pytest.raises(KeyError):
        words.choices(words.SIDES, ["SHORT"])
