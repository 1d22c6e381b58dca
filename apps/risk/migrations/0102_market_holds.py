import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('risk', '0101_all_controls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='tradinghold',
            name='cause',
            field=models.CharField(choices=[('stale-feed', 'market data are late'), ('lost-worker', 'a worker does not report'), ('books-differ', "the books differ from the broker's"), ('market-halt', 'the exchange halted it'), ('market-fall', 'the market fell too far')], max_length=20, verbose_name='cause'),
        ),
        migrations.AddField(
            model_name='strategypulse',
            name='caused_at_ms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None),
        ),
    ]
