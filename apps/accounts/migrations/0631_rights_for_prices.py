"""Actions that were confirmed before prices were adjusted by them."""

from django.db import migrations

COPIED = ("symbol", "ex_date", "kind", "cash_per_share_vnd", "new_shares", "old_shares", "subscription_price_vnd")


def copy(apps, schema_editor):
    confirmed = apps.get_model("accounts", "CorporateAction").objects.filter(status="CONFIRMED")
    right = apps.get_model("marketdata", "PriceRight")
    right.objects.bulk_create([right(**row) for row in confirmed.values(*COPIED)], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0661_screens"), ("marketdata", "0631_index_history")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
