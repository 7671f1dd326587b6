"""What `honghua lab traits` does: a file into the table that only fairness reads, and out of it again."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.app.book import open_book
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.lab.fairness.api import forget_traits, list_kept, note_traits
from honghua.lab.profiles.api import key_of_person
from honghua.store.database import run_unit


def run_traits(args: argparse.Namespace, settings: Settings) -> int:
    """Keep or erase what a file tells, all of it or nothing; then say what is kept, without a person."""
    with open_book(settings, may_be_empty=True) as book:
        changed = 0 if args.file is None else run_unit(book.conn, lambda conn: change(conn, args))
        kept = [
            {"trait": one.trait, "rows": one.rows, "source": one.source, "last_at": one.last_at.isoformat()}
            for one in list_kept(book.conn)
        ]
    if args.json:
        print_json({"changed": changed, "kept": kept})
    else:
        print(f"{changed:,} words {'erased' if args.forget else 'kept'}")
        for one in kept:
            print(f"{one['trait']:16} {one['rows']:>10,}  {one['source']}")
    return 0


def change(conn: psycopg.Connection, args: argparse.Namespace) -> int:
    """How many words were kept or erased."""
    if args.forget:
        return forget_traits(conn, read_keys(args))
    if not args.column:
        raise BadInput("which columns are traits? name them by --column", code="BAD_TRAIT")
    now, keys = SystemClock().now(), read_keys(args)
    count = 0
    for name in args.column:
        words = pq.read_table(args.file, columns=[name]).column(name).to_pylist() if has(args.file, name) else []
        told = np.array([word is not None for word in words], np.bool_)
        if len(words) != len(keys):
            raise BadInput(f"{args.file} has no column {name}", code="BAD_COLUMNS")
        count += note_traits(
            conn, name, keys[told], [str(word) for word in words if word is not None], source=args.source, now=now
        )
    return count


def read_keys(args: argparse.Namespace) -> NDArray[np.int64]:
    """The keys as they stand in the file, or of the customers that it names; BadInput where one is missing."""
    if not args.customer:
        return read_column(args.file, args.key)
    if not has(args.file, args.customer):
        raise BadInput(f"{args.file} has no column {args.customer}", code="BAD_COLUMNS")
    names = pq.read_table(args.file, columns=[args.customer]).column(args.customer).to_pylist()
    if not all(isinstance(name, str) and name for name in names):
        raise BadInput(f"{args.customer} of {args.file} is no column of customers' references", code="BAD_COLUMNS")
    return np.array([key_of_person(name) for name in names], np.int64)


def read_column(path: Path, name: str) -> NDArray[np.int64]:
    """The keys; BadInput where they are no whole numbers, or one is missing."""
    if not has(path, name):
        raise BadInput(f"{path} has no column {name}", code="BAD_COLUMNS")
    column = pq.read_table(path, columns=[name]).column(name)
    if not pa.types.is_integer(column.type) or column.null_count:
        raise BadInput(f"{name} of {path} is no column of whole numbers", code="BAD_COLUMNS")
    return np.asarray(column.to_numpy(), np.int64)


def has(path: Path, name: str) -> bool:
    """Whether a file has a column; BadInput for a file that is none."""
    try:
        return name in pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path}: {error}", code="FILE_UNREADABLE") from error


__all__ = ["run_traits"]
