"""`honghua decision …`: what was decided on which figures, and whether the same rules and models say the same again."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from honghua.app.book import Book, open_book
from honghua.app.learning.decisions import ACCOUNT, ID, TARGET, TIME, WITHIN_DAYS, write_decisions
from honghua.app.release_view import list_champion_drift, plain_drift, plain_edges, print_edges
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, NotFound
from honghua.decision import api as decision
from honghua.decision.core import Outcome
from honghua.fraud.api import SCORE_VERSION

SIGNALS_SHOWN = 12
DAYS_SHOWN = 14
WORST_NAMED = 3
DIFFERENT_SHOWN = 1_000


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `decision` and its actions."""
    parser = verbs.add_parser("decision")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="one decision: outcome, rules, and the figures that it was judged on")
    show.add_argument("id", type=int, help="the purchase's id, or the decision_id of a refusal")
    show.add_argument("--all", action="store_true", help="the rules that did not hold and every signal too")
    replay = actions.add_parser(
        "replay", help="run models and rules of the record again; exit 1 when one comes out differently"
    )
    replay.add_argument("ids", type=int, nargs="*", metavar="ID", help="which (all without IDs and --sample)")
    replay.add_argument("--sample", type=int, metavar="N", help="a spread sample of N")
    monitor = actions.add_parser("monitor", help="how far purchases stand from what their model was fitted on, by day")
    monitor.add_argument("--days", type=int, default=DAYS_SHOWN, help="how many of the newest (%(default)s)")
    monitor.add_argument("--every", action="store_true", help="of every model, not only of the one that judges")
    table = actions.add_parser(
        "table", help="granted purchases as a table to learn from, with what became of them: for `honghua lab run`"
    )
    table.add_argument("--out", type=Path, required=True, metavar="FILE.parquet", help="where it goes")
    table.add_argument(
        "--within",
        type=int,
        default=WITHIN_DAYS,
        metavar="DAYS",
        help="after the purchase a missed minimum counts (%(default)s)",
    )
    for action in (show, replay, monitor, table):
        action.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action; 1 when a replayed decision differs."""
    with open_book(settings, may_be_empty=True) as book:
        return {"show": _show, "replay": _replay, "monitor": _monitor, "table": _table}[args.action](args, book)


def _show(args: argparse.Namespace, book: Book) -> int:
    trace = decision.find_trace(book.conn, args.id, find_scorer=decision.find_scorer, every=args.all)
    if trace is not None:
        evidence = decision.find_evidence(book.conn, args.id)
        if args.json:
            told = asdict(trace)
            print_json({**told, "features": told["inputs"], "edges": plain_edges(book.conn, evidence)})
        else:
            _tell(trace, every=args.all)
            print_edges(Console(highlight=False, markup=False, soft_wrap=True), book.conn, evidence)
        return 1 if trace.differs else 0
    view = decision.find_decision(book.conn, args.id)
    if view is None:
        raise NotFound(
            f"no decision {args.id}: every purchase carries one under its purchase_id; `honghua account buy` prints it",
            code="DECISION_UNKNOWN",
        )
    if args.json:
        print_json({**asdict(view), "outcome": Outcome(view.outcome).name.lower()})
        return 0
    table = Table(show_header=False, box=None)
    table.add_row("decision", str(view.decision_id))
    table.add_row("outcome", Outcome(view.outcome).name.lower() + (f" by rule {view.reason}" if view.reason else ""))
    table.add_row("policy", f"{view.bundle} {view.digest[:16]}…")
    table.add_row("recorded", view.recorded_at)
    for name, value in view.features.items():
        table.add_row(f"  {name}", f"{value:,}")
    Console(markup=False).print(table)
    return 0


def _table(args: argparse.Namespace, book: Book) -> int:
    if args.within < 1:
        raise BadInput("--within is at least one day")
    found = write_decisions(book.conn, args.out, within_days=args.within)
    if args.json:
        print_json({**asdict(found), "out": str(args.out), "target": TARGET, "time": TIME, "id": ID})
        return 0
    print(f"{found.rows:,} purchases, of {found.missed:,} a bill was missed within {args.within} days")
    print(f"{found.unknown:,} more are too young to tell")
    print(
        f"honghua lab run --data {args.out} --target {TARGET} --time {TIME} --id {ID} --leave-out {ACCOUNT} --out DIR"
    )
    return 0


def _tell(trace: decision.Trace, *, every: bool) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    head = Table(show_header=False, box=None)
    head.add_row("decision", str(trace.decision_id))
    head.add_row("outcome", trace.outcome + (f" {trace.reason}: {trace.agent}" if trace.reason else ""))
    if trace.sentence:
        head.add_row("customer reads", trace.sentence)
    head.add_row("happened", trace.happened_at)
    head.add_row("policy", f"{trace.policy}, release {trace.release}, {trace.digest[:16]}…")
    for name, words in (("lists", _name_lists(trace)), ("arms", _join(trace.arms)), ("silenced", ", ".join(trace.muted)),
                        ("shadows say", _join(trace.shadows))):  # fmt: skip
        if words:
            head.add_row(name, words)
    if trace.differs:
        head.add_row("REPLAY DIFFERS", ", ".join(trace.differs))
    console.print(head)
    for line in trace.story:
        console.print(line, markup=False)
    for line in trace.models:
        console.print(line, markup=False)
    console.print(_columns("judged on", trace.inputs, len(trace.inputs)))
    if trace.signals:
        console.print(_columns("signals", trace.signals, len(trace.signals) if every else SIGNALS_SHOWN))


def _name_lists(trace: decision.Trace) -> str:
    on = [name for name, stands in trace.lists.items() if stands]
    return ("on " + ", ".join(on)) if on else ""


def _join(words: dict[str, str]) -> str:
    return ", ".join(f"{name} {word}" for name, word in words.items())


def _columns(title: str, figures: dict[str, Any], shown: int) -> Table:
    table = Table(title, "", box=None)
    for name, value in list(figures.items())[:shown]:
        table.add_row(f"  {name}", "missing" if value is None else f"{value:,}")
    if len(figures) > shown:
        table.add_row(f"  … {len(figures) - shown} more", "--all shows them")
    return table


def _monitor(args: argparse.Namespace, book: Book) -> int:
    """Count what nobody has counted yet, then tell; 1 when a bound is broken on the newest day."""
    if args.days < 1:
        raise BadInput("--days must be at least 1")
    counted = decision.count_drift(book.conn, now=SystemClock().now())
    days = (
        decision.list_drift(book.conn, limit=args.days)
        if args.every
        else list_champion_drift(book.conn, limit=args.days)
    )
    alarmed = bool(days) and bool(days[0].report.alarms)
    if args.json:
        print_json({"counted": counted.counted, "days": [plain_drift(one) for one in days]})
        return int(alarmed)
    if not days:
        print("No model has judged a purchase yet, or it was kept without the reference of its fitting.")
        return 0
    table = Table("day", "model", "purchases", "score PSI", "score shift", "worst values", box=None)
    for one in days:
        report = one.report
        worst = sorted(zip(report.names, report.psi.tolist()), key=lambda item: -item[1])[:WORST_NAMED]
        table.add_row(
            one.day.isoformat(), one.model.hex()[:12], f"{report.rows:,}", f"{report.score_psi:.3f}",
            f"{report.score_shift_sd:+.2f} sd", ", ".join(f"{name} {value:.2f}" for name, value in worst),
        )  # fmt: skip
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(table)
    for kind in dict.fromkeys(alarm.kind for alarm in days[0].report.alarms):
        console.print(f"{days[0].day}: {decision.sentence_of(days[0].report, kind)}")
    return int(alarmed)


def _replay(args: argparse.Namespace, book: Book) -> int:
    if args.ids and args.sample is not None:
        raise BadInput("give IDs or --sample, not both")
    if any(not 0 <= number < 2**63 for number in args.ids):
        raise NotFound("a decision's id is 0 … 2**63 - 1", code="DECISION_UNKNOWN")
    if args.sample is not None and args.sample < 1:
        raise BadInput("--sample must be at least 1")
    started = time.perf_counter()
    found = decision.replay_all(book.conn, ids=args.ids or None, sample=args.sample, find_scorer=decision.find_scorer)
    if args.ids and found.count < len(set(args.ids)):
        raise NotFound(
            f"only {found.count} of these {len(set(args.ids))} decisions are recorded", code="DECISION_UNKNOWN"
        )
    different = [difference.decision_id for difference in found.different]
    if args.json:
        told: dict[str, Any] = {
            "replayed": found.count,
            "scored": found.scored,
            "different": len(different),
            "ids": different[:DIFFERENT_SHOWN],
        }
        told["other_version"] = {"this": SCORE_VERSION, "records": found.other_version}
        faults = {str(d.decision_id): list(d.faults) for d in found.different[:DIFFERENT_SHOWN]}
        print_json({**told, "faults": faults, **report_header(seed=None, started=started)})
    elif found.count == 0:
        print("No decision is recorded yet. Each purchase records one: `honghua demo` makes thousands.")
    else:
        print(
            f"{found.count:,} decisions judged again, {found.scored:,} with their models; {len(different):,} came out differently."
        )
    for version, many in sorted(found.other_version.items()) if not args.json else ():
        print(
            f"{many:,} of them were scored by version {version} of the arithmetic, this program has {SCORE_VERSION}:"
            " judged again on the scores that they hold."
        )
    for difference in found.different[:DIFFERENT_SHOWN] if not args.json else ():
        print(f"decision {difference.decision_id} differs: {', '.join(difference.faults)}", file=sys.stderr)
    return 1 if different else 0
