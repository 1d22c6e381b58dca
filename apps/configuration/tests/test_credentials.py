"""Credentials are sealed where they are stored and open only to the call that needs them."""

import json
from datetime import UTC, datetime

import pytest
from django.core import serializers
from django.db import connection
from django.forms.models import model_to_dict

from apps.configuration import selectors, services
from apps.configuration.models import BrokerConnection, DataKey
from apps.eventlog import selectors as eventlog
from qts.adapters.sealing import Sealed, read_key_ring
from qts.adapters.ssi.credentials import TradingCredentials
from qts.domain.errors import TerminalError
from qts.domain.values import Actor, ActorKind

NOW = datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
OPERATOR = Actor(ActorKind.USER, "3")
SECRETS = {"consumer_secret": "s3cret-of-the-broker", "private_key": "PFJTQUtleVZhbHVlPg==", "pin": "135790"}
CUSTOMER = {"name": "090135", "consumer_id": "id-1", **SECRETS, "accounts": ["0901351", "0901358"]}
SIMULATOR = {
    "data": {"consumer_id": "data-id", "consumer_secret": "data-s3cret"},
    "customers": [
        CUSTOMER,
        {"name": "118441", "consumer_id": "id-2", **SECRETS, "pin": "246802", "accounts": ["1184411"]},
    ],
}

pytestmark = pytest.mark.django_db


def store(**changes):
    given = {"name": "090135", "consumer_id": "id-1", **SECRETS, **changes}
    return services.store_connection(**given, actor=OPERATOR, now=NOW)


def everything_in_the_database():
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (names from the catalogue)
            rows.extend(cursor.fetchall())
    return repr(rows)


def private_key_of(found: TradingCredentials) -> str:
    """Opened as the signer's process does."""
    assert isinstance(found.private_key, Sealed)
    assert found.key_file is not None
    return read_key_ring(found.key_file).open(found.private_key)


def test_what_was_stored_comes_back():
    found = selectors.trading_credentials(store())
    assert (found.consumer_id, found.consumer_secret, private_key_of(found), found.pin) == (
        "id-1",
        SECRETS["consumer_secret"],
        SECRETS["private_key"],
        SECRETS["pin"],
    )


def test_no_secret_stands_anywhere_in_the_database_or_in_a_print():
    connection_id = store()
    services.store_data_key(consumer_id="data-id", consumer_secret="data-s3cret", actor=OPERATOR, now=NOW)
    row, key = BrokerConnection.objects.get(), DataKey.objects.get()
    shown = [
        everything_in_the_database(),
        repr(row) + str(row) + repr(vars(row)) + repr(model_to_dict(row)),
        repr(key) + str(key) + repr(vars(key)),
        serializers.serialize("json", [row, key]),
        repr(selectors.trading_credentials(connection_id)) + repr(selectors.data_credentials()),
        repr(selectors.connections()),
        json.dumps([event.body for event in eventlog.history()]),
    ]
    for text in shown:
        for secret in [*SECRETS.values(), "data-s3cret"]:
            assert secret not in text
    assert len(eventlog.history(topic="configuration.credential.changed")) == 2


def test_plain_text_cannot_be_stored_by_accident():
    store()
    row = BrokerConnection.objects.get()
    row.pin = "135790"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="pin takes a sealed value"):
        row.save()


def test_an_empty_secret_keeps_the_stored_one():
    connection_id = store()
    assert store(consumer_id="id-9", consumer_secret="", private_key="", pin="999999") == connection_id
    found = selectors.trading_credentials(connection_id)
    assert (found.consumer_id, found.consumer_secret, found.pin) == ("id-9", SECRETS["consumer_secret"], "999999")


def test_a_new_connection_without_its_secrets_is_refused_and_not_stored():
    with pytest.raises(TerminalError, match="private_key, pin"):
        store(private_key="", pin="")
    assert BrokerConnection.objects.count() == 0
    assert eventlog.history() == []


def test_an_inactive_or_unknown_connection_gives_no_credentials():
    connection_id = store(is_active=False)
    with pytest.raises(TerminalError, match="not active"):
        selectors.trading_credentials(connection_id)
    with pytest.raises(TerminalError, match="no market data key"):
        selectors.data_credentials()
    assert selectors.connections() == []
    assert [view.name for view in selectors.connections(active_only=False)] == ["090135"]


def test_a_new_data_key_replaces_the_old_one():
    for secret in ("first", "second"):
        services.store_data_key(consumer_id="data-id", consumer_secret=secret, actor=OPERATOR, now=NOW)
    assert selectors.data_credentials().consumer_secret == "second"
    assert list(DataKey.objects.order_by("id").values_list("is_active", flat=True)) == [False, True]


def test_seeding_twice_changes_nothing_the_second_time():
    first = services.seed_demo_connections(SIMULATOR, now=NOW)
    assert sorted(first) == ["0901351", "0901358", "1184411"]
    assert first["0901351"] == first["0901358"] != first["1184411"]
    assert selectors.trading_credentials(first["1184411"]).pin == "246802"
    assert selectors.data_credentials().consumer_secret == "data-s3cret"
    events = len(eventlog.history())

    assert services.seed_demo_connections(SIMULATOR, now=NOW) == first
    assert len(eventlog.history()) == events == 3
    assert DataKey.objects.count() == 1


def test_seeding_after_the_simulator_made_new_keys_takes_them_over():
    first = services.seed_demo_connections(SIMULATOR, now=NOW)
    customer = CUSTOMER | {"private_key": "bmV3IGtleQ=="}
    second = services.seed_demo_connections(SIMULATOR | {"customers": [customer]}, now=NOW)
    assert second["0901351"] == first["0901351"]
    assert private_key_of(selectors.trading_credentials(first["0901351"])) == "bmV3IGtleQ=="


@pytest.fixture
def key_file(tmp_path, settings):
    path = tmp_path / "secret.key"
    path.write_text("the-first-secret-of-this-machine\n")
    settings.QTS_SECRET_KEY_FILE = path
    return path


def test_a_key_is_replaced_without_an_outage(key_file):
    connection_id = store()
    services.store_data_key(consumer_id="data-id", consumer_secret="data-s3cret", actor=OPERATOR, now=NOW)

    key_file.write_text("a-newer-one\nthe-first-secret-of-this-machine\n")
    assert selectors.trading_credentials(connection_id).pin == SECRETS["pin"]
    assert services.reseal_all() == 2

    key_file.write_text("a-newer-one\n")
    assert selectors.trading_credentials(connection_id).pin == SECRETS["pin"]
    assert selectors.data_credentials().consumer_secret == "data-s3cret"


def test_a_key_that_is_gone_says_so_and_shows_nothing(key_file):
    connection_id = store()
    key_file.write_text("quite-another-one\n")
    with pytest.raises(TerminalError, match="not in the secret key file") as caught:
        selectors.trading_credentials(connection_id)
    assert caught.value.__cause__ is None
    assert SECRETS["pin"] not in repr(caught.value)


def test_sealing_the_same_secret_twice_looks_different():
    assert services.seal_text("135790") != services.seal_text("135790")
    assert services.open_text(services.seal_text("mật khẩu")) == "mật khẩu"
    assert repr(Sealed("gAAAA-token")) == str(Sealed("gAAAA-token")) == "<sealed>"
