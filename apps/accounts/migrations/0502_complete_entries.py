"""Entries of before learn when they were due and of which symbol a sale's result is, from the rows beside them.

The one time that entries are changed: nothing that they say is changed, only what they did not say.
"""

from django.db import migrations

FORWARD = """
ALTER TABLE accounts_ledgerentry DISABLE TRIGGER accounts_ledger_append_only;

UPDATE accounts_ledgerentry AS entry SET due_at = settlement.due_at FROM accounts_cashsettlement AS settlement
WHERE settlement.account_id = entry.account_id AND settlement.reference = entry.reference
    AND entry.kind IN ('PURCHASE', 'SALE') AND entry.ledger IN ('RECEIVABLE', 'PAYABLE');

UPDATE accounts_ledgerentry AS entry SET due_at = lot.sellable_at FROM accounts_sharelot AS lot
WHERE lot.account_id = entry.account_id AND lot.reference = entry.reference
    AND entry.kind = 'PURCHASE' AND entry.ledger = 'SECURITIES';

UPDATE accounts_ledgerentry AS entry SET symbol = shares.symbol FROM accounts_ledgerentry AS shares
WHERE shares.posting_id = entry.posting_id AND shares.ledger = 'SECURITIES'
    AND entry.kind = 'SALE' AND entry.ledger IN ('FEES', 'TAXES', 'TRADING_RESULT');

ALTER TABLE accounts_ledgerentry ENABLE TRIGGER accounts_ledger_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0501_ledger_buckets")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
