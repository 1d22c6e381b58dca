"""A load of master data that dies in the middle goes on where it was, and a symbol is armed by what was told of it."""

import os
import signal
from datetime import date
from typing import cast

import pytest
from django.db import connections

from apps.eventlog.selectors import history
from apps.marketdata import selectors
from apps.marketdata.models import DailyBar, DailyReference, MasterDataLoad, MasterDataPart
from apps.marketdata.services.master_data import load_master_data
from apps.marketdata.tests.test_master_data import NOW, TODAY, Broker, known, listed, load
from qts.adapters.ssi.market_data import MarketDataClient
from qts.domain.errors import TerminalError

pytestmark = pytest.mark.django_db(transaction=True)

TOMORROW = date(2026, 11, 24)
SYMBOLS = ("ACB", "FPT", "HPG", "SSI", "VNM")


class Counting(Broker):
    """Writes every question down, in a file that outlives the process that asked it."""

    def __init__(self, path, *securities):
        super().__init__(*securities)
        self.path = path
        self.dies_at = ""

    def ask(self, question):
        with self.path.open("a") as file:
            file.write(f"{question}\n")
        if question == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def questions(self):
        return self.path.read_text().split("\n")[:-1] if self.path.exists() else []

    def securities(self):
        self.ask("list")
        return super().securities()

    def index_list(self):
        self.ask("indices")
        return super().index_list()

    def index_components(self, index_code):
        self.ask(f"members {index_code}")
        return super().index_components(index_code)

    def daily_ohlc(self, symbol, since, until):
        self.ask(f"days {symbol}")
        return super().daily_ohlc(symbol, since, until)


@pytest.fixture
def broker(tmp_path):
    found = Counting(tmp_path / "questions", *(listed(symbol) for symbol in SYMBOLS))
    found.indices = {"VN30": ["ACB", "FPT"], "VNFIN": ["ACB", "SSI"]}
    return found


def killed_at(broker: Counting, question: str) -> None:
    """Another process loads, and is killed before the broker's answer to that question has come."""
    for connection in connections.all():  # each process needs its own
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's
    if (child := os.fork()) == 0:
        broker.dies_at = question
        load(broker)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("question", ["indices", "members VNFIN", "days HPG", "days VNM"])
def test_a_killed_load_goes_on_and_asks_no_question_twice_but_the_one_it_died_at(valkey, broker, question):
    killed_at(broker, question)
    assert broker.questions[-1] == question
    assert not MasterDataLoad.objects.exists()
    answered = MasterDataPart.objects.count()
    assert answered == len(broker.questions) - 1
    result = load(broker)
    every = ["list", "indices", "members VN30", "members VNFIN", *(f"days {symbol}" for symbol in SYMBOLS)]
    assert sorted(broker.questions) == sorted([*every, question])
    assert (result.securities, result.changed, result.daily_bars) == (5, 5, 10)
    assert DailyBar.objects.count() == 10
    assert DailyReference.objects.count() == 5
    assert selectors.index_members("VNFIN") == ["ACB", "SSI"]
    assert len(history(topic="masterData.security.updated", limit=50)) == 5 + 4  # listed once, in an index once


def test_a_symbol_is_told_today_as_soon_as_the_list_has_come(valkey, broker):
    killed_at(broker, "indices")
    assert known("SSI").told_on == TODAY
    broker.listed = [listed("SSI")]
    load(broker)
    assert known("VNM").told_on == TODAY  # the answer that came before the kill is not asked for again


def test_a_listed_symbol_without_readable_details_stays_listed_and_was_not_told(valkey):
    broker = Broker(listed("SSI"), listed("VNM"))
    load(broker)
    broker.securities_details = lambda: [listed("SSI")]
    load_master_data(cast(MarketDataClient, broker), today=TOMORROW, now=NOW)
    assert (known("SSI").told_on, known("VNM").told_on) == (TOMORROW, TODAY)
    assert known("VNM").is_active is True


def test_no_band_is_derived_where_the_days_before_were_refused(valkey):
    broker = Broker(listed("AAA"), listed("SSI"))
    load(broker)
    DailyReference.objects.all().delete()
    broker.refused = {"AAA"}
    load(broker)
    assert dict(selectors.references(["AAA", "SSI"], TODAY)) == {"SSI": (9_800, 10_450, 9_120)}
    refused = MasterDataPart.objects.exclude(refusal="").values_list("kind", "subject", "refusal")
    assert list(refused) == [("DAYS", "AAA", "DailyOhlc: refused")]


def test_a_list_without_any_readable_security_changes_nothing(valkey):
    load(Broker(listed("SSI")))
    broker = Broker(listed("SSI"))
    broker.securities_details = lambda: []
    with pytest.raises(TerminalError):
        load(broker)
    assert known("SSI").told_on == TODAY
