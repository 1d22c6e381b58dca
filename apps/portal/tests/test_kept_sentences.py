"""A sentence keeps what it was made of, also through JSON; what a stranger kept fills plain places only."""

import json
from types import SimpleNamespace

import pytest
from django.utils import translation

from qts.domain.errors import Said, kept_of, said_again
from qts.web.said import language_of, told

WHERE = Said(" ({file}, line {line})", file="dips.py", line=7)
SAID = Said("the strategy raised {kind}: {error}{where}", kind="ValueError", error="no", where=WHERE)


def kept(text, **values):
    return {"text": text, "values": values}


def test_a_kept_sentence_is_said_again_in_either_language():
    again = said_again(json.loads(json.dumps(kept_of(SAID))), "old")
    assert again == "the strategy raised ValueError: no (dips.py, line 7)"
    with translation.override("vi"):
        assert told(again) == "chiến lược báo lỗi ValueError: no (dips.py, dòng 7)"


def test_numbers_keep_their_form_and_an_exception_its_sentence():
    said = Said("{count:,} sets: {error}", count=12_345, error=ValueError(Said("a name is a text")))
    again = said_again(json.loads(json.dumps(kept_of(said))))
    assert again == "12,345 sets: a name is a text"
    assert again.values["error"].text == "a name is a text"


@pytest.mark.parametrize("nothing", [{}, None, "text", kept(""), {"text": "there are no bars"}])
def test_where_nothing_was_kept_the_plain_sentence_stands(nothing):
    assert said_again(nothing, "an old row") == "an old row"
    assert kept_of("an old row") == {}


@pytest.mark.parametrize(
    "hostile",
    [
        kept("{error.__class__}", error="x"),
        kept("{error[0]}", error="x"),
        kept("{error:>999999999}", error="x"),
        kept("{missing}"),
        kept("{}", error="x"),
        kept("{error", error="x"),
        kept("{error}", error=[1]),
        kept("{error:,}", error="x"),
    ],
)
def test_places_that_ask_for_more_than_a_value_are_not_filled(hostile):
    assert said_again(hostile, "plain") == "plain"


def test_sentences_inside_of_sentences_end_somewhere():
    deep = kept("no bottom")
    for _ in range(1_000):
        deep = kept("{inner}", inner=deep)
    assert len(said_again(deep)) == 0


@pytest.mark.parametrize(
    ("chosen", "cookie", "accepted", "language"),
    [
        ("en", "vi", b"vi", "en"),
        ("", "en", b"vi", "en"),
        ("", None, b"en-GB,en;q=0.9", "en"),
        ("", None, b"fr", "vi"),
        ("", None, None, "vi"),
    ],
)
def test_a_socket_is_told_in_the_language_of_its_pages(chosen, cookie, accepted, language):
    scope = {"user": SimpleNamespace(language=chosen), "cookies": {"django_language": cookie} if cookie else {}}
    scope["headers"] = [(b"accept-language", accepted)] if accepted else []
    assert language_of(scope) == language
