"""A run in the database: the same entries and artefacts as in a directory, for the desk and for runs that open by themselves."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from honghua.agents import store
from honghua.agents.artefacts import TABLE, check_bytes, list_digests
from honghua.agents.core.entries import Entry, Ref, check_chain, decode_entry, digest_of
from honghua.agents.journals import Run
from honghua.agents.running import Opening, begin
from honghua.base.clock import Clock
from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound

ARTEFACT_BYTES_MAX: Final = 64 * 2**20
RUN_ID_BYTES: Final = 16


class DatabaseArtefacts:
    """Artefacts as rows."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn

    def put(self, data: bytes) -> str:
        """Keep these bytes; BadInput for more than 64 MiB."""
        if len(data) > ARTEFACT_BYTES_MAX:
            raise BadInput(
                f"an artefact of {len(data):,} bytes is too large for the database", code="ARTEFACT_TOO_LARGE"
            )
        digest = digest_of(data)
        store.insert_artefact(self._conn, digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes; NotFound without them, IntegrityBroken when they are others."""
        data = store.find_artefact(self._conn, digest)
        if data is None:
            raise NotFound(f"there is no artefact {digest[:16]} in the database", code="ARTEFACT_UNKNOWN")
        return check_bytes(digest, data)

    def has(self, digest: str) -> bool:
        """Whether there is a row."""
        return store.has_artefact(self._conn, digest)


class DatabaseJournal:
    """A journal as rows."""

    def __init__(self, conn: psycopg.Connection, run_id: str, *, subject: str = "") -> None:
        self._conn, self._run, self._subject = conn, run_id, subject

    @property
    def run(self) -> str:
        """The run's id."""
        return self._run

    def entries(self) -> Sequence[Entry]:
        """All of them."""
        entries = tuple(decode_entry(body) for body in store.read_bodies(self._conn, self._run))
        problems = check_chain(entries)
        if problems:
            raise IntegrityBroken(f"run {self._run}: {problems[0]}", code="JOURNAL_BROKEN")
        return entries

    def append(self, entry: Entry) -> None:
        """Insert the row, and that of the run with the first."""
        try:
            with self._conn.transaction():
                if entry.number == 0:
                    opened_at = dt.datetime.fromisoformat(entry.at)
                    store.insert_run(
                        self._conn, self._run, flow=str(entry.detail["flow"]), subject=self._subject, opened_at=opened_at
                    )  # fmt: skip
                store.insert_entry(self._conn, entry)
        except (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation) as error:
            raise Conflict(f"entry {entry.number} is not the next of this journal", code="JOURNAL_MOVED") from error


def open_database_run(conn: psycopg.Connection, opening: Opening, *, subject: str, clock: Clock) -> Run:
    """Open a run about a subject, or find the one that is not finished: one at a time for each (flow, subject)."""
    with conn.transaction():
        store.lock_subject(conn, opening.flow, subject)
        open_already = store.list_runs(conn, limit=1, flow=opening.flow, subject=subject, unfinished=True)
        if open_already:
            return look_at_database_run(conn, open_already[0].run_id)
        run_id = secrets.token_hex(RUN_ID_BYTES)
        run = Run(DatabaseJournal(conn, run_id, subject=subject), DatabaseArtefacts(conn))
        begin(run, opening, clock=clock)
    return run


def look_at_database_run(conn: psycopg.Connection, run_id: str) -> Run:
    """A run by its id; NotFound where there is none."""
    if not store.has_run(conn, run_id):
        raise NotFound(f"there is no run {run_id[:40]!r}", code="RUN_UNKNOWN")
    return Run(DatabaseJournal(conn, run_id), DatabaseArtefacts(conn))


@contextmanager
def hold_database_run(conn: psycopg.Connection, run_id: str) -> Iterator[Run]:
    """A run for this session alone until the end; Conflict while another works on it."""
    run = look_at_database_run(conn, run_id)
    if not store.try_hold(conn, run_id):
        raise Conflict(f"another process works on run {run_id}", code="RUN_HELD")
    try:
        yield run
    finally:
        with suppress(psycopg.Error):  # a lost connection has given it back already
            store.let_go(conn, run_id)


def copy_run(source: Run, conn: psycopg.Connection, *, subject: str) -> Run:
    """A run of a directory into the database, entry by entry with the same digests, all in the caller's transaction; what is there already
    stays, so copying again adds what is new. Tables of people are left behind. Conflict when the two have parted."""
    entries = source.journal.entries()
    target = Run(DatabaseJournal(conn, source.journal.run, subject=subject), DatabaseArtefacts(conn))
    known = target.journal.entries()
    if tuple(entries[: len(known)]) != tuple(known):
        raise Conflict(f"run {source.journal.run} went on differently in the database", code="RUN_DIFFERS")
    for entry in entries:
        for digest in _list_kept(source, entry):
            if not target.artefacts.has(digest):
                target.artefacts.put(source.artefacts.get(digest))
    for entry in entries[len(known) :]:
        target.journal.append(entry)
    return target


def list_refs(entry: Entry) -> list[Ref]:
    """What an entry names, without tables of people."""
    return [ref for ref in (*entry.inputs, *entry.outputs) if ref.kind != TABLE]


def _list_kept(source: Run, entry: Entry) -> list[str]:
    digests = [digest for ref in list_refs(entry) for digest in list_digests(source.artefacts, ref)]
    return [*digests, *map(str, entry.detail.get("transcripts", ()))]


__all__ = [
    "DatabaseArtefacts", "DatabaseJournal", "copy_run", "hold_database_run", "list_refs", "look_at_database_run",
    "open_database_run",
]  # fmt: skip
