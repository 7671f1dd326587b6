"""`honghua ledger …`: the journal as a person wants to read it, as a beancount file, and sealed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import psycopg
from rich.console import Console

from honghua.app import ledger_view
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput, NotFound
from honghua.facts.kinds import FactKind
from honghua.ledger import api
from honghua.ledger.core import OwnerKind
from honghua.store.database import connect, open_database, run_unit

KIND_NAMES = {int(kind): kind.name.lower().replace("_", " ") for kind in FactKind}
EMPTY_BOOK = "The journal is empty. Fill it with `honghua replay FILE`, then look again."
ROWS_DEFAULT = 20


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `ledger` and its actions."""
    parser = verbs.add_parser("ledger")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    trial = actions.add_parser("trial", help="the trial balance: what each component adds up to")
    trial.add_argument("--currency", help="of which book, when there are several")
    show = actions.add_parser("show", help="one owner: balances and entries with running balances")
    show.add_argument("ref", help="what the outside calls the owner: a customer's or a merchant's reference")
    show.add_argument("--kind", choices=[kind.name.lower() for kind in OwnerKind], help="when several owners share it")
    show.add_argument("--limit", type=int, default=ROWS_DEFAULT, help="how many of the newest entries (%(default)s)")
    show.add_argument("--before", type=int, metavar="ENTRY", help="only entries older than this one")
    export = actions.add_parser("export", help="write a beancount file; check it with bean-check")
    export.add_argument("file", help="where to; - is the standard output")
    export.add_argument("--owner", metavar="REF", help="only entries that touch this owner")
    export.add_argument("--kind", choices=[kind.name.lower() for kind in OwnerKind], help="when several share the REF")
    actions.add_parser("seal", help="extend the hash chain over everything that can no longer change")
    owners = actions.add_parser("owners", help="who has balances")
    owners.add_argument("--limit", type=int, default=ROWS_DEFAULT, help="how many (%(default)s)")
    for action in (trial, show, export, actions.choices["seal"], owners):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; exit status as `honghua` documents."""
    actions: dict[str, Callable[[argparse.Namespace, psycopg.Connection], None]] = {
        "trial": _trial, "show": _show, "export": _export, "seal": _seal, "owners": _owners,
    }  # fmt: skip
    if getattr(args, "limit", 1) < 1:
        raise BadInput("--limit must be at least 1")
    with open_database(settings.store) as database, connect(database) as conn:
        actions[args.action](args, conn)
    return 0


@contextmanager
def _one_moment(conn: psycopg.Connection) -> Iterator[None]:
    """Everything read inside is of one moment, while others go on posting."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _trial(args: argparse.Namespace, conn: psycopg.Connection) -> None:
    with _one_moment(conn):
        currencies = [args.currency] if args.currency else api.list_currencies(conn)
        books = {currency: api.trial_balance(conn, currency=currency) for currency in currencies}
    if args.json:
        print_json({"books": [ledger_view.trial_object(currency, book) for currency, book in books.items()]})
        return
    console = Console()
    for currency, book in books.items():
        if book:
            console.print(ledger_view.trial_table(currency, book))
    if not any(books.values()):
        console.print(EMPTY_BOOK if not args.currency else f"Nobody keeps balances in {args.currency}.")


def _show(args: argparse.Namespace, conn: psycopg.Connection) -> None:
    with _one_moment(conn):
        owner = _get_owner(conn, args.ref, args.kind)
        entries = api.list_entries(conn, owner.owner_id, limit=args.limit, before=args.before)
    entries.reverse()  # a person reads from old to new
    if args.json:
        print_json(ledger_view.owner_object(owner) | {"entries": [ledger_view.entry_object(one) for one in entries]})
        return
    console = Console()
    console.print(ledger_view.owner_table(owner))
    if not entries:
        console.print("No entries." if args.before else "No entries yet: it was opened and nothing has happened.")
        return
    console.print(ledger_view.entries_table(owner, entries, KIND_NAMES))
    if len(entries) == args.limit:
        console.print(f"Older ones: honghua ledger show {args.ref} --before {entries[0].entry_id}")


def _export(args: argparse.Namespace, conn: psycopg.Connection) -> None:
    if args.json and args.file == "-":
        raise BadInput("--json and the file would both go to the standard output: name a file")
    started = time.perf_counter()
    with _one_moment(conn):
        owner_id = None if args.owner is None else _get_owner(conn, args.owner, args.kind).owner_id
        with _open_whole(args.file) as out:
            entries = api.write_beancount(conn, out, owner_id=owner_id, kind_names=KIND_NAMES)
    if args.json:
        print_json({"file": args.file, "entries": entries} | report_header(seed=None, started=started))
    elif args.file != "-":
        print(f"{entries} entries written. Check them with: bean-check {args.file}" if entries else EMPTY_BOOK)


@contextmanager
def _open_whole(file: str) -> Iterator[TextIO]:
    """Standard output for "-", else a file that appears under its name only when it is complete."""
    if file == "-":
        yield sys.stdout
        return
    path = Path(file)
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8") as out:
            yield out
        os.replace(unfinished, path)
    except OSError as error:
        raise BadInput(f"cannot write {file}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _seal(args: argparse.Namespace, conn: psycopg.Connection) -> None:
    started = time.perf_counter()
    blocks = entries = lines = 0
    while (done := run_unit(conn, api.seal)).entries:
        blocks, entries, lines = blocks + 1, entries + done.entries, lines + done.lines
    state = api.read_seal_state(conn)
    told: dict[str, Any] = {
        "blocks": blocks, "entries": entries, "lines": lines, "blocks_in_all": state.blocks,
        "entries_sealed": state.entries_sealed, "entries_open": state.entries_open, "digest": state.digest.hex(),
    }  # fmt: skip
    if args.json:
        print_json(told | report_header(seed=None, started=started))
    elif not state.blocks:
        print(EMPTY_BOOK if not state.entries_open else "Nothing can be sealed yet: a transaction is still open.")
    else:
        print(f"Sealed {entries} more entries in {blocks} blocks; {state.entries_sealed} in {state.blocks} in all.")
        if state.entries_open:
            print(f"{state.entries_open} entries wait for a transaction that is still open.")
        print(f"The chain ends in {state.digest.hex()}: publish it, and what stands below is proven.")


def _owners(args: argparse.Namespace, conn: psycopg.Connection) -> None:
    with _one_moment(conn):
        owners, count = api.list_owners(conn, limit=args.limit), api.count_owners(conn)
    if args.json:
        print_json({"count": count, "owners": [ledger_view.owner_object(owner) for owner in owners]})
        return
    console = Console()
    if not owners:
        console.print(EMPTY_BOOK)
        return
    console.print(ledger_view.owners_table(owners))
    if count > len(owners):
        console.print(f"{len(owners)} of {count}; all of them: --limit {count}")


def _get_owner(conn: psycopg.Connection, ref: str, kind: str | None) -> api.OwnerView:
    """The owner called `ref`; a credit account before a merchant of the same name, unless `kind` says which."""
    found = [one for one in api.list_owners(conn, ref=ref) if kind is None or one.kind.name.lower() == kind]
    if not found:
        raise NotFound(f"nobody called {ref!r} has balances; `honghua ledger owners` lists who has")
    return min(found, key=lambda one: one.kind)
