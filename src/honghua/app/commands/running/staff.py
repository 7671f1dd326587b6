"""`honghua staff …`: the users of staff and of merchants, made and locked by whoever has the command line."""

from __future__ import annotations

import argparse
import getpass
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.report import print_json
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput
from honghua.store.database import connect, open_database, run_unit
from honghua.web.roles import MERCHANTS, STAFF, Role
from honghua.web.signin.staff import users
from honghua.web.signin.staff.users import Act, NewUser, UserRow

VERB_HELP = {
    "add": "make a user; prints a first password, which is changed at the first sign-in",
    "list": "who may sign in, with which roles",
    "lock": "shut somebody out; their sessions end at once",
    "unlock": "let somebody in again",
    "roles": "give somebody other roles; their sessions end at once",
    "reset": "a new first password; the authenticator is enrolled anew",
    "link": "let the identity provider vouch for somebody",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `staff` and its actions."""
    parser = verbs.add_parser("staff")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=text) for name, text in VERB_HELP.items()}
    known = ", ".join(sorted(STAFF | MERCHANTS))
    for name, action in made.items():
        if name != "list":
            action.add_argument("name", help="small letters, digits and . _ @ -")
        action.add_argument("--json", action="store_true", help="print one JSON object")
    for name in ("add", "roles"):
        made[name].add_argument("--role", action="append", required=True, dest="roles", metavar="ROLE", help=known)
    made["add"].add_argument("--display", default="", help="the name that colleagues see")
    made["add"].add_argument("--merchant", default="", help="the shop that they act for; then the roles are merchants'")
    made["lock"].add_argument("--why", required=True, help="the reason, kept")
    made["link"].add_argument("--issuer", required=True, help="address of the provider")
    made["link"].add_argument("--subject", required=True, help="what the provider calls them (sub)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; whoever is logged in on this machine is written down as the one who did it."""
    act = Act(f"command line of {getpass.getuser()}", SystemClock().now())
    with open_database(settings.store) as database, connect(database) as conn:
        if args.action == "list":
            _show(args, users.list_users(conn))
            return 0
        told = run_unit(conn, lambda c: _do(args, c, act))
    _tell(args, told)
    return 0


def _do(args: argparse.Namespace, conn: Any, act: Act) -> dict[str, Any]:
    """One action in one transaction; what it has to say."""
    told: dict[str, Any] = {"name": users.fold_name(args.name), "action": args.action}
    if args.action == "add":
        told["password"] = users.draw_password()
        new = NewUser(name=args.name, roles=_read_roles(args.roles), display_name=args.display, merchant=args.merchant)
        users.add_user(conn, new, told["password"], act)
    elif args.action == "reset":
        told["password"] = users.draw_password()
        users.reset_user(conn, args.name, told["password"], act)
    elif args.action == "lock":
        users.lock_user(conn, args.name, args.why, act)
    elif args.action == "unlock":
        users.unlock_user(conn, args.name, act)
    elif args.action == "roles":
        users.set_roles(conn, args.name, _read_roles(args.roles), act)
    else:
        users.link_user(conn, args.name, args.issuer, args.subject)
    return told


def _read_roles(texts: list[str]) -> frozenset[Role]:
    try:
        return frozenset(Role(text) for text in texts)
    except ValueError as error:
        known = ", ".join(sorted(STAFF | MERCHANTS))
        raise BadInput(f"no such role: {', '.join(texts)}; there are {known}", code="ROLE_UNKNOWN") from error


def _tell(args: argparse.Namespace, told: dict[str, Any]) -> None:
    if args.json:
        print_json(told)
        return
    print(f"{told['name']}: {args.action} done")
    if "password" in told:
        print(f"first password, shown once: {told['password']}")


def _show(args: argparse.Namespace, rows: list[UserRow]) -> None:
    if args.json:
        print_json({"users": [_describe(row) for row in rows]})
        return
    table = Table("name", "realm", "roles", "shop", "state", box=None)
    for row in rows:
        enrolled = "in use" if row.totp_sealed is not None else "not enrolled yet"
        state = enrolled if row.locked_why is None else f"locked: {row.locked_why}"
        table.add_row(row.name, row.realm, ", ".join(row.roles), row.merchant, state)
    Console(markup=False, highlight=False).print(table)
    if not rows:
        print("nobody yet: `honghua staff add NAME --role administrator`")


def _describe(row: UserRow) -> dict[str, Any]:
    """A user without anything secret."""
    return {
        "name": row.name, "realm": row.realm, "merchant": row.merchant, "display_name": row.display_name, "roles": row.roles,
        "enrolled": row.totp_sealed is not None, "must_change": row.must_change, "locked": row.locked_why,
    }  # fmt: skip
