"""What sockets of one pace share: changes merged and encoded once, reads done once, questions gathered."""

import asyncio
import json
from dataclasses import dataclass
from typing import ClassVar

import pytest

from qts.domain.events import Event
from qts.web import shared_changes
from qts.web.beats import PACES_MS, Beat, beat_of
from qts.web.live_feed import LiveFeed, live_feed
from qts.web.shared_changes import SharedChanges
from qts.web.together import Together


@dataclass(frozen=True)
class Moved(Event):
    topic: ClassVar[str] = "test.thing.moved"
    key_field: ClassVar[str] = "name"
    name: str
    x: int
    y: int


class Moves(SharedChanges):
    topics = (Moved.topic,)

    def fields(self, event):
        return {"x": event.x, "y": event.y}


@pytest.fixture
def feed():
    """A feed that reads no bus: events are handed out by the test."""

    class Handed:
        def __init__(self):
            self.keyed = {}

        def attach(self, topics, listener, keys):
            for key in keys:
                self.keyed.setdefault(key, set()).add(listener)

        def detach(self, topics, listener, keys):
            for key in keys:
                self.keyed[key].discard(listener)

        def tell(self, event):
            for listener in self.keyed.get(event.key, ()):
                listener(event)

    return Handed()


def beat(number):
    made = Beat(100, LiveFeed())
    made.number = number
    return made


def told(changes, number, *keys, whole=False):
    body = changes.told(beat(number), frozenset(keys), whole=whole)
    return None if body is None else json.loads(body)


def test_a_change_carries_the_fields_that_differ_and_the_last_value_wins(feed):
    changes = Moves(feed)
    changes.follow({"a", "b"})
    feed.tell(Moved("a", 1, 1))
    assert told(changes, 1, "a", "b") == {"a": {"x": 1, "y": 1}}
    for x in (2, 3, 4):
        feed.tell(Moved("a", x, 1))
    assert told(changes, 2, "a", "b") == {"a": {"x": 4}}
    feed.tell(Moved("a", 4, 1))
    assert told(changes, 3, "a", "b") is None, "nothing differs"


def test_each_is_told_what_he_follows_and_it_is_encoded_once(feed, monkeypatch):
    changes, encoded = Moves(feed), []
    changes.follow({"a", "b", "c"})
    encode = shared_changes._encode
    monkeypatch.setattr(shared_changes, "_encode", lambda value: encoded.append(value) or encode(value))
    for name in ("a", "b", "c"):
        feed.tell(Moved(name, 1, 2))
    assert told(changes, 1, "a") == {"a": {"x": 1, "y": 2}}
    for _ in range(50):
        assert told(changes, 1, "a", "b") == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}}
    assert told(changes, 1, "d") is None
    assert sorted(name for name in encoded if isinstance(name, str)) == ["a", "b"], "each once, and c not at all"


def test_whoever_missed_a_beat_is_told_everything_that_is_known(feed):
    changes = Moves(feed)
    changes.follow({"a", "b"})
    feed.tell(Moved("a", 1, 1))
    told(changes, 1, "b")
    feed.tell(Moved("a", 2, 1))
    assert told(changes, 2, "a", whole=True) == {"a": {"x": 2, "y": 1}}
    assert told(changes, 2, "a") == {"a": {"x": 2}}
    feed.tell(Moved("a", 2, 5))
    assert told(changes, 3, "a", whole=True) == {"a": {"x": 2, "y": 5}}, "not what was encoded before the change"


def test_what_nobody_follows_any_more_is_forgotten(feed):
    changes = Moves(feed)
    changes.follow({"a"})
    changes.follow({"a", "b"})
    feed.tell(Moved("a", 1, 1))
    changes.leave({"a", "b"})
    assert feed.keyed == {"a": {changes.on_event}, "b": set()}
    assert told(changes, 1, "a") == {"a": {"x": 1, "y": 1}}
    changes.leave({"a"})
    assert feed.keyed["a"] == set()
    assert (changes._latest, changes._changed, changes._telling, dict(changes._followers)) == ({}, {}, {}, {})


async def test_members_of_a_pace_are_told_together_and_one_that_fails_stops_nobody():
    heard, done = [], asyncio.Event()

    class Member:
        def __init__(self, name, fails=False):
            self.name, self.fails = name, fails

        async def on_beat(self, beat):
            heard.append((beat.number, self.name))
            if self.fails:
                raise RuntimeError("told wrongly")
            if beat.number == 2:
                done.set()

    beat, bad, good = Beat(100, LiveFeed()), Member("bad", fails=True), Member("good")
    beat.join(bad)
    beat.join(good)
    await asyncio.wait_for(done.wait(), 5)
    beat.leave(bad)
    beat.leave(good)
    assert heard == [(1, "bad"), (1, "good"), (2, "bad"), (2, "good")]
    await asyncio.sleep(0.15)
    assert len(heard) == 4, "a beat without members rests"


async def test_what_several_ask_in_one_beat_is_read_once():
    beat, reads = Beat(100, LiveFeed()), []

    async def read():
        reads.append(1)
        await asyncio.sleep(0.01)
        return len(reads)

    assert await asyncio.gather(*(beat.once("same", read) for _ in range(20))) == [1] * 20
    assert await beat.once("other", read) == 2


async def test_a_pace_is_never_faster_than_asked_for():
    assert beat_of(100) is beat_of(100)
    assert [round(beat_of(asked).pace_s * 1000) for asked in (100, 101, 250, 4_000)] == [100, 250, 250, 5_000]
    assert tuple(sorted(PACES_MS)) == PACES_MS


async def test_questions_of_one_moment_are_one_call(monkeypatch):
    monkeypatch.setattr("qts.web.together.GATHERED_FOR_S", 0.01)
    calls = []

    def answer(questions):
        calls.append(list(questions))
        if 0 in questions:
            raise ValueError("no answer to 0")
        return [question * 2 for question in questions]

    together = Together(answer)
    assert await asyncio.gather(*(together.ask(number) for number in (1, 2, 3))) == [2, 4, 6]
    assert calls == [[1, 2, 3]]
    refused = await asyncio.gather(together.ask(0), together.ask(5), return_exceptions=True)
    assert [str(one) for one in refused] == ["no answer to 0"] * 2


async def test_events_of_keys_that_nobody_wants_are_not_even_decoded(monkeypatch):
    from qts.domain.ports import Delivery

    decoded = []
    monkeypatch.setattr("qts.web.live_feed.decode", lambda _topic, body: decoded.append(body) or body)
    feed, heard = type(live_feed())(), []
    monkeypatch.setattr(type(feed), "_run", lambda _self: asyncio.sleep(0))
    feed.attach(["t"], heard.append, ["a"])
    for key in ("a", "b"):
        feed._hand_out(Delivery("t", key, key.encode(), "1"))
    assert decoded == heard == [b"a"]
    feed.detach(["t"], heard.append, ["a"])
    feed._hand_out(Delivery("t", "a", b"a", "2"))
    assert decoded == [b"a"]
