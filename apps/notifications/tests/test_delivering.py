"""Out by mail, webhook and chat: to real servers, tried again, given up, kept back at night, nothing leaked."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.management import call_command

from apps.notifications import services
from apps.notifications.models import Alert, Channel, Delivery
from apps.notifications.services import ChannelProblem, ChannelRefused
from apps.notifications.services.channels import quiet_until
from apps.notifications.services.delivering import ATTEMPTS_MAX, deliver_due
from apps.notifications.tests.conftest import NOW, rule
from apps.notifications.tests.test_watching import KILL

BOT = "123456:AAaaBBbbCCcc-DDdd_EEee"


def channel(user_id: int, **given):
    return services.make_channel(user_id, name=given.pop("name", "way"), **given, now=NOW)


def fired(user_id: int, watch, **given) -> tuple[Delivery, str]:
    made, secret = channel(user_id, **given)
    rule(user_id, "RISK", channel_ids=(made,), note="look at it")
    watch.tell(KILL)
    return Delivery.objects.get(), secret


def test_a_webhook_is_signed_over_what_it_says(people, watch, http_server):
    delivery, secret = fired(people[0], watch, kind="webhook", target=f"{http_server.url}hook")
    assert deliver_due(NOW) == 1
    [(path, headers, body)] = http_server.requests
    moment, signature = (part.partition("=")[2] for part in headers["X-QTS-Signature"].split(","))
    assert signature == hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (path, told["kind"], told["note"]) == ("/hook", "RISK", "look at it")
    assert told["text"].splitlines()[0] == "Stopped: firm. test"
    assert headers["X-QTS-Delivery"] == str(delivery.id)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.sent_at) == ("SENT", 1, NOW)
    assert deliver_due(NOW + timedelta(days=1)) == 0, "sent once"


def test_mail_goes_out_by_smtp(people, watch, mailbox):
    delivery, _ = fired(people[0], watch, kind="email", target="an@example.com")
    assert deliver_due(NOW) == 1
    [letter] = mailbox
    assert letter.rcpt_tos == ["an@example.com"]
    assert b"Subject: QTS alert: Stopped: firm. test" in letter.content
    assert b"look at it" in letter.content
    delivery.refresh_from_db()
    assert delivery.state == "SENT"


def test_a_chat_gets_plain_text_from_its_bot(people, watch, http_server, settings):
    settings.TELEGRAM_URL = http_server.url
    fired(people[0], watch, kind="chat", target="-100200300", token=BOT)
    assert deliver_due(NOW) == 1
    [(path, _headers, body)] = http_server.requests
    told = json.loads(body)
    assert (path, told["chat_id"], "parse_mode" in told) == (f"/bot{BOT}/sendMessage", "-100200300", False)
    assert told["text"].startswith("Stopped: firm. test\nlook at it\n")


def test_it_is_tried_again_with_growing_pauses_and_given_up(people, watch, http_server):
    http_server.answers = [503] * ATTEMPTS_MAX
    delivery, _ = fired(people[0], watch, kind="webhook", target=http_server.url)
    now, pauses = NOW, []
    while deliver_due(now):
        delivery.refresh_from_db()
        pauses.append(round((delivery.next_at - now).total_seconds()))
        assert deliver_due(delivery.next_at - timedelta(milliseconds=1)) == 0
        now = delivery.next_at
        if delivery.state != "WAITING":
            break
    assert pauses[:-1] == [5, 10, 20, 40, 80]
    assert (delivery.state, delivery.attempts, delivery.trouble) == ("FAILED", ATTEMPTS_MAX, "it answered 503")
    assert len({headers["X-QTS-Delivery"] for _, headers, _ in http_server.requests}) == 1


def test_a_server_that_comes_back_gets_it(people, watch, http_server):
    http_server.answers = [429, 200]
    delivery, _ = fired(people[0], watch, kind="webhook", target=http_server.url)
    deliver_due(NOW)
    deliver_due(NOW + timedelta(seconds=5))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.trouble) == ("SENT", 2, "")


@pytest.mark.parametrize("answer", [400, 404, 410, 302])
def test_what_will_never_work_is_not_tried_again_and_no_redirect_is_followed(people, watch, http_server, answer):
    http_server.answers = [answer]
    delivery, _ = fired(people[0], watch, kind="webhook", target=http_server.url)
    deliver_due(NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.trouble) == ("FAILED", f"it answered {answer}")
    assert len(http_server.requests) == 1


def test_whoever_dies_with_it_has_it_sent_again(people, watch, http_server, monkeypatch):
    fired(people[0], watch, kind="webhook", target=http_server.url)

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("apps.notifications.services.delivering._send", dies)
    with pytest.raises(KeyboardInterrupt):
        deliver_due(NOW)
    monkeypatch.undo()
    assert deliver_due(NOW + timedelta(seconds=59)) == 0
    assert deliver_due(NOW + timedelta(seconds=60)) == 1
    assert len(http_server.requests) == 1


def test_at_night_it_waits_for_the_morning_and_is_not_counted_as_a_try(people, watch, http_server):
    quiet = {"quiet_from": time(9, 30), "quiet_to": time(11, 0)}  # NOW is 10:00 in Vietnam
    delivery, _ = fired(people[0], watch, kind="webhook", target=http_server.url, **quiet)
    deliver_due(NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("WAITING", 0, NOW + timedelta(hours=1))
    assert http_server.requests == []
    services.try_channel(people[0], delivery.channel_id, language="vi", now=NOW)
    deliver_due(NOW)
    assert json.loads(http_server.requests[0][2])["kind"] == "TEST", "a test goes out at once"


@pytest.mark.parametrize(
    ("begins", "ends", "at", "until"),
    [
        ("22:00", "06:30", "23:00", "2026-11-24 06:30"),
        ("22:00", "06:30", "02:00", "2026-11-23 06:30"),
        ("22:00", "06:30", "06:30", None),
        ("22:00", "06:30", "21:59", None),
        ("12:00", "13:00", "12:30", "2026-11-23 13:00"),
        ("12:00", "12:00", "12:00", None),
    ],
)
def test_quiet_hours_in_vietnams_time(begins, ends, at, until):
    row = Channel(quiet_from=time.fromisoformat(begins), quiet_to=time.fromisoformat(ends))
    local = datetime.fromisoformat(f"2026-11-23T{at}+07:00")
    found = quiet_until(row, local.astimezone(UTC))
    assert (found and f"{found:%Y-%m-%d %H:%M}") == until


def test_a_test_is_one_in_ten_seconds_and_no_unread_alert(people, http_server):
    made, _ = channel(people[0], kind="webhook", target=http_server.url)
    services.try_channel(people[0], made, language="vi", now=NOW)
    with pytest.raises(ChannelRefused) as refused:
        services.try_channel(people[0], made, language="vi", now=NOW + timedelta(seconds=9))
    assert refused.value.problem is ChannelProblem.TESTED_JUST_NOW
    with pytest.raises(ChannelRefused):
        services.try_channel(people[1], made, language="vi", now=NOW)
    assert Alert.objects.get().read_at == NOW


def test_what_opens_a_channel_is_sealed_and_shown_nowhere(people, watch, http_server, capsys, settings):
    settings.TELEGRAM_URL = "http://127.0.0.1:9/"
    url = f"{http_server.url}hook?token=top-secret"
    http_server.answers = [500]
    _, secret = fired(people[0], watch, kind="webhook", target=url)
    channel(people[0], kind="chat", name="bot", target="42", token=BOT)
    services.try_channel(people[0], Channel.objects.get(kind="chat").id, language="en", now=NOW)
    deliver_due(NOW, limit=9)
    call_command("dumpdata", "notifications", "eventlog")
    told = capsys.readouterr()
    for hidden in ("top-secret", BOT, secret):
        assert hidden not in told.out + told.err
    assert Channel.objects.get(kind="webhook").shown == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook",
        "https://10.0.0.8/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/hook",
        "http://93.184.216.34/hook",
        "https://user:word@93.184.216.34/hook",
        "ftp://93.184.216.34/hook",
        "https://",
        "hook",
    ],
)
def test_a_webhook_never_points_into_the_house(people, settings, url):
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    with pytest.raises(ChannelRefused) as refused:
        channel(people[0], kind="webhook", target=url)
    assert refused.value.problem is ChannelProblem.ADDRESS_REFUSED


def test_one_that_points_inside_later_is_not_sent_to(people, watch, http_server, settings):
    delivery, _ = fired(people[0], watch, kind="webhook", target=http_server.url)
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    deliver_due(NOW)
    delivery.refresh_from_db()
    assert (delivery.state, http_server.requests) == ("FAILED", [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"kind": "pigeon", "target": "x"}, ChannelProblem.KIND_UNKNOWN),
        ({"kind": "email", "target": "an@example.com"}, ChannelProblem.NO_MAIL_SERVER),
        ({"kind": "chat", "target": "not a chat", "token": BOT}, ChannelProblem.ADDRESS_MALFORMED),
        ({"kind": "chat", "target": "42", "token": "../sendMessage"}, ChannelProblem.TOKEN_MALFORMED),
        ({"kind": "chat", "target": "42", "token": BOT, "name": " "}, ChannelProblem.NAME_MISSING),
        ({"kind": "chat", "target": "42", "token": BOT, "quiet_from": time(22)}, ChannelProblem.QUIET_HALF_SET),
    ],
)
def test_a_channel_that_could_not_work_is_not_made(people, given, problem):
    with pytest.raises(ChannelRefused) as refused:
        channel(people[0], **given)
    assert refused.value.problem is problem
    assert Channel.objects.count() == 0
