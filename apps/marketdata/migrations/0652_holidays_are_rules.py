"""The table of exceptional days becomes rows of the rule book: one truth, dated, with its source and two names."""

import json
from datetime import date

from django.db import migrations, models

from qts.domain.market import RuleSubject, built_in_history

_SATURDAY = 5


def into_the_rule_book(apps, schema_editor):
    exceptions = list(apps.get_model("marketdata", "MarketHoliday").objects.order_by("day"))
    for year in sorted({one.day.year for one in exceptions}):
        mine = [one for one in exceptions if one.day.year == year]
        in_force = [row for row in _calendar_rows() if row.effective_from <= date(year, 12, 31)][-1]
        known = json.loads(in_force.value)
        closed = {day for day in known["closed"] if day.startswith(str(year))}
        closed |= {str(one.day) for one in mine if not one.is_trading_day and one.day.weekday() < _SATURDAY}
        closed -= {str(one.day) for one in mine if one.is_trading_day}
        opened = {str(one.day) for one in mine if one.is_trading_day and one.day.weekday() >= _SATURDAY}
        apps.get_model("marketdata", "TradingRule").objects.create(
            subject="CALENDAR",
            effective_from=max(in_force.effective_from, date(year, 1, 1)),
            value={"closed": sorted(closed), "open": sorted(opened)},
            source=f"exceptional days entered before: {', '.join(f'{one.day} {one.reason}' for one in mine)}"[:300],
            reason="taken over from the table of exceptional days",
            proposed_by="an administrator",
            approved_by="migration 0652",
        )


def _calendar_rows():
    return [row for row in built_in_history().rows if row.subject is RuleSubject.CALENDAR]


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0651_told_on_and_parts")]

    operations = [
        migrations.AlterField(
            model_name='tradingrule',
            name='subject',
            field=models.CharField(choices=[('TIMETABLE', 'TIMETABLE'), ('RESTRICTED_TIMETABLE', 'RESTRICTED_TIMETABLE'), ('ADMISSIONS', 'ADMISSIONS'), ('TICKS', 'TICKS'), ('LOT', 'LOT'), ('ORDER_MAX', 'ORDER_MAX'), ('BAND', 'BAND'), ('ODD_LOTS', 'ODD_LOTS'), ('REFERENCE', 'REFERENCE'), ('PUT_THROUGH', 'PUT_THROUGH'), ('AFTER_HOURS', 'AFTER_HOURS'), ('SETTLEMENT', 'SETTLEMENT'), ('POSITION_LIMITS', 'POSITION_LIMITS'), ('CALENDAR', 'CALENDAR')], max_length=30, verbose_name='subject'),
        ),
        migrations.RunPython(into_the_rule_book, migrations.RunPython.noop),
        migrations.DeleteModel(name="MarketHoliday"),
    ]
