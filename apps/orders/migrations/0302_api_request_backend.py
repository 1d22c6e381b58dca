from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0301_gate_tokens")]

    operations = [
        migrations.AddField(
            model_name="apirequest",
            name="backend_pid",
            field=models.PositiveIntegerField(default=0, verbose_name="process of the database"),
        ),
    ]
