from django.db import migrations


class Migration(migrations.Migration):
    """Ticks, partitioned by trading day. Partitions are made ahead by `services.partitions`; there is no default
    partition on purpose: a tick of an impossible day is a dead letter, not a row that nobody finds."""

    dependencies = [("marketdata", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE TABLE marketdata_tick (
                    trading_day date NOT NULL,
                    wal_segment bigint NOT NULL,
                    wal_offset bigint NOT NULL,
                    wal_part integer NOT NULL,
                    symbol varchar(20) NOT NULL,
                    price_vnd bigint NOT NULL,
                    quantity bigint NOT NULL,
                    traded_at timestamptz NOT NULL,
                    received_at_ns bigint NOT NULL,
                    PRIMARY KEY (trading_day, wal_segment, wal_offset, wal_part, received_at_ns)
                ) PARTITION BY RANGE (trading_day);
                CREATE INDEX marketdata_tick_symbol_traded_at ON marketdata_tick (symbol, traded_at);
            """,
            reverse_sql="DROP TABLE marketdata_tick;",
        ),
    ]
