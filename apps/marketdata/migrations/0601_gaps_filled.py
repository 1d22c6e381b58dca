"""What gave a gap away, when the market was there, and what history filled in."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F

CAUSES = [("RECONNECT", "RECONNECT"), ("SILENCE", "SILENCE"), ("VOLUME", "VOLUME"), ("INDEX", "INDEX")]
FILLS = [
    ("WAITING", "waiting for history"),
    ("COMPLETE", "nothing was missed"),
    ("FILLED", "filled from history"),
    ("PARTIAL", "filled in part"),
    ("IMPOSSIBLE", "history has no more"),
]


def take_the_wall_clock(apps, schema_editor):
    """Of gaps marked before: in production the market's time is the wall clock's."""
    gaps = apps.get_model("marketdata", "MarketGap").objects
    gaps.update(market_from_at=F("from_at"), market_to_at=F("to_at"), marked_at=F("to_at"))


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0502_history_backfill")]

    operations = [
        migrations.AddField("bar1m", "is_filled", models.BooleanField(default=False, help_text="from the broker's history")),
        migrations.AddField("marketgap", "cause", models.CharField(choices=CAUSES, default="RECONNECT", max_length=10)),
        migrations.AddField("marketgap", "fill", models.CharField(choices=FILLS, default="WAITING", max_length=10)),
        migrations.AddField("marketgap", "fill_attempts", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("marketgap", "filled_minutes", models.PositiveIntegerField(default=0)),
        migrations.AddField("marketgap", "filled_quantity", models.BigIntegerField(default=0, help_text="shares or contracts of the matches that were missed")),
        migrations.AddField("marketgap", "missing_quantity", models.BigIntegerField(default=0, help_text="of them, what history does not have either")),
        migrations.AddField("marketgap", "market_from_at", models.DateTimeField(default=django.utils.timezone.now, help_text="time of the market"), preserve_default=False),
        migrations.AddField("marketgap", "market_to_at", models.DateTimeField(default=django.utils.timezone.now, help_text="time of the market"), preserve_default=False),
        migrations.AddField("marketgap", "marked_at", models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now, help_text="wall clock"), preserve_default=False),
        migrations.RunPython(take_the_wall_clock, migrations.RunPython.noop),
        migrations.AddIndex("marketgap", models.Index(fields=["market_from_at"], name="marketdata_gap_market_from")),
    ]
