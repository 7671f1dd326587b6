"""Columns as the bytes of an artefact: parquet, the same bytes for the same columns."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray


def pack_columns(columns: Mapping[str, NDArray[Any] | Sequence[str]]) -> bytes:
    """Parquet bytes of columns of one length; NaN stays NaN."""
    out = io.BytesIO()
    arrays = {name: pa.array(column, from_pandas=False) for name, column in columns.items()}
    pq.write_table(pa.table(arrays), out, compression="zstd", use_dictionary=False, write_statistics=False)
    return out.getvalue()


def unpack_columns(data: bytes, *, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """The columns, as numpy arrays; texts as object arrays."""
    table = pq.read_table(io.BytesIO(data), columns=None if names is None else list(names))
    return {name: np.asarray(table.column(name).to_numpy(zero_copy_only=False)) for name in table.column_names}


__all__ = ["pack_columns", "unpack_columns"]
