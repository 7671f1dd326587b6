"""What must hold about runs at any time: journals are chains, artefacts are their digests, signatures hold, gates were opened by people."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.agents import store
from honghua.agents.artefacts import list_digests
from honghua.agents.core.entries import AuthorKind, Entry, What, check_chain, decode_entry
from honghua.agents.core.standing import fold_entries
from honghua.agents.database import list_refs, look_at_database_run
from honghua.agents.signing import check_signature
from honghua.base.checks import Check, check_of
from honghua.base.errors import HonghuaError
from honghua.store.invariants import check_query

ARTEFACTS_ARE_THEIR_DIGESTS: Final = """
SELECT (SELECT count(*) FROM agents_artefact), ARRAY(
  SELECT 'artefact ' || left(encode(digest, 'hex'), 16) FROM agents_artefact WHERE digest <> sha256(body)
  ORDER BY digest LIMIT %(limit)s)
"""


def check_agents(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction."""
    broken: dict[str, list[str]] = {"chains": [], "artefacts": [], "signatures": [], "people": []}
    counts = dict.fromkeys(broken, 0)
    for run_id in store.list_run_ids(conn):
        entries = _read(conn, run_id)
        counts["chains"] += 1
        if entries is None or check_chain(entries) or _goes_on_after_end(entries):
            broken["chains"].append(f"run {run_id[:16]}")
            continue
        _look_at_artefacts(conn, run_id, entries, (counts, broken))
        _look_at_acts(entries, (counts, broken))
    return (
        check_of("agents.journals_are_chains", counts["chains"], broken["chains"]),
        check_of("agents.entries_have_artefacts", counts["artefacts"], broken["artefacts"]),
        check_of("agents.signatures_hold", counts["signatures"], broken["signatures"]),
        check_of("agents.people_open_gates", counts["people"], broken["people"]),
        check_query(conn, "agents.artefacts_are_their_digests", ARTEFACTS_ARE_THEIR_DIGESTS),
    )


def _read(conn: psycopg.Connection, run_id: str) -> tuple[Entry, ...] | None:
    try:
        return tuple(decode_entry(body) for body in store.read_bodies(conn, run_id))
    except HonghuaError:
        return None


def _goes_on_after_end(entries: tuple[Entry, ...]) -> bool:
    return not entries or any(one.what in (What.REFUSED, What.CLOSED) for one in entries[:-1])


def _look_at_artefacts(
    conn: psycopg.Connection, run_id: str, entries: tuple[Entry, ...], found: tuple[dict[str, int], dict[str, list[str]]]
) -> None:  # fmt: skip
    counts, broken = found
    artefacts = look_at_database_run(conn, run_id).artefacts
    for ref in {ref.digest: ref for entry in entries for ref in list_refs(entry)}.values():
        counts["artefacts"] += 1
        try:
            is_there = all(artefacts.has(digest) for digest in list_digests(artefacts, ref))
        except HonghuaError:
            is_there = False
        if not is_there:
            broken["artefacts"].append(f"run {run_id[:16]}, {ref.name}")


def _look_at_acts(entries: tuple[Entry, ...], found: tuple[dict[str, int], dict[str, list[str]]]) -> None:
    """Signatures, and that each step in a person's name was answered by that person, about what the step read."""
    counts, broken = found
    standing = fold_entries(entries)
    for entry in entries:
        name = f"run {entry.run[:16]}, entry {entry.number}"
        if entry.what is What.SIGNED:
            counts["signatures"] += 1
            if not check_signature(entry):
                broken["signatures"].append(name)
        if entry.what is What.ANSWERED or (entry.step and entry.author.kind is AuthorKind.HUMAN):
            counts["people"] += 1
            said = {(one.person, one.subject) for one in standing.step(entry.step).answers}
            looked = {ref.digest for ref in entry.inputs}
            is_theirs = entry.what is What.ANSWERED or any((entry.author.name, digest) in said for digest in looked)
            if entry.author.kind is not AuthorKind.HUMAN or not is_theirs:
                broken["people"].append(name)


__all__ = ["check_agents"]
