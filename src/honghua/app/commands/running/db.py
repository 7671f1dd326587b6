"""`honghua db …`: look after the database."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.store import control
from honghua.store.database import open_database
from honghua.store.server.binaries import find_wheel_dir

ACTIONS = {
    "start": "keep the embedded server running in the background",
    "stop": "stop it",
    "status": "is it there, how is it",
    "url": "print the URL for other programs (the server must be running)",
    "migrate": "apply pending migrations",
    "psql": "open psql with the rights of the program",
    "reset": "drop everything and begin afresh (needs --yes)",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `db` and its actions."""
    parser = verbs.add_parser("db")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, sentence in ACTIONS.items():
        action = actions.add_parser(name, help=sentence, description=sentence)
        if name != "psql":
            action.add_argument("--json", action="store_true", help="print one JSON object")
        if name in ("url", "psql"):
            action.add_argument("--owner", action="store_true", help="with the rights of the tables' owner")
        if name == "psql":
            action.add_argument("arguments", nargs="*", help="for psql, after --")
        if name == "reset":
            action.add_argument("--yes", action="store_true", help="yes, delete all data")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; exit status as `honghua` documents."""
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "start": _start, "stop": _stop, "status": _status, "url": _url,
        "migrate": _migrate, "psql": _psql, "reset": _reset,
    }  # fmt: skip
    return actions[args.action](args, settings)


def _say(args: argparse.Namespace, sentence: str, **facts: object) -> None:
    if args.json:
        print_json(facts)
    else:
        print(sentence)


def _require_embedded(settings: Settings) -> None:
    if settings.store.database_url is not None:
        raise BadInput("HONGHUA_DATABASE_URL names the operator's server, which is not ours to start or stop")


def _start(args: argparse.Namespace, settings: Settings) -> int:
    _require_embedded(settings)
    pid = control.start_server(settings.store)
    with open_database(settings.store) as database:
        _say(args, f"running: {control.make_url(database.dsn)}", running=True, keeper_pid=pid)
    return 0


def _stop(args: argparse.Namespace, settings: Settings) -> int:
    _require_embedded(settings)
    stopped = control.stop_server(settings.store)
    sentence = "stopped" if stopped else "another program uses the server; it stops when that one ends"
    _say(args, sentence, stopped=stopped)
    return 0 if stopped else 1


def _status(args: argparse.Namespace, settings: Settings) -> int:
    status = control.get_status(settings.store)
    if args.json:
        print_json(asdict(status))
    else:
        table = Table(show_header=False, box=None)
        for name, value in asdict(status).items():
            table.add_row(name.replace("_", " "), "–" if value is None else str(value))
        Console().print(table)
    return 0 if status.running else 1


def _url(args: argparse.Namespace, settings: Settings) -> int:
    if not control.get_status(settings.store).running:
        raise BadInput("the server is not running: honghua db start")
    with open_database(settings.store, migrate=False) as database:
        url = control.make_url(database.owner_dsn if args.owner else database.dsn)
        _say(args, url, url=url)
    return 0


def _migrate(args: argparse.Namespace, settings: Settings) -> int:
    before = control.get_status(settings.store).migrations_applied
    with open_database(settings.store):
        after = control.get_status(settings.store)
    applied = after.migrations_applied - before
    _say(
        args,
        f"{after.migrations_applied} of {after.migrations_known} migrations are applied",
        applied=after.migrations_applied,
        new=applied,
    )
    return 0


def _psql(args: argparse.Namespace, settings: Settings) -> int:
    with open_database(settings.store) as database:
        # The wheel's psql has no TLS, which the operator's server may ask for.
        operated = settings.store.database_url is not None
        program = shutil.which("psql") if operated else str(find_wheel_dir() / "bin" / "psql")
        if program is None:
            raise BadInput("no psql on this machine")
        sys.stdout.flush()
        dsn = database.owner_dsn if args.owner else database.dsn
        return subprocess.run([program, "-d", dsn, *args.arguments], check=False).returncode


def _reset(args: argparse.Namespace, settings: Settings) -> int:
    if not args.yes:
        raise BadInput("reset deletes all data of this database; say --yes")
    with control.reset_database(settings.store) as database:
        _say(args, f"database {database.name} is empty and migrated", reset=True, name=database.name)
    return 0
