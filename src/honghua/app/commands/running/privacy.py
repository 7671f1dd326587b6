"""`honghua privacy …`: what is kept about people and why, whether somebody is still found anywhere, whose rights wait too long; and the
moving of all blind indexes under the newest index key."""

from __future__ import annotations

import argparse
import time
from typing import Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import to_plain
from honghua.app.doors.keys import load_secrets
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.customers import api as customers
from honghua.customers.core import Field, normalise
from honghua.store.database import connect, open_database, run_unit

VERB_HELP = {
    "fields": "every table with whose it is, what for, on which ground and for how long; exit 1 when the database has more",
    "trace": "look for a person's values in every table and file, in the clear and disguised; exit 1 when something is found",
    "late": "complaints and rights whose clock has run out; exit 1 when there are any",
    "reindex": "move all blind indexes under the newest key of HONGHUA_INDEX_KEY, once every process has it; writers wait meanwhile",
}
OF_PERSON = {
    "name": Field.NAME,
    "phone": Field.PHONE,
    "id": Field.NATIONAL_ID,
    "email": Field.EMAIL,
    "address": Field.ADDRESS,
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `privacy` and its actions."""
    parser = verbs.add_parser("privacy")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in VERB_HELP.items():
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("--json", action="store_true", help="print one JSON object")
    for name in OF_PERSON:
        actions.choices["trace"].add_argument(f"--{name}", help=f"the {name} to look for")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 when it found what should not be."""
    started = time.perf_counter()
    with open_database(settings.store) as database, connect(database) as conn:
        told = ACTIONS[args.action](args, settings, conn)
    if args.json:
        print_json(report_header(seed=None, started=started) | told)
    else:
        _show(told)
    return 1 if told["found"] else 0


def _fields(_args: argparse.Namespace, _settings: Settings, conn: psycopg.Connection) -> dict[str, Any]:
    registry = customers.load_registry()
    return {"found": customers.find_unregistered(conn, registry), "registry": to_plain(registry)}


def _trace(args: argparse.Namespace, settings: Settings, conn: psycopg.Connection) -> dict[str, Any]:
    values = {field: normalise(field, getattr(args, name)) for name, field in OF_PERSON.items() if getattr(args, name)}
    if not values:
        raise BadInput(f"say what to look for: {', '.join('--' + name for name in OF_PERSON)}")
    found = [*customers.trace_in_tables(conn, values), *customers.trace_in_files(settings.store.state_dir, values)]
    return {"found": to_plain(found), "looked_for": sorted(str(field) for field in values)}


def _late(_args: argparse.Namespace, _settings: Settings, conn: psycopg.Connection) -> dict[str, Any]:
    now = SystemClock().now()
    complaints = [one for one in customers.list_complaints(conn) if one.is_overdue(now.date())]
    requests = [row for row in customers.list_requests(conn) if row.due_at < now]
    return {"found": [*to_plain(complaints), *to_plain(requests)]}


def _reindex(_args: argparse.Namespace, settings: Settings, conn: psycopg.Connection) -> dict[str, Any]:
    vault = load_secrets(settings).vault
    moved = run_unit(conn, lambda c: customers.reindex(c, vault))
    return {"found": [], "moved": moved, "generation": vault.generation}


ACTIONS: Final = {"fields": _fields, "trace": _trace, "late": _late, "reindex": _reindex}


def _show(told: dict[str, Any]) -> None:
    if "registry" in told:
        table = Table("table", "about", "purpose", "ground", "kept", box=None)
        for row in told["registry"]:
            table.add_row(row["table"], row["about"], row["purpose"], row["basis"], row["retention"])
        Console().print(table)
    if "moved" in told:
        print(f"{told['moved']} blind indexes moved; all lie under index key {told['generation']}")
        return
    for one in told["found"]:
        print(one)
    print(f"{len(told['found'])} found")


__all__ = ["register", "run"]
