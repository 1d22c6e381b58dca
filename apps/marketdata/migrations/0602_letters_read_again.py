"""The bytes of what could not be read, and what became of reading it again."""

from django.db import migrations, models

OUTCOMES = [
    ("", "not read again yet"),
    ("PUBLISHED", "readable now: its match was published"),
    ("SUPERSEDED", "readable now: newer messages have replaced it"),
    ("UNREADABLE", "still unreadable"),
    ("GONE", "the log does not keep it any more"),
]


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0601_gaps_filled")]

    operations = [
        migrations.AddField(
            "deadletter", "raw_bytes", models.BinaryField(default=bytes, help_text="the message as it came")
        ),
        migrations.AddField(
            "deadletter", "outcome", models.CharField(blank=True, choices=OUTCOMES, default="", max_length=10)
        ),
        migrations.AddField("deadletter", "replayed_at", models.DateTimeField(help_text="wall clock", null=True)),
        migrations.AddField("deadletter", "replay_count", models.PositiveIntegerField(default=0)),
    ]
