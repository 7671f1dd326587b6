"""Monthly files on their way to the bureau: each handed over until it is there, byte for byte the same, and what is said of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

import psycopg

from honghua.base.errors import IntegrityBroken, WorldFailed
from honghua.bureau import store_delivering as store
from honghua.bureau.core.filing import Header, compute_digest
from honghua.bureau.reporting import make_file_again
from honghua.decision.api import Told, raise_alert
from honghua.store.database import run_unit

FILES_AT_ONCE: Final = 100
ACCEPTED: Final = "accepted"


class FilingDesk(Protocol):
    """Where the bureau takes files. Whoever hands a file over twice has handed it over once."""

    @property
    def name(self) -> str:
        """What to call it in the books."""
        ...

    def deliver(self, reporter: str, name: str, body: bytes) -> None:
        """Hand a file over. Raises WorldFailed: then it is tried again."""
        ...

    def read_receipt(self, reporter: str, name: str) -> str | None:
        """What the bureau said of a file, in one line that begins with `accepted` or not; None while it is silent. Raises WorldFailed."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One look. failed: files that could not be handed over; silent: handed over and not answered yet."""

    delivered: int = 0
    accepted: int = 0
    rejected: int = 0
    silent: int = 0
    failed: int = 0


def file_name(header: Header) -> str:
    """What a file is called: its month and its number, which nobody else has."""
    return f"{header.month:%Y-%m}-{header.file_id}.txt"


def deliver_files(conn: psycopg.Connection, desk: FilingDesk, *, now: dt.datetime) -> DeliveryReport:
    """Hand over what is not there yet and hear what was said of the rest; conn must be idle: each file commits by itself.

    A crash between handing over and writing it down hands the same bytes over again. IntegrityBroken where a file does not come out as
    it was made: nothing else is sent then.
    """
    done = DeliveryReport()
    for header, digest in run_unit(conn, partial(store.list_undelivered, limit=FILES_AT_ONCE)):
        body = run_unit(conn, partial(make_file_again, header=header))
        if compute_digest(body) != digest:
            raise IntegrityBroken(f"file {header.file_id} is not what it was", code="FILE_CHANGED")
        try:
            desk.deliver(header.reporter, file_name(header), body)
        except WorldFailed:
            done = replace(done, failed=done.failed + 1)
            continue
        run_unit(conn, partial(store.insert_delivery, file_id=header.file_id, desk=desk.name, now=now))
        done = replace(done, delivered=done.delivered + 1)
    return _hear(conn, desk, done, now=now)


def _hear(conn: psycopg.Connection, desk: FilingDesk, done: DeliveryReport, *, now: dt.datetime) -> DeliveryReport:
    for header in run_unit(conn, partial(store.list_silent, limit=FILES_AT_ONCE)):
        try:
            said = desk.read_receipt(header.reporter, file_name(header))
        except WorldFailed:
            said = None
        if said is None:
            done = replace(done, silent=done.silent + 1)
            continue
        run_unit(conn, partial(_accept, header=header, said=said, now=now))
        if said.startswith(ACCEPTED):
            done = replace(done, accepted=done.accepted + 1)
        else:
            done = replace(done, rejected=done.rejected + 1)
    return done


def _accept(conn: psycopg.Connection, *, header: Header, said: str, now: dt.datetime) -> None:
    """Write a receipt down; people are told of one that does not accept."""
    store.set_receipt(conn, header.file_id, said, now=now)
    if not said.startswith(ACCEPTED):
        sentence = f"the bureau did not take file {file_name(header)} of {header.reporter}: {said}"
        raise_alert(conn, Told("bureau", f"bureau_file:{header.file_id}", header.reporter, sentence, now), now=now)


__all__ = ["DeliveryReport", "FilingDesk", "deliver_files"]
