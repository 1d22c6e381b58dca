"""The four roles as groups; what each may do in the admin is granted after every migrate (apps.sso.handlers)."""

from django.db import migrations

ROLES = ("trader", "risk_officer", "operator", "administrator")


def create_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("sso", "0002_allauth_device")]

    # going back leaves the groups: people may have been put into them
    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
