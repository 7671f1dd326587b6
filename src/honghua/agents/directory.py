"""A run in a directory: `journal.jsonl`, `artefacts/ab/cd…`, and a lock that one process holds.

Durable by fsync of the file and of its directory. What a kill -9 may leave is a last line without its end, which is cut off when the
journal is opened again, and unfinished files of artefacts, which nobody reads.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from honghua.agents.artefacts import check_bytes
from honghua.agents.core.entries import Entry, check_chain, decode_entry, digest_entry, digest_of, encode_entry
from honghua.agents.journals import Run
from honghua.base.errors import Conflict, IntegrityBroken, NotFound

JOURNAL_FILE: Final = "journal.jsonl"
ARTEFACTS: Final = "artefacts"
LOCK_FILE: Final = "lock"
HEX: Final = frozenset("0123456789abcdef")
DIGEST_CHARS: Final = 64


class DirectoryArtefacts:
    """Artefacts as files of a folder, named by their digests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep these bytes: written beside, synced, renamed."""
        digest = digest_of(data)
        path = self._path(digest)
        if path.exists():
            return digest
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder)
        write_durably(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes; NotFound without them, IntegrityBroken when they are others."""
        try:
            return check_bytes(digest, self._path(digest).read_bytes())
        except FileNotFoundError as error:
            raise NotFound(f"there is no artefact {digest[:16]} in {self.folder}", code="ARTEFACT_UNKNOWN") from error

    def has(self, digest: str) -> bool:
        """Whether there is a file of this name."""
        return self._path(digest).exists()

    def _path(self, digest: str) -> Path:
        if len(digest) != DIGEST_CHARS or not HEX.issuperset(digest):
            raise NotFound(f"{digest[:80]!r} is no digest", code="ARTEFACT_UNKNOWN")
        return self.folder / digest[:2] / digest[2:]


class DirectoryJournal:
    """A journal as a file of lines, each the canonical JSON of an entry."""

    def __init__(self, path: Path, run: str) -> None:
        self._path, self._run = path, run
        self._entries = list(read_entries(path))
        if self._entries:
            self._run = self._entries[0].run

    @property
    def run(self) -> str:
        """The run's id."""
        return self._run

    def entries(self) -> Sequence[Entry]:
        """All of them; they were checked when the journal was opened."""
        return self._entries

    def append(self, entry: Entry) -> None:
        """Write the line and sync it."""
        head = digest_entry(self._entries[-1]) if self._entries else entry.previous
        if entry.number != len(self._entries) or entry.previous != head:
            raise Conflict(f"entry {entry.number} is not the next of this journal", code="JOURNAL_MOVED")
        is_new = not self._path.exists()
        with self._path.open("ab") as file:
            file.write(encode_entry(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._path.parent)
        self._entries.append(entry)


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a journal's file, none where there is no file; IntegrityBroken when they are no chain. A last line without its end
    was never acknowledged: it is left out."""
    if not path.exists():
        return ()
    lines = path.read_bytes().split(b"\n")
    entries = tuple(decode_entry(line) for line in lines[:-1])
    problems = check_chain(entries)
    if problems:
        raise IntegrityBroken(f"{path}: {problems[0]}", code="JOURNAL_BROKEN")
    return entries


@contextmanager
def hold_run(folder: Path) -> Iterator[Run]:
    """The run in a folder, made where there is none, for this process alone until the end; Conflict while another works on it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"another process works on the run in {folder}", code="RUN_HELD") from error
        path = folder / JOURNAL_FILE
        cut_torn_line(path)
        yield Run(DirectoryJournal(path, secrets.token_hex(16)), DirectoryArtefacts(folder / ARTEFACTS))


def look_at_run(folder: Path) -> Run:
    """The run in a folder as it is now, to read: no lock; NotFound where there is none."""
    path = folder / JOURNAL_FILE
    if not path.exists():
        raise NotFound(f"there is no run in {folder}", code="RUN_UNKNOWN")
    return Run(DirectoryJournal(path, ""), DirectoryArtefacts(folder / ARTEFACTS))


def cut_torn_line(path: Path) -> None:
    """Take away what a process that was killed wrote of a last line; the rest stays as it is."""
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())


def write_durably(path: Path, data: bytes) -> None:
    """A file that is whole or not there, whatever happens, and on disk when this returns."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in a folder, on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = [
    "ARTEFACTS",
    "JOURNAL_FILE",
    "DirectoryArtefacts",
    "DirectoryJournal",
    "hold_run",
    "look_at_run",
    "read_entries",
]
