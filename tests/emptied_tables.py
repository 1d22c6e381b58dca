"""What a test has committed is taken out again, and only that: Django's own way empties every table and partition and
writes all content types, permissions and roles anew, which took a third of the time of a test that commits.
"""

from typing import Any

from django.apps import apps
from django.db import connections
from psycopg import sql

# Written by migrations: the models that there are, the roles. No test that commits changes them.
KEPT = {"django_content_type", "django_migrations", "auth_permission", "auth_group", "auth_group_permissions"}


def empty_written_tables(case: Any) -> None:
    """In place of `TransactionTestCase._fixture_teardown`."""
    for alias in case._databases_names(include_mirrors=False):
        connection = connections[alias]
        there = set(connection.introspection.table_names(include_views=False))
        # those that migrations make by hand too, such as the partitioned ones: Django calls them unmanaged
        tables = there & {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - KEPT
        asked = [
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table, sql.Identifier(table))
            for table in sorted(tables)
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(" UNION ALL ").join(asked))
            if written := [sql.Identifier(table) for (table,) in cursor.fetchall()]:
                cursor.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(written)))
