"""The table of exceptional days that was: its rows are in the rule book, and say the same days."""

from datetime import date
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps as installed

from apps.marketdata import selectors
from apps.marketdata.models import TradingRule
from qts.domain.market import built_in_history

pytestmark = pytest.mark.django_db

migration = import_module("apps.marketdata.migrations.0652_holidays_are_rules")


class Before:
    """The models as the migration meets them: the old table, and the rule book as it is."""

    def __init__(self, *exceptions):
        self.rows = [SimpleNamespace(day=day, is_trading_day=trades, reason=why) for day, trades, why in exceptions]

    def get_model(self, app, name):
        if name == "MarketHoliday":
            return SimpleNamespace(objects=SimpleNamespace(order_by=lambda _: self.rows))
        return installed.get_model(app, name)


@pytest.fixture(autouse=True)
def _fresh_rules():
    selectors.forget_rules()
    yield
    selectors.forget_rules()


def test_each_years_exceptions_become_the_years_row():
    before = Before(
        (date(2025, 12, 31), False, "an early year's end"),
        (date(2026, 9, 2), True, "the exchange opens"),
        (date(2026, 11, 25), False, "a storm"),
        (date(2026, 11, 28), True, "a Saturday"),
        (date(2026, 11, 29), False, "a Sunday, closed anyway"),
    )
    migration.into_the_rule_book(before, None)
    selectors.forget_rules()
    calendar, built_in = selectors.trading_calendar(), built_in_history().calendar
    assert calendar.holidays ^ built_in.holidays == {date(2025, 12, 31), date(2026, 9, 2), date(2026, 11, 25)}
    assert calendar.is_trading_day(date(2026, 9, 2))
    assert calendar.is_trading_day(date(2026, 11, 28))
    rows = TradingRule.objects.order_by("effective_from").values_list("effective_from", "source", "proposed_by")
    assert [row[0] for row in rows] == [date(2025, 1, 1), date(2026, 1, 1)]
    assert "2026-11-25 a storm" in rows[1][1]


def test_without_exceptions_there_is_nothing_to_take_over():
    migration.into_the_rule_book(Before(), None)
    assert not TradingRule.objects.exists()
