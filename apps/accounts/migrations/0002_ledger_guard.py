"""The ledger only grows, and no posting enters it that does not balance: the database itself refuses."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER accounts_ledger_append_only
    BEFORE UPDATE OR DELETE ON accounts_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION accounts_ledger_refuse_change();

-- a posting is one INSERT, so each statement must balance by posting and account
CREATE FUNCTION accounts_ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE unbalanced uuid;
BEGIN
    SELECT posting_id INTO unbalanced FROM new_entries
        GROUP BY posting_id HAVING sum(amount_vnd) <> 0 OR count(DISTINCT account_id) <> 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % does not balance', unbalanced USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_ledger_balanced
    AFTER INSERT ON accounts_ledgerentry
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_ledger_refuse_unbalanced();
"""

REVERSE = """
DROP TRIGGER accounts_ledger_balanced ON accounts_ledgerentry;
DROP TRIGGER accounts_ledger_append_only ON accounts_ledgerentry;
DROP FUNCTION accounts_ledger_refuse_unbalanced();
DROP FUNCTION accounts_ledger_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
