"""`honghua serve`: the API and the pages of the lasting book: workers, desks and the clock under one supervisor."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from honghua.app.lender import Lender, adopt, read_lender
from honghua.app.serving.plan import ServePlan, listen, serving_folder
from honghua.app.serving.supervising import Supervisor, make_reviver, make_warmer
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, NotFound
from honghua.credit import api as credit
from honghua.store.database import Database, connect, open_database

PROCESSES_MAX: Final = 64
PORT: Final = 8000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `serve`."""
    parser = verbs.add_parser("serve")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="0 = any that is free (%(default)s)")
    parser.add_argument(
        "--address", default=None, help="where browsers find us, behind a proxy: https://credit.example"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes that speak HTTP (%(default)s)")
    parser.add_argument(
        "--desks", type=int, default=1, metavar="D", help="processes that book, customers divided among them"
    )
    parser.add_argument("--zone", default="Asia/Shanghai", help="whose midnight ends the business day (%(default)s)")
    parser.add_argument("--no-eod", dest="eod", action="store_false", help="leave the end of day to `honghua eod`")
    parser.add_argument(
        "--lane", action="store_true", help="only the two hot routes and /healthz: no pages, no other API"
    )
    parser.add_argument(
        "--demo", action="store_true", help="fake gateways show what they sent: never for real customers"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop; what was accepted is answered before."""
    if not (1 <= args.workers <= PROCESSES_MAX and 1 <= args.desks <= PROCESSES_MAX and 0 <= args.port < 1 << 16):
        raise BadInput(f"1 … {PROCESSES_MAX} workers and desks, and a port below 65536")
    zone = find_zone(args.zone)
    with open_database(settings.store) as database:
        begin_book(database, zone, lender=read_lender(settings.lender_file))
        listener = listen(args.host, args.port)
        place = f"[{args.host}]" if ":" in args.host else args.host
        plan = ServePlan(
            database=database, state_dir=str(settings.store.state_dir), folder=str(serving_folder(settings.store, database)),
            address=args.address or f"http://{place}:{listener.getsockname()[1]}", workers=args.workers, desks=args.desks,
            is_demo=args.demo, has_pages=not args.lane, closes_days=args.eod, zone=args.zone,
        )  # fmt: skip
        revive, warm = make_reviver(settings.store), make_warmer(Path(plan.folder))
        with Supervisor(plan, listener, revive=revive, warm=warm) as supervisor:
            print(f"{plan.address}  (book {database.name}; health: {plan.address}/healthz)", flush=True)
            supervisor.run()
    return 0


def find_zone(name: str) -> dt.tzinfo:
    """A zone by its name, or BadInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(f"{name!r} is no time zone, such as Asia/Shanghai") from error


def begin_book(database: Database, zone: dt.tzinfo, *, lender: Lender) -> None:
    """A new book begins today; the lender's terms are in force for who opens an account from now on."""
    with connect(database) as conn:
        for name in adopt(conn, lender):
            print(f"terms in force for new accounts: {name}", file=sys.stderr)
        credit.open_registry(conn)
        try:
            credit.get_business_day(conn)
        except NotFound:
            credit.start_book(conn, day=SystemClock().now().astimezone(zone).date())


__all__ = ["register", "run"]
