"""The same run in PostgreSQL: copied entry by entry, opened by itself, held by one, and checked by verify."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from honghua.agents import api as agents
from honghua.agents.core import What, make_timeline
from honghua.agents.invariants import check_agents
from honghua.agents.tests.toy import NOW, OPENING, SIGNER, Bench, make_flow
from honghua.base.errors import Conflict, NotFound
from honghua.store.database import Database, connect


def finish(bench: Bench) -> agents.Run:
    with agents.hold_run(bench.folder / "run") as run:
        agents.begin(run, OPENING, clock=bench.clock)
        agents.work(run, make_flow(), bench.means())
        return run


def test_a_run_is_copied_and_goes_on_in_the_database(conn: psycopg.Connection, tmp_path: Path):
    bench = Bench(tmp_path)
    source = finish(bench)
    agents.copy_run(source, conn, subject="a copy")
    copied = agents.copy_run(source, conn, subject="a copy")  # adds nothing
    assert tuple(copied.journal.entries()) == tuple(source.journal.entries())
    run = agents.look_at_database_run(conn, source.journal.run)
    agents.answer(run, step="approve", person="ann", approved=True, why="fine", clock=bench.clock)
    with agents.hold_database_run(conn, run.journal.run) as held:
        standing = agents.work(held, make_flow(), bench.means())
    assert standing.ended is What.CLOSED
    assert agents.verify_run(run, trusted={SIGNER.public}).ok
    row = agents.list_runs(conn, limit=5)[0]
    assert (row.flow, row.subject, row.opened_at, row.last, row.entries) == (
        "toy",
        "a copy",
        NOW,
        What.CLOSED,
        standing.count,
    )
    assert agents.list_runs(conn, limit=5, unfinished=True) == []
    with agents.hold_run(tmp_path / "run") as parted:
        agents.answer(parted, step="approve", person="bo", approved=False, why="no", clock=bench.clock)
    with pytest.raises(Conflict, match="went on differently"):
        agents.copy_run(parted, conn, subject="a copy")
    checks = check_agents(conn)
    assert [check.name for check in checks if not check.ok] == []
    assert {check.checked for check in checks if check.name.endswith(("signatures_hold", "journals_are_chains"))} == {1}


def test_one_open_run_a_subject_held_by_one_session_and_never_rewritten(
    database: Database, conn: psycopg.Connection, owner_conn: psycopg.Connection, tmp_path: Path
):
    bench = Bench(tmp_path)
    run = agents.open_database_run(conn, OPENING, subject="drift of segment 3", clock=bench.clock)
    again = agents.open_database_run(conn, OPENING, subject="drift of segment 3", clock=bench.clock)
    assert again.journal.run == run.journal.run
    assert agents.open_database_run(conn, OPENING, subject="other", clock=bench.clock).journal.run != run.journal.run
    with (
        connect(database) as other,
        agents.hold_database_run(conn, run.journal.run),
        pytest.raises(Conflict, match="another process"),
        agents.hold_database_run(other, run.journal.run),
    ):
        raise AssertionError("held twice")
    agents.work(run, make_flow(), bench.means())
    assert make_timeline(run.journal.entries()).state == "waiting"
    stale = run.journal.entries()[-1]
    with pytest.raises(Conflict, match="not the next"):
        run.journal.append(stale)
    with pytest.raises(NotFound):
        agents.look_at_database_run(conn, "0" * 32)
    with pytest.raises(psycopg.Error):
        conn.execute("UPDATE agents_entry SET body = body || ' '")
    owner_conn.execute("ALTER TABLE agents_entry DISABLE TRIGGER USER")
    owner_conn.execute("DELETE FROM agents_entry WHERE run_id = %s AND number = 3", [run.journal.run])
    assert [c.name for c in check_agents(conn) if not c.ok] == ["agents.journals_are_chains"]
