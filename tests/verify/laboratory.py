"""A run of agents in the book, opened, sent back, signed and let through by a person, and what breaks its checks."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import psycopg

from honghua.agents import api as agents
from honghua.agents.tests.toy import OPENING, Bench, make_flow
from honghua.base.clock import FixedClock
from tests.verify.plants import Plant, plant


def let_agents_work(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """The small flow of the room's own tests, in the database."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), FixedClock(now))
        run = agents.open_database_run(conn, OPENING, subject="the book", clock=bench.clock)
        agents.work(run, make_flow(), bench.means())
        agents.answer(run, step="approve", person="ann", approved=True, why="it will do", clock=bench.clock)
        assert agents.work(run, make_flow(), bench.means()).ended is not None


RUN = "SELECT 'run ' || left(run_id, 16), run_id FROM agents_run"
UP_TO = "DELETE FROM agents_entry WHERE number > (SELECT max(number) FROM agents_entry WHERE what = '{what}')"
LAST = "UPDATE agents_entry SET body = {body}, digest = sha256(convert_to({body}, 'UTF8')) WHERE what = '{what}'"


def rewrite_last(what: str, old: str, new: str) -> tuple[str, str]:
    """The journal cut after an entry, and that entry told otherwise with a digest that fits: the chain holds. Braces are for `corrupt`."""
    body = f"replace(body, '{old}', '{new}')"
    return UP_TO.format(what=what), LAST.format(body=body, what=what)


def entry_of(what: str) -> str:
    return f"SELECT 'run ' || left(run_id, 16) || ', entry ' || number FROM agents_entry WHERE what = '{what}'"


AGENTS: tuple[Plant, ...] = (
    plant("an entry of a journal says something else", "agents.journals_are_chains", RUN,
        "ALTER TABLE agents_entry DROP CONSTRAINT agents_entry_digest",
        "UPDATE agents_entry SET body = replace(body, 'made', 'maid') WHERE what = 'done'"),
    plant("an entry of a journal vanishes", "agents.journals_are_chains", RUN, "DELETE FROM agents_entry WHERE what = 'sent_back'"),
    plant("an artefact is exchanged", "agents.artefacts_are_their_digests",
        "SELECT 'artefact ' || left(encode(min(digest), 'hex'), 16), encode(min(digest), 'hex') FROM agents_artefact",
        "ALTER TABLE agents_artefact DROP CONSTRAINT agents_artefact_digest",
        "UPDATE agents_artefact SET body = body || '\\x00' WHERE digest = decode('{1}', 'hex')"),
    plant("an artefact is lost", "agents.entries_have_artefacts",
        RUN.replace("left(run_id, 16)", "left(run_id, 16) || ', approval'"),
        "DELETE FROM agents_artefact WHERE convert_from(body, 'UTF8') LIKE '%it will do%'"),
    plant("a candidate is signed by nobody", "agents.signatures_hold", entry_of("signed"),
        *rewrite_last("signed", '"signature":"', '"signature":"00')),
    plant("an agent opens its own gate", "agents.people_open_gates", entry_of("answered"),
        *rewrite_last("answered", '"kind":"human"', '"kind":"agent"')),
)  # fmt: skip
