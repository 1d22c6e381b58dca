"""Many rows of one table in one statement whose text never changes: an object mapper takes longer over them than the
database does, and a text that differs with their number is parsed anew each time."""

from collections.abc import Sequence
from functools import cache

import msgspec
from django.db import DataError, connection, models

_INSERT = (
    "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_to_recordset(%s::json) AS told ({typed}) {conflict}"
)


def insert_rows(rows: Sequence[models.Model]) -> None:
    """New rows of one model. What the database numbers or fills in stays unknown here. `save` and signals are not
    called. Raises IntegrityError or DataError, and then none is there."""
    _write(rows, (), ())


def put_rows(rows: Sequence[models.Model], *, unique: Sequence[str], changed: Sequence[str]) -> None:
    """As `insert_rows`; of those that are there already (by the columns `unique`) the columns `changed` change."""
    _write(rows, tuple(unique), tuple(changed))


def _write(rows: Sequence[models.Model], unique: tuple[str, ...], changed: tuple[str, ...]) -> None:
    if not rows:
        return
    statement, names = _statement(type(rows[0]), unique, changed)
    try:
        told = msgspec.json.encode([{name: getattr(row, name) for name in names} for row in rows])
    except OverflowError as error:
        raise DataError("a number is greater than any column holds") from error
    with connection.cursor() as cursor:
        cursor.execute(statement, [told.decode()])


@cache
def _statement(
    model: type[models.Model], unique: tuple[str, ...], changed: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """And the attributes that it takes, which have the names of the columns."""
    fields = [field for field in model._meta.concrete_fields if not _is_of_the_database(field)]
    conflict = ""
    if changed:
        updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in changed)
        conflict = f"ON CONFLICT ({', '.join(unique)}) DO UPDATE SET {updates}"
    names = tuple(field.attname for field in fields)
    typed = ", ".join(f"{field.attname} {field.db_type(connection)}" for field in fields)
    table, columns = model._meta.db_table, ", ".join(names)
    return _INSERT.format(table=table, columns=columns, typed=typed, conflict=conflict), names


def _is_of_the_database(field: models.Field) -> bool:  # type: ignore[type-arg]  # of whatever it holds
    return isinstance(field, models.AutoField) or (field.has_db_default() and not field.has_default())
