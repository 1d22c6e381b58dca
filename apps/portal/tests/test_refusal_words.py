"""Every refusal that a person can meet, in both languages: its code stays, its sentence changes."""

from enum import StrEnum

import pytest
from django.utils import translation

from apps.notifications.services import CHANNEL_SENTENCES, RULE_SENTENCES, ChannelProblem, RuleProblem, RuleRefused
from apps.portal.views.refusal_details import DETAILS, detail_text
from apps.portal.views.refusals import refusals
from apps.risk.services import ApprovalProblem, ApprovalRefused
from qts.domain.errors import Breach, RuleCode, Said
from qts.web.errors import Refused, breaches_out, refused_for_reasons
from qts.web.said import rule_text, told


def in_both(say):
    """(English, Vietnamese)"""
    said = []
    for language in ("en", "vi"):
        with translation.override(language):
            said.append(say())
    return tuple(said)


@pytest.mark.parametrize("code", RuleCode)
def test_each_code_of_the_gate_has_a_sentence_in_both_languages(code):
    english, vietnamese = in_both(lambda: rule_text(code))
    assert len({code.value, english, vietnamese}) == 3
    assert english.isascii()
    assert not vietnamese.isascii()


@pytest.mark.parametrize(
    ("kind", "sentences"), [(RuleProblem, RULE_SENTENCES), (ChannelProblem, CHANNEL_SENTENCES)], ids=["rule", "channel"]
)
def test_each_problem_of_an_alert_has_a_sentence_in_both_languages(kind: type[StrEnum], sentences):
    assert sentences.keys() == set(kind)
    for english in sentences.values():
        assert in_both(lambda text=english: told(Said(text)))[1] != english


def test_a_breach_over_rest_keeps_its_code_and_figures_and_changes_its_sentence():
    breach = Breach(RuleCode.ORDER_VALUE_EXCEEDS_MAX, limit=500, actual=750, detail="SSI")
    english, vietnamese = in_both(lambda: breaches_out([breach])[0])
    assert english == {
        "code": "ORDER_VALUE_EXCEEDS_MAX",
        "sentence": "The order is worth more than one order may be.",
        "limit": 500,
        "actual": 750,
        "detail": "SSI",
    }
    assert vietnamese["sentence"] != english["sentence"]
    assert {**vietnamese, "sentence": ""} == {**english, "sentence": ""}


def test_values_stand_in_the_sentence_of_either_language():
    refused = ApprovalRefused(
        ApprovalProblem.TOO_FAR_TODAY, Said("{name} may reach {far:,} today at most.", name="X", far=9_000)
    )
    assert str(refused) == "X may reach 9,000 today at most."
    assert in_both(lambda: told(refused)) == ("X may reach 9,000 today at most.", "X hôm nay chỉ được tới 9,000.")


def test_a_sentence_in_a_sentence_is_said_too():
    inner = Said("Unknown parameter {name!r}.", name="fast")
    outer = Said("Its parameters do not fit this version. {error}", error=inner)
    assert in_both(lambda: told(outer)) == (
        "Its parameters do not fit this version. Unknown parameter 'fast'.",
        "Tham số không hợp với phiên bản này. Không có tham số 'fast'.",
    )


def test_the_answer_over_rest_is_in_the_language_of_the_request():
    problems = [Said("Stop it first."), "what a program said"]
    english, vietnamese = in_both(lambda: refused_for_reasons("STRATEGY_REFUSED", problems))
    assert english.context == {"problems": ["Stop it first.", "what a program said"]}
    assert vietnamese.context == {"problems": ["Hãy dừng trước.", "what a program said"]}
    assert str(vietnamese.detail) == "Hãy dừng trước. what a program said"
    assert english.refusal_code == vietnamese.refusal_code == "STRATEGY_REFUSED"
    assert in_both(lambda: str(Refused("X", Said("There is no such order.")).detail))[1] == "Không có lệnh này."


def test_an_alerts_refusal_says_why():
    refused = RuleRefused(RuleProblem.SYMBOL_MISSING)
    assert str(refused) == RULE_SENTENCES[RuleProblem.SYMBOL_MISSING]
    assert in_both(lambda: told(refused))[1].startswith("Nhập mã")


@pytest.mark.parametrize(
    ("stored", "vietnamese"),
    [
        ("it is FILLED", "lệnh đang ở trạng thái: Đã khớp"),
        ("ATO in CONTINUOUS", "Mở cửa trong phiên: Liên tục"),
        ("no quote of SSI has come today", "hôm nay chưa có giá của SSI"),
        ("CONTINUOUS", "Liên tục"),
        ("SSI", "SSI"),
        ("firm, account:7", "firm, account:7"),
    ],
)
def test_what_was_stored_with_a_refusal_is_said_in_either_language(stored, vietnamese):
    english, said = in_both(lambda: detail_text(stored))
    assert said == vietnamese
    assert english == stored or "{" not in english
    with translation.override("vi"):
        assert refusals([Breach(RuleCode.CHECK_FAILED, detail=stored)])[0].detail == vietnamese


def test_each_detail_has_vietnamese_words():
    for template in DETAILS:
        assert in_both(lambda text=template: translation.gettext(text))[1] != template
