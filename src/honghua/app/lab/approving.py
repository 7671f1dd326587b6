"""What `honghua lab publish` and `approve` do: a run shown on the desk, and the one click of a person."""

from __future__ import annotations

import argparse
from pathlib import Path

import psycopg

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.app.book import open_book
from honghua.app.lab.means import find_run_folder, find_signer
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import Conflict
from honghua.lab.workers import api as workers
from honghua.store.database import run_unit


def run_publish(args: argparse.Namespace, settings: Settings) -> int:
    """Verify, then copy."""
    with open_book(settings, may_be_empty=True) as book:
        run = publish(book.conn, args.out, settings)
        return tell(args, run)


def run_approve(args: argparse.Namespace, settings: Settings) -> int:
    """Publish what is new, answer, and go on behind the gate in the database."""
    clock = SystemClock()
    with open_book(settings, may_be_empty=True) as book:
        run = publish(book.conn, args.out, settings)
        workers.approve_release(
            book.conn, run.journal.run, person=args.by, why=args.why, approved=not args.no, clock=clock
        )
        return tell(args, run)


def publish(conn: psycopg.Connection, out: Path, settings: Settings) -> agents.Run:
    """The run of a folder in the database; Conflict when it is not what it says. After the click the database goes on alone."""
    folder = find_run_folder(out)
    source = agents.look_at_run(folder)
    found = agents.verify_run(source, trusted={find_signer(settings).public})
    if not found.ok:
        raise Conflict(f"the run in {folder} is not what it says: {found.problems[0]}", code="RUN_BROKEN")
    if any(row.run_id == source.journal.run for row in agents.list_runs(conn, limit=10_000)):
        return agents.look_at_database_run(conn, source.journal.run)
    return run_unit(conn, lambda c: agents.copy_run(source, c, subject=str(out.name)))


def tell(args: argparse.Namespace, run: agents.Run) -> int:
    """How the run stands."""
    line = make_timeline(run.journal.entries())
    release = run.standing().current.get("release")
    told = {
        "run": line.run, "state": line.state, "verdict": line.verdict, "waits_for": line.waits_for, "human_clicks": line.human_clicks,
        "automated_share": round(line.automated_share, 4), "steps": line.steps,
        "release": None if release is None else agents.read_json(run.artefacts, release.digest, dict),
    }  # fmt: skip
    if args.json:
        print_json(told)
    else:
        for key, value in told.items():
            print(f"{key:16} {value}")
    return 0


__all__ = ["run_approve", "run_publish"]
