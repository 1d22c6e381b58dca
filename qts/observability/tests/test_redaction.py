import json
import logging
import logging.config

import pytest
import structlog

from qts.observability.logs import configure_structlog, logging_config
from qts.observability.redaction import MASK, redact, redact_text

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln"
SECRET = "hush-hush"


def redacted(**event):
    return redact(None, "info", event)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "consumerSecret",
        "consumer_secret",
        "access_token",
        "accessToken",
        "Authorization",
        "private_key",
        "privateKey",
        "apiKey",
        "X-Signature",
        "pin",
        "trading_pin",
        "otp",
        "totp_seed",
        "cookie",
        "set-cookie",
        "credentials",
    ],
)
@pytest.mark.parametrize("value", [SECRET, 123456, [SECRET], {"a": SECRET}, SECRET.encode()])
def test_a_field_with_such_a_name_is_masked(name, value):
    assert redacted(**{name: value}) == {name: MASK}
    assert redacted(context={"deep": [{name: value}]}) == {"context": {"deep": [{name: MASK}]}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "SSI"),
        ("shipping", "x"),
        ("pinned", "x"),
        ("opinion", "x"),
        ("code", "ORDER_VALUE_EXCEEDS_MAX"),
        ("event", "order_submitted"),
        ("quantity", 300),
        ("ratio", 0.5),
        ("held", True),
        ("nothing", None),
        ("password_set", True),
        ("levels", [[24500, 100]]),
    ],
)
def test_others_are_left_alone(name, value):
    assert redacted(**{name: value}) == {name: value}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"Authorization: Bearer {TOKEN}", f"Authorization: Bearer {MASK}"),
        (f"token was {TOKEN}.", f"token was {MASK}."),
        (f'{{"consumerSecret": "{SECRET}", "a": 1}}', f'{{"consumerSecret": "{MASK}", "a": 1}}'),
        (f"{{'password': '{SECRET}'}}", f"{{'password': \"{MASK}\"}}"),
        ('{"code":"123456","isSave":true}', f'{{"code":"{MASK}","isSave":true}}'),
        ('{"code": "PRICE_OFF_TICK"}', '{"code": "PRICE_OFF_TICK"}'),
        (f"wss://x/ws?access_token={SECRET}&b=1", f"wss://x/ws?access_token={MASK}&b=1"),
        (f"redis://user:{SECRET}@127.0.0.1:6379/0", f"redis://user:{MASK}@127.0.0.1:6379/0"),
        (f"postgresql://qts:{SECRET}@db/qts", f"postgresql://qts:{MASK}@db/qts"),
        ("BUY 300 SSI @ 25_050", "BUY 300 SSI @ 25_050"),
    ],
)
def test_texts_are_masked_by_their_form(text, masked):
    assert redact_text(text) == masked
    assert redacted(event=text, inner=[text]) == {"event": masked, "inner": [masked]}


def test_what_is_nested_too_deep_to_look_at_is_masked_as_a_whole():
    value: object = SECRET
    for _ in range(12):
        value = {"a": value}
    assert SECRET not in str(redacted(value=value))


@pytest.fixture
def log_lines(capsys):
    before = (logging.root.handlers[:], logging.root.level)

    def configure(form):
        logging.config.dictConfig(logging_config(form, "INFO"))
        configure_structlog()
        return lambda: [line for line in capsys.readouterr().err.splitlines() if line]

    yield configure
    logging.root.handlers[:], logging.root.level = before
    structlog.reset_defaults()


def test_both_kinds_of_loggers_write_one_json_line_without_secrets(log_lines):
    lines = log_lines("json")
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        structlog.get_logger("ours").info("logged_in", token=TOKEN, user="trader")
        logging.getLogger("theirs").warning("header Bearer %s", TOKEN, extra={"password": SECRET})

    ours, theirs = (json.loads(line) for line in lines())
    assert (ours["event"], ours["user"], ours["token"], ours["logger"]) == ("logged_in", "trader", MASK, "ours")
    assert (theirs["event"], theirs["password"], theirs["level"]) == (f"header Bearer {MASK}", MASK, "warning")
    assert ours["correlation_id"] == theirs["correlation_id"] == "c-1"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_neither_local_variables_nor_tokens(log_lines, form):
    lines = log_lines(form)

    def fail() -> None:
        password = SECRET
        raise RuntimeError(f"Bearer {TOKEN} and {len(password)}")

    for logger in (structlog.get_logger("ours"), logging.getLogger("theirs")):
        try:
            fail()
        except RuntimeError:
            logger.exception("failed")

    shown = "\n".join(lines())
    assert shown.count("RuntimeError") >= 2
    assert SECRET not in shown
    assert TOKEN not in shown


def test_the_clients_own_request_lines_stay_out(log_lines):
    lines = log_lines("json")
    logging.getLogger("httpx2").info("HTTP Request: GET https://x/?access_token=abc")
    logging.getLogger("websockets.client").info("connection open")
    assert lines() == []
