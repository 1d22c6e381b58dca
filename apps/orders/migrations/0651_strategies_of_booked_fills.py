"""Fills that were booked before the books knew strategies learn them from their orders."""

from django.db import migrations

FORWARD = """
UPDATE accounts_tradebooking AS trade SET strategy_id = placed.strategy_id FROM orders_order AS placed
WHERE placed.id = trade.order_id AND placed.strategy_id <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0601_gate_figures"), ("accounts", "0651_strategy_of_a_fill")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
