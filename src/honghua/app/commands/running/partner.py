"""`honghua partner …`: programs of others that may call the API: their keys, scopes, shops and customers."""

from __future__ import annotations

import argparse
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from honghua.app.book import to_plain
from honghua.app.doors.keys import load_secrets
from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.customers.core import Listed, build_white_list
from honghua.store.database import connect, open_database, run_unit
from honghua.web.api import partners
from honghua.web.widget.origins import add_origin

VERB_HELP = {
    "add": "a new partner with its first key; the secret is shown this once",
    "list": "who they are, with their keys and shops",
    "key": "one more key: the old ones work until they are revoked",
    "revoke": "end a key; every process knows it within seconds",
    "shops": "give a partner more shops",
    "link": "a customer agrees that the partner looks at their account",
    "origin": "the partner's checkouts may stand on pages of this origin: https://shop.example",
    "stop": "no key of the partner works any more",
    "resume": "they work again",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `partner` and its actions."""
    parser = verbs.add_parser("partner")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    for name, action in made.items():
        if name != "list":
            action.add_argument("name", help="the key" if name == "revoke" else "the partner")
        action.add_argument("--json", action="store_true", help="print one JSON object")
    scopes = ", ".join(sorted(partners.SCOPES))
    made["add"].add_argument(
        "--scope", action="append", dest="scopes", metavar="SCOPE", help=f"{scopes}; none: all but logistics"
    )
    made["add"].add_argument("--house", action="store_true", help="a program of our own: every customer is open to it")
    made["add"].add_argument("--rate", type=int, default=partners.RATE_PER_S, help="calls a second, of each process")
    for name in ("add", "shops"):
        made[name].add_argument(
            "--shop", action="append", default=[], dest="shops", help="a shop whose orders are theirs"
        )
    made["link"].add_argument("customer")
    made["list"].add_argument(
        "--public", action="store_true", help="the list that the lender publishes: who is at work, with which duties"
    )
    made["origin"].add_argument("origin")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action."""
    with open_database(settings.store) as database, connect(database) as conn:
        if args.action == "list" and args.public:
            _show_public(args, build_white_list(partners.list_parties(conn)))
            return 0
        if args.action == "list":
            _show(args, partners.list_partners(conn))
            return 0
        told = run_unit(conn, lambda c: _do(args, c, settings))
    if args.json:
        print_json(told)
    else:
        for name, value in told.items():
            Console().print(f"{name}: {value}", highlight=False)
    return 0


def _do(args: argparse.Namespace, conn: psycopg.Connection, settings: Settings) -> dict[str, Any]:
    """One action in one transaction; what it has to say."""
    now, told = SystemClock().now(), {"action": args.action, "name": args.name}
    if args.action == "add":
        new = partners.NewPartner(
            name=args.name, scopes=choose_scopes(args.scopes), merchants=args.shops, is_house=args.house,
            rate_per_s=args.rate, burst=args.rate,
        )  # fmt: skip
        made = partners.create_partner(conn, load_secrets(settings).vault, new, now=now)
        return {**told, "key": made.key_id, "secret": made.secret}
    if args.action == "revoke":
        return {**told, "was_there": partners.revoke_key(conn, args.name, now=now)}
    if args.action == "origin":
        return {**told, "origin": add_origin(conn, args.name, args.origin)}
    known = partners.get_partner(conn, args.name)
    if args.action == "key":
        made = partners.add_key(conn, load_secrets(settings).vault, known.partner_id, now=now)
        return {**told, "key": made.key_id, "secret": made.secret}
    if args.action == "shops":
        partners.add_merchants(conn, known.partner_id, args.shops)
    elif args.action == "link":
        partners.link_customer(conn, known.partner_id, args.customer, now=now)
    else:
        partners.stop_partner(conn, args.name, is_stopped=args.action == "stop")
    return told


def choose_scopes(named: list[str] | None) -> frozenset[str]:
    """The scopes that were named; of none, all that a shop's program may have: who carries parcels is told so by name."""
    return frozenset(named or partners.SCOPES - {partners.LOGISTICS})


def _show_public(args: argparse.Namespace, rows: tuple[Listed, ...]) -> None:
    if args.json:
        print_json({"partners": to_plain(rows)})
        return
    table = Table("name", "kind", "since", "does", "duties", title="Partners (public list)")
    for row in rows:
        table.add_row(row.name, row.kind, str(row.since or ""), " ".join(row.does), "\n".join(row.duties))
    Console().print(table)


def _show(args: argparse.Namespace, rows: list[partners.PartnerRow]) -> None:
    if args.json:
        print_json({"partners": [{name: getattr(row, name) for name in row.__slots__} for row in rows]})
        return
    table = Table(title="Partners")
    for head in ("name", "keys", "shops", "scopes", "calls/s", "state"):
        table.add_column(head)
    for row in rows:
        state = "stopped" if row.is_stopped else "house" if row.is_house else "at work"
        cells = (" ".join(row.keys), " ".join(row.merchants), " ".join(row.scopes), str(row.rate_per_s), state)
        table.add_row(row.name, *cells)
    Console().print(table)
