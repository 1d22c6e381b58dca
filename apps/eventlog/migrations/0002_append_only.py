"""The database itself keeps the log append-only and wakes the relay; no code path can forget either."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION eventlog_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.published_at IS NULL
        AND NEW.published_at IS NOT NULL
        AND to_jsonb(NEW) - 'published_at' = to_jsonb(OLD) - 'published_at'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the event log is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER eventlog_append_only BEFORE UPDATE OR DELETE ON eventlog_eventrecord
    FOR EACH ROW EXECUTE FUNCTION eventlog_guard();

CREATE FUNCTION eventlog_wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('qts_events', '');
    RETURN NULL;
END $$;

CREATE TRIGGER eventlog_notify AFTER INSERT ON eventlog_eventrecord
    FOR EACH STATEMENT EXECUTE FUNCTION eventlog_wake_relay();
"""

BACKWARD = """
DROP TRIGGER eventlog_notify ON eventlog_eventrecord;
DROP FUNCTION eventlog_wake_relay();
DROP TRIGGER eventlog_append_only ON eventlog_eventrecord;
DROP FUNCTION eventlog_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("eventlog", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
