"""How the lab's pages read a run: its timeline, the step that is under way, and its artefacts, which may be missing or strange."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import psycopg
from fastapi import Path

from honghua.agents import api as agents
from honghua.agents.core import Entry, Ref, Timeline, TimelineRow, What, make_timeline
from honghua.base.errors import NotFound

RUN: Final = r"^[0-9a-f]{32}$"
TASK: Final = "release"  # of the desk: what follows from a click
DIGEST: Final = r"^[0-9a-f]{64}$"
RunId = Annotated[str, Path(pattern=RUN)]
Digest = Annotated[str, Path(pattern=DIGEST)]
SHOWN_BYTES_MAX: Final = 200_000  # of one artefact on a page; a download has all of it
PARSED_BYTES_MAX: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the timeline as the page shows it."""

    row: TimelineRow
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Look:
    """A run as the desk sees it. now_at: the step that is under way, "" where none is; gate: the step at which a person was asked last,
    subject: the digest of what they are to look at, both "" before; is_answered: somebody has spoken, and the run is not over."""

    run: agents.Run
    line: Timeline
    rows: tuple[Row, ...]
    opened_at: dt.datetime
    now_at: str
    now_by: str
    now_since: dt.datetime | None
    gate: str
    subject: str
    is_answered: bool
    refs: tuple[Ref, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen any more."""
        return self.line.state in ("refused", "closed")

    def find(self, name: str) -> Ref | None:
        """The newest artefact of a name."""
        return next((ref for ref in self.line.artefacts if ref.name == name), None)

    def read_json(self, name: str) -> Any:
        """The newest artefact of a name as plain values; None where there is none, or it is no JSON."""
        ref = self.find(name)
        if ref is None or ref.kind != agents.JSON or ref.size > PARSED_BYTES_MAX:
            return None
        try:
            return msgspec.json.decode(self.run.artefacts.get(ref.digest))
        except (msgspec.MsgspecError, NotFound):
            return None

    def read_text(self, name: str) -> str:
        """The newest text of a name; "" where there is none."""
        ref = self.find(name)
        if ref is None or ref.kind != agents.TEXT:
            return ""
        return self.run.artefacts.get(ref.digest)[:SHOWN_BYTES_MAX].decode(errors="replace")

    def get_ref(self, digest: str) -> Ref:
        """An artefact that this run names; NotFound for any other: a digest opens nothing that is not the run's."""
        found = next((ref for ref in self.refs if ref.digest == digest), None)
        if found is None:
            raise NotFound("this run names no such artefact", code="ARTEFACT_UNKNOWN")
        return found


def look_at(conn: psycopg.Connection, run_id: str) -> Look:
    """A run of the database; NotFound where there is none."""
    run = agents.look_at_database_run(conn, run_id)
    entries = run.journal.entries()
    line = make_timeline(entries)
    now = find_under_way(entries) if line.state == "running" else None
    waiting = next((one for one in reversed(entries) if one.what is What.WAITING), None)
    subject = str(waiting.detail["subject"]) if waiting else ""
    said = any(one.what is What.ANSWERED and one.detail["subject"] == subject for one in entries)
    rows = tuple(Row(row, moment_of(row.at)) for row in reversed(line.rows))
    return Look(
        run=run, line=line, rows=rows, opened_at=moment_of(line.opened_at), now_at=now.step if now else "",
        now_by=now.author.name if now else "", now_since=moment_of(now.at) if now else None,
        gate=waiting.step if waiting else "", subject=subject, is_answered=said, refs=tuple(list_refs(entries)),
    )  # fmt: skip


def find_under_way(entries: Sequence[Entry]) -> Entry | None:
    """The step that was begun and has not ended."""
    last = entries[-1]
    return last if last.what is What.STARTED else None


def list_refs(entries: Sequence[Entry]) -> list[Ref]:
    """Everything that a run has read or written, each once."""
    found: dict[tuple[str, str], Ref] = {}
    for entry in entries:
        for ref in (*entry.inputs, *entry.outputs):
            found.setdefault((ref.name, ref.digest), ref)
    return list(found.values())


def moment_of(text: str) -> dt.datetime:
    """An instant as entries write it."""
    return dt.datetime.fromisoformat(text)


def pretty_json(data: bytes) -> str:
    """JSON as people read it; what is none as it is."""
    try:
        return msgspec.json.format(data, indent=2).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return data.decode(errors="replace")


__all__ = ["PARSED_BYTES_MAX", "SHOWN_BYTES_MAX", "TASK", "Digest", "Look", "Row", "RunId", "look_at", "pretty_json"]
