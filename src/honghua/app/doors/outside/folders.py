"""Counterparties that exchange files: a folder that both sides reach (a mount, a synchronised drop), one file a day or a month.

What we write appears whole (written beside, synced, renamed) and is written again byte for byte when it is asked for again; what they
write is read when it is there. Who watches a folder never sees half a file of ours.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.funding.api import PartnerRow, PartnerStatement

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
COLUMNS: Final = ("key", "what", "amount_minor")
BYTES_MAX: Final = 256 << 20


def write_whole(path: Path, body: bytes) -> None:
    """A file that is there wholly or not at all; WorldFailed when it cannot be written."""
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise WorldFailed(f"{path} could not be written: {error}", code="FOLDER_FAILED") from error


def read_whole(path: Path) -> bytes | None:
    """A file, None where there is none; WorldFailed when it cannot be read or is too large."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise WorldFailed(f"{path} is larger than {BYTES_MAX} bytes", code="FOLDER_FAILED")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorldFailed(f"{path} could not be read: {error}", code="FOLDER_FAILED") from error


def check_name(name: str) -> str:
    """A name that is a file's and nothing else's."""
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of a file", code="NAME_INVALID")
    return name


@dataclass(frozen=True, slots=True)
class FolderDesk:
    """A bureau that takes files. See `bureau.FilingDesk`: out/REPORTER/NAME, and its word about it in in/REPORTER/NAME.receipt."""

    folder: Path

    @property
    def name(self) -> str:
        """Where it is."""
        return f"folder {self.folder}"

    def deliver(self, reporter: str, name: str, body: bytes) -> None:
        """Hand a file over; the same again is the same."""
        write_whole(self.folder / "out" / check_name(reporter) / check_name(name), body)

    def read_receipt(self, reporter: str, name: str) -> str | None:
        """The first line of the receipt; None while there is none."""
        found = read_whole(self.folder / "in" / check_name(reporter) / f"{check_name(name)}.receipt")
        if found is None:
            return None
        return found[:1_000].decode("utf-8", errors="replace").splitlines()[0].strip() if found.strip() else None


@dataclass(frozen=True, slots=True)
class FolderPartner:
    """A lender that exchanges files. See `PartnerSystem`: out/2026-03-01.csv tells it its day, in/2026-03-01.csv is its own book of it."""

    lender: str
    folder: Path

    @property
    def name(self) -> str:
        """Whose books, and where."""
        return f"{self.lender} by folder"

    def deliver(self, day: dt.date, rows: Sequence[PartnerRow]) -> None:
        """See `PartnerSystem.deliver`: the whole day, so what was told before is replaced."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((row.key, row.what, row.amount_minor) for row in rows)
        write_whole(self.folder / "out" / f"{day.isoformat()}.csv", text.getvalue().encode())

    def read_statement(self, day: dt.date) -> PartnerStatement:
        """See `PartnerSystem.read_statement`. TimedOut while its file is not there; WorldFailed for one that makes no sense."""
        path = self.folder / "in" / f"{day.isoformat()}.csv"
        body = read_whole(path)
        if body is None:
            raise TimedOut(f"{self.name} has not told its {day} yet")
        try:
            lines = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
            if not lines or tuple(lines[0]) != COLUMNS:
                raise ValueError("no header")
            rows = tuple(PartnerRow(key, what, int(minor)) for key, what, minor in lines[1:])
        except (ValueError, csv.Error) as error:
            raise WorldFailed(f"{path}: {error}", code="FOLDER_FAILED") from error
        return PartnerStatement(day, rows, sum(row.amount_minor for row in rows))


__all__ = ["FolderDesk", "FolderPartner", "check_name", "read_whole", "write_whole"]
