"""`honghua demo`: the last months of a small city lived through on the platform, in a database of its own; then, alive, in real time."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from honghua.app.city.demo import DEMO_DATABASE, OTHER_BUSINESS, Demo, DemoPlan, open_demo
from honghua.app.city.demo_page import judge_demo, show_demo
from honghua.app.lender import adopt, read_lender
from honghua.app.report import print_json, report_header
from honghua.app.serving.demo_doors import PORT, open_doors
from honghua.app.settings import Settings, with_database
from honghua.app.verifying import verify
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Conflict
from honghua.sim.api import ZONE
from honghua.store.control import reset_database
from honghua.store.database import Database, connect, open_database

SEED: Final = 20260301
PEOPLE_MIN, PEOPLE_MAX, DAYS_MAX = 200, 20_000, 1_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo`."""
    parser = verbs.add_parser("demo")
    parser.add_argument("--people", type=int, default=300, help="of the city (%(default)s)")
    parser.add_argument("--days", type=int, default=183, help="lived through before today (%(default)s)")
    parser.add_argument("--until", type=dt.date.fromisoformat, default=None, metavar="DATE", help="that is today")
    parser.add_argument("--seed", type=int, default=SEED, help="another city (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="drop the demo's database first")
    live = "go on in real time until Ctrl-C (on a terminal that is what it does)"
    parser.add_argument("--live", action=argparse.BooleanOptionalAction, default=None, help=live)
    parser.add_argument("--pace", type=float, default=1.0, help="times real time (%(default)s)")
    doors = "serve API and pages while the city lives; without --live they are opened once and looked at (default, but not with --json)"
    parser.add_argument("--doors", action=argparse.BooleanOptionalAction, default=None, help=doors)
    parser.add_argument(
        "--port", type=int, default=PORT, help="of the pages; any other where it is taken (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Live through what was not lived through yet; 1 when the books do not hold."""
    if not (PEOPLE_MIN <= args.people <= PEOPLE_MAX and 1 <= args.days <= DAYS_MAX and args.pace > 0):
        raise BadInput(f"{PEOPLE_MIN} … {PEOPLE_MAX} people, 1 … {DAYS_MAX} days, and a pace above 0")
    # `--database NAME` chose another one already; the operator's own is never touched.
    mine = settings if args.database is not None else with_database(settings, DEMO_DATABASE)
    try:
        return live(args, mine, fresh=args.fresh)
    except Conflict as error:
        if error.code != OTHER_BUSINESS or args.database is not None:
            raise
        tell("The demo's database held another city: this one begins anew.")
        return live(args, mine, fresh=True)


def live(args: argparse.Namespace, mine: Settings, *, fresh: bool) -> int:
    """The months, what they came to, and on a terminal real time."""
    started = time.perf_counter()
    folder = mine.store.state_dir / "city" / mine.store.database_name
    today = args.until or SystemClock().now().astimezone(ZONE).date()
    plan = DemoPlan(args.people, args.days, args.seed, today)
    with open_lenders(mine, fresh=fresh) as database, open_demo(database, plan, folder, said=tell) as demo:
        live_through(demo, today)
        broken = [check.name for check in verify(database) if not check.ok]
        shown = {**judge_demo(demo), "broken": broken, "database": database.name}
        if args.json:
            print_json({**report_header(seed=args.seed, started=started), **shown})
        else:
            program = f"{_program()} --database {database.name}"
            show_demo(Console(), demo, shown, program=program, seconds=time.perf_counter() - started)
        demo.town.platform.diary.save(folder / "truth")
        goes_on = args.live or (args.live is None and sys.stdout.isatty() and not args.json)
        with ExitStack() as stack:
            if args.doors or (args.doors is None and not args.json):
                in_step = args.pace == 1 and args.until is None  # else its clock is another than the desk's
                opened_doors = open_doors(demo, mine, star=shown["star"], port=args.port, in_step=in_step)
                doors = stack.enter_context(opened_doors)
                doors.show(Console(stderr=args.json))
                sizes = doors.check()
                tell("The doors were looked at: " + ", ".join(f"{path} {size} bytes" for path, size in sizes.items()))
            if goes_on:
                live_on(demo, args.pace)
    if broken:
        print(f"honghua: {len(broken)} invariants are broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


@contextmanager
def open_lenders(mine: Settings, *, fresh: bool) -> Iterator[Database]:
    """The demo's database, the lender's terms in force there. fresh: whatever it held is gone."""
    with reset_database(mine.store) if fresh else open_database(mine.store) as database:
        with connect(database) as conn:
            adopt(conn, read_lender(mine.lender_file))
        yield database


def live_through(demo: Demo, until: dt.date) -> None:
    """The months before today, with a bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("a small city", total=None)
        demo.live_until(
            until, lambda day, days: bar.update(task, total=days, completed=day, description=str(demo.today))
        )


def live_on(demo: Demo, pace: float) -> None:
    """Real time, until Ctrl-C. What was under way when it came is rolled back or booked, as with any kill."""
    print(f"\nThe city lives on, {pace:g} × real time. Ctrl-C ends it; `honghua demo` goes on where it stopped.")
    try:
        demo.live_on(SystemClock(), pace=pace, said=lambda text: print(text, flush=True))
    except KeyboardInterrupt:
        print("\nStopped.")


def tell(text: str) -> None:
    """News of the robots go to the log, not into JSON."""
    print(text, file=sys.stderr)


def _program() -> str:
    """How this program was called, as far as a person can call it again."""
    return sys.argv[0] if sys.argv[0].endswith("honghua") else "honghua"
