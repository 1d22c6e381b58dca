"""Rows of one day in one Parquet file (zstd), written whole or not at all, and read back by DuckDB."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from qts.domain.errors import TerminalError

ROWS_AT_ONCE = 20_000
MEMORY_MAX = "512MB"
_TYPES = {"text": pa.string(), "int": pa.int64(), "day": pa.date32(), "moment": pa.timestamp("us", tz="UTC")}

Row = Sequence[Any]
Columns = Mapping[str, str]  # name to one of _TYPES


class ArchiveDamaged(TerminalError):
    """A file of the archive is not what was written."""


@dataclass(frozen=True, slots=True)
class Written:
    """`digest` is of the rows in their order, `file_sha256` of the bytes."""

    rows: int
    digest: str
    file_sha256: str
    size_bytes: int


class RowDigest:
    """What both sides compute: the database's rows going out, and the file's coming back."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.rows = 0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            cells = "\x1f".join(cell.isoformat() if hasattr(cell, "isoformat") else str(cell) for cell in row)
            self._sha256.update(f"{cells}\x1e".encode())
            self.rows += 1

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def write_day(path: Path, columns: Columns, batches: Iterable[Sequence[Row]]) -> Written:
    """Write, flush, read back and compare; only then the file gets its name. Raises ArchiveDamaged when the rows that
    come back are not those that went in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
    sent = RowDigest()
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for rows in batches:
            sent.add(rows)
            writer.write_table(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True)), schema=schema))
    back = digest_of(draft, columns)
    if (back.rows, back.hexdigest()) != (sent.rows, sent.hexdigest()):
        raise ArchiveDamaged(f"{draft}: {back.rows} rows came back of {sent.rows}, or others")
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    return Written(sent.rows, sent.hexdigest(), sha256_of(path), path.stat().st_size)


def digest_of(path: Path, columns: Columns) -> RowDigest:
    """Of the rows as they stand in the file."""
    found = RowDigest()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=list(columns)):
            found.add(zip(*(batch.column(name).to_pylist() for name in columns), strict=True))
    return found


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def query(
    files: Sequence[Path], sql: str, values: Sequence[Any] = (), *, rows_at_once: int = ROWS_AT_ONCE
) -> Iterator[list[tuple[Any, ...]]]:
    """`sql` reads `FROM days`, which is all of `files` together; values take the places of `?`."""
    if not files:
        return
    if missing := [str(file) for file in files if not file.is_file()]:
        raise ArchiveDamaged(
            f"the archive has lost {missing[0]}" + (f" and {len(missing) - 1} more" * bool(missing[1:]))
        )
    with duckdb.connect(config={"memory_limit": MEMORY_MAX, "threads": "1"}) as connection:
        names = [str(file) for file in files]
        connection.execute(f"WITH days AS (SELECT * FROM read_parquet(?)) {sql}", [names, *values])  # noqa: S608 (ours)
        while rows := connection.fetchmany(rows_at_once):
            yield rows
