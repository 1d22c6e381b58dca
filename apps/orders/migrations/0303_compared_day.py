from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0302_api_request_backend")]

    operations = [
        migrations.AddField(
            model_name="streamposition",
            name="compared_day",
            field=models.DateField(null=True, verbose_name="last day compared at its end"),
        ),
    ]
