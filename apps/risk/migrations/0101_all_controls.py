from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('risk', '0301_exits_equity_alerts'),
    ]

    operations = [
        migrations.CreateModel(
            name='SecuritySector',
            fields=[
                ('symbol', models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name='symbol')),
                ('sector', models.CharField(max_length=64, verbose_name='sector')),
            ],
            options={
                'verbose_name': 'sector of a security',
                'verbose_name_plural': 'sectors of securities',
                'ordering': ['sector', 'symbol'],
            },
        ),
        migrations.AlterField(
            model_name='risklimit',
            name='code',
            field=models.CharField(
                choices=[
                    ('ODD_LOT_NOT_ADMITTED', 'Largest odd lot that may be sent, none without this limit; LO only, in some sessions.'),
                    ('FOREIGN_ROOM_EXCEEDED', 'Least room for foreigners that a purchase must leave; set it, 0 at least, for the accounts of foreign owners.'),
                    ('OWNERSHIP_EXCEEDS_MAX', "Largest part of a company's listed shares, working purchases included."),
                    ('SYMBOL_NOT_ALLOWED', 'The allow-list: 0 for the firm or an account closes all symbols, 1 for a symbol opens it again.'),
                    ('SYMBOL_RESTRICTED', 'The restricted list: most shares of one order in the symbol that it is set for, 0 for none.'),
                    ('ORDER_QUANTITY_EXCEEDS_MAX', 'Largest quantity of one order.'),
                    ('ORDER_VALUE_EXCEEDS_MAX', 'Largest value of one order, at the dearest price it can trade at.'),
                    ('PRICE_FAR_FROM_LAST', 'Farthest price from the last one; beyond it the price must be typed again.'),
                    ('PRICE_FAR_FROM_REFERENCE', 'Farthest price from the reference; beyond it the price must be typed again.'),
                    ('PRICE_FAR_FROM_AVERAGE', "Farthest price from the day's average; beyond it the price must be typed again."),
                    ('DUPLICATE_ORDER', 'Least time between two equal orders of an account; within it the quantity must be typed again.'),
                    ('DAY_VALUE_EXCEEDS_MAX', 'Largest value of a day: what was traded, works and is asked for.'),
                    ('OPEN_VALUE_EXCEEDS_MAX', 'Largest value of all working orders of an account.'),
                    ('OPEN_ORDERS_EXCEED_MAX', 'Most working orders of one account.'),
                    ('USER_RATE_EXCEEDS_MAX', 'Most messages of one user within a second: orders, refused ones too, and cancels.'),
                    ('STRATEGY_RATE_EXCEEDS_MAX', 'Most messages of one strategy within a second.'),
                    ('ACCOUNT_RATE_EXCEEDS_MAX', 'Most messages for one account within a second.'),
                    ('BROKER_RATE_EXCEEDS_MAX', 'Most messages over one broker connection within a second.'),
                    ('ORDERS_PER_TRADE_EXCEED_MAX', 'Most orders of an account in a day for each of them that traded; the first trade counts as made.'),
                    ('REPEATED_EXECUTION_EXCEEDS_MAX', 'Most orders of a strategy for one symbol and side within a minute.'),
                    ('SIGNAL_TOO_OLD', 'Oldest market message that an order of a strategy may rest on.'),
                    ('PARTICIPATION_EXCEEDS_MAX', "Largest part of the day's volume, traded, working and asked for; beyond it the quantity is typed again."),
                    ('DAYS_TO_EXIT_EXCEED_MAX', 'Most days that leaving the position would take, at a fifth of the average daily volume of twenty days.'),
                    ('POSITION_EXCEEDS_MAX', 'Most shares of one symbol, working purchases included.'),
                    ('SYMBOL_CONCENTRATION_EXCEEDS_MAX', "Largest part of one symbol in an account's equity, working purchases included."),
                    ('SECTOR_CONCENTRATION_EXCEEDS_MAX', "Largest part of one sector in an account's equity, working purchases included."),
                    ('GROSS_EXPOSURE_EXCEEDS_MAX', 'Largest sum of what is held and all that works, both sides added.'),
                    ('NET_EXPOSURE_EXCEEDS_MAX', 'Largest value held if every working order were filled.'),
                    ('LEVERAGE_EXCEEDS_MAX', 'Largest leverage: what is held and on order, in the equity.'),
                    ('MARGIN_RATIO_BELOW_MIN', 'Least margin ratio: the equity in what is held and on order.'),
                    ('DAILY_LOSS_EXCEEDS_MAX', 'Largest loss of an account in a day, realised and open; refuses purchases only.'),
                    ('REALISED_LOSS_EXCEEDS_MAX', 'Largest realised loss of an account in a day; refuses purchases only.'),
                    ('DRAWDOWN_EXCEEDS_MAX', "Deepest fall of an account's equity under its highest; refuses purchases only."),
                    ('MARKET_DATA_STALE', 'Oldest market data an order may rest on.'),
                    ('QUOTE_STALE', 'Oldest quote of the symbol itself that an order may rest on; a quiet stock has old ones.'),
                    ('MASTER_DATA_STALE', 'Oldest list of securities, in days; 0 for one of today.'),
                    ('MARKET_DATA_GAP', "Most holes in the symbol's market data within the last five minutes; 0 for none."),
                ],
                max_length=40,
                verbose_name='rule',
            ),
        ),
    ]
