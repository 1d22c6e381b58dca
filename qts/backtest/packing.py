"""Bars as bytes: what is kept of a backtest's data, and what its process is handed."""

import io
import zipfile
from dataclasses import fields
from typing import Any

import numpy as np

from qts.backtest.table import BarTable, TickTable


def pack(table: BarTable) -> bytes:
    file = io.BytesIO()
    columns: dict[str, Any] = {one.name: getattr(table, one.name) for one in fields(table)[1:]}
    np.savez_compressed(
        file, symbols=np.array(table.symbols, dtype=np.str_), kind=np.array(table.kind, dtype=np.str_), **columns
    )
    return file.getvalue()


def unpack(packed: bytes) -> BarTable:
    """Raises ValueError for what `pack` has not made."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as found:
            columns = [np.ascontiguousarray(found[one.name], dtype=np.int64) for one in fields(BarTable)[1:]]
            kind = str(found["kind"]) if "kind" in found else BarTable.kind
            table = TickTable if kind == TickTable.kind else BarTable
            return table(tuple(str(symbol) for symbol in found["symbols"]), *columns)
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"these are no packed bars: {error}") from error
