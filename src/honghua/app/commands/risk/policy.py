"""`honghua policy …`: look at a policy before it decides anything: is it sound, what does it say, what would it have changed?"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from honghua.app.backtest_page import render_backtest
from honghua.app.book import open_book
from honghua.app.policy_records import Columns, RecordFile
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.decision import api as decision
from honghua.decision.core import (
    ARM_PREFIX,
    CREDIT_WORD,
    HOLDOUT,
    HOLDOUT_WORD,
    LIST_PREFIX,
    NO_DIGESTS,
    POLICIES,
    REASONS,
    Bundle,
    Digests,
    Gate,
    Input,
    Kind,
    PolicyProblems,
    Tally,
    Vocabulary,
    check_gate,
    compile_bundle,
    compute_reference,
    compute_report,
    engine_vocabulary,
    say_expression,
    say_outcome,
)

GATES = {
    "flip_share": "share of decisions that may come out differently: 0.05",
    "refusal_rise": "rise of the refusal share, in share points: 0.01",
    "refusal_share": "the refusal share itself",
    "loss_rise": "rise of the expected loss, relative to before (with --loss)",
    "segment_refusal_rise": "rise of the refusal share in the segment that is hit hardest (with --segment)",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `policy` and its actions."""
    parser = verbs.add_parser("policy")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="every problem of a policy with its line; exit 1 when there is one")
    show = actions.add_parser("show", help="the rules as they run, their reasons and what they read")
    backtest = actions.add_parser(
        "backtest", help="what a policy would have decided; exit 1 when it changes more than the --max-… allow"
    )
    shipped = ", ".join(POLICIES)
    for action in (check, show, backtest):
        action.add_argument("file", help=f"a text file, or one that Honghua ships: {shipped}")
        action.add_argument(
            "--list", action="append", default=[], metavar="NAME", help="a list that on_list() may read"
        )
        action.add_argument("--arm", action="append", default=[], metavar="NAME=A,B", help="an experiment and its arms")
        action.add_argument(
            "--value", action="append", default=[], metavar="NAME", help="one more number that the engine senses"
        )
        action.add_argument("--json", action="store_true", help="print one JSON object")
    for action in (check, show):
        action.add_argument(
            "--live", action="store_true", help="with the words of this database: its engine's inputs, lists and experiments"
        )  # fmt: skip
    source = backtest.add_mutually_exclusive_group(required=True)
    source.add_argument("--records", type=Path, metavar="FILE", help="parquet or CSV: inputs, outcome, granted_minor")
    source.add_argument("--recorded", action="store_true", help="the decisions recorded in this database")
    backtest.add_argument(
        "--against", metavar="FILE", help="compare with this policy instead of what was decided (with --records)"
    )
    backtest.add_argument(
        "--credit",
        type=int,
        metavar="RELEASE",
        help="the release whose credit model fills the slot credit, with --recorded (default: the champion)",
    )
    backtest.add_argument(
        "--segment", default="", metavar="COLUMN",
        help="also by the values of this column; with --recorded by release, month, an input or an entity",
    )  # fmt: skip
    backtest.add_argument("--loss", default="", metavar="COLUMN", help="chance of loss, or what happened as 0 and 1")
    for gate, text in GATES.items():
        backtest.add_argument(f"--max-{gate.replace('_', '-')}", type=float, default=None, metavar="X", help=text)
    backtest.add_argument(
        "--reference", type=Path, metavar="FILE",
        help="write rule → ppm in whose way it stood, which `honghua release propose --reference FILE` gives to the brake",
    )  # fmt: skip
    backtest.add_argument("--html", type=Path, metavar="FILE", help="write the report as one page to be looked at")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run one action."""
    live, digests = None, NO_DIGESTS
    credit = args.credit if args.action == "backtest" else None
    if credit is not None and not args.recorded:
        raise BadInput(
            "--credit goes with --recorded; a file brings the column credit_chance, --value names it", code="BAD_OPTION"
        )
    if args.recorded if args.action == "backtest" else args.live:
        with open_book(settings, may_be_empty=True) as book:
            live = decision.find_vocabulary(book.conn)
            slot = decision.find_champion(book.conn) if credit is None else decision.get_release(book.conn, credit)
            if slot is not None and slot.credit_digest:
                digests = Digests(credit=slot.credit_digest)
                live = Vocabulary((*(word for word in live if word.name != CREDIT_WORD.name), CREDIT_WORD))
    words = _vocabulary(args, live)
    try:
        bundle = _compile(args.file, words, digests)
        against = _compile(args.against, words) if args.action == "backtest" and args.against else None
    except PolicyProblems as problems:
        return _tell_problems(args, problems)
    if args.action == "backtest":
        return _backtest(args, settings, bundle, against)
    return _show(args, bundle)


def _vocabulary(args: argparse.Namespace, live: Vocabulary | None) -> Vocabulary:
    """The words that a policy may use: those of the database, or the engine's as shipped, and what the options name."""
    lists = [Input(LIST_PREFIX + name, Kind.FLAG, may_be_missing=False) for name in args.list]
    arms = []
    for given in args.arm:
        name, _, levels = given.partition("=")
        if not levels:
            raise BadInput(f"--arm {given}: write NAME=A,B with the arms of the experiment", code="BAD_ARM")
        # Numbered as experiments number them: whoever is in none is held out.
        named = [level for level in levels.split(",") if level != HOLDOUT_WORD]
        numbered = ((HOLDOUT_WORD, HOLDOUT), *((level, k) for k, level in enumerate(named, start=1)))
        arms.append(Input(ARM_PREFIX + name, Kind.CATEGORY, may_be_missing=False, levels=numbered))
    base = engine_vocabulary() if live is None else live
    more = [Input(name) for name in args.value] + lists + arms
    return base.extended({i.name: i for i in more if base.find(i.name) is None}.values())


def _compile(name: str, words: Vocabulary, digests: Digests = NO_DIGESTS) -> Bundle:
    if name in POLICIES:
        return compile_bundle(name, POLICIES[name], words, digests=digests)
    path = Path(name)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: {error}; shipped are {', '.join(POLICIES)}", code="UNREADABLE_FILE") from error
    return compile_bundle(path.stem, source, words, digests=digests)


def _tell_problems(args: argparse.Namespace, problems: PolicyProblems) -> int:
    if args.json:
        told = [{"line": p.line, "code": p.code, "message": p.message} for p in problems.problems]
        print_json({"ok": False, "problems": told})
    else:
        for problem in problems.problems:
            print(f"{args.file}: {problem}", file=sys.stderr)
        print(f"{len(problems.problems)} problem(s)", file=sys.stderr)
    return 1


def _show(args: argparse.Namespace, bundle: Bundle) -> int:
    head = {
        "ok": True, "policy": bundle.name, "digest": bundle.digest.hex(), "rules": len(bundle.rules), "operations": len(bundle.plan.code),
        "inputs": list(bundle.inputs_read), "lists": list(bundle.lists), "experiments": list(bundle.experiments),
    }  # fmt: skip
    if args.action == "check":
        if args.json:
            print_json(head)
        else:
            print(f"{bundle.name} is sound: {len(bundle.rules)} rules, digest {bundle.digest.hex()}")
        return 0
    rows = [_rule_row(bundle, number) for number in range(len(bundle.rules))]
    if args.json:
        print_json({**head, "title": bundle.policy.title, "list": rows})
        return 0
    print(f"{bundle.policy.title}\n\ndigest {bundle.digest.hex()}\nreads {', '.join(bundle.inputs_read)}")
    for name in bundle.policy.names:
        if "[" not in name.name:  # the inner names of tables
            print(f"{name.name} = {say_expression(name.expression)}")
    lane = ""
    for row in rows:
        if row["lane"] != lane:
            lane = row["lane"]
            print(f"\n{lane}")
        unknown = f"; unknown: {row['missing']}" if row["unsure"] else ""
        print(f"  {row['rule']}{' (shadow)' if row['shadow'] else ''}: {row['when']}\n      → {row['says']}{unknown}")
        if row["reason_en"]:
            print(f"        {row['reason_en']} {row['reason_zh']}")
    return 0


def _rule_row(bundle: Bundle, number: int) -> dict[str, Any]:
    rule = bundle.rules[number]
    reason = REASONS.get(rule.code)
    return {
        "number": number,
        "rule": rule.name,
        "line": rule.line,
        "lane": rule.lane.name.lower(),
        "when": say_expression(rule.when),
        "says": say_outcome(rule.then),
        "missing": "skip" if rule.missing is None else say_outcome(rule.missing),
        "unsure": rule.unsure,
        "shadow": rule.shadow,
        "code": rule.code,
        "reason_en": reason.agent_en if reason else "",
        "reason_zh": reason.agent_zh if reason else "",
    }


def _backtest(args: argparse.Namespace, settings: Settings, bundle: Bundle, against: Bundle | None) -> int:
    started = time.perf_counter()
    segments: Sequence[str] = ["all"]
    if args.records is not None:
        file = RecordFile(args.records, bundle, Columns(loss=args.loss, segment=args.segment), against)
        file.read_segments()
        segments = file.segments
        tally = decision.run_backtest(bundle, file.parts(), segments=len(segments))
    else:
        if against is not None:
            raise BadInput("--against goes with --records", code="BAD_OPTION")
        split = decision.Segments(args.segment)
        with open_book(settings, may_be_empty=True) as book:
            parts = decision.read_recorded_parts(book.conn, bundle, loss_input=args.loss, segments=split)
            tally = decision.run_backtest(bundle, parts, segments=decision.SEGMENTS_MAX if args.segment else 1)
        segments = split.names if args.segment else segments
    if not tally.groups[:, 0].sum():
        raise BadInput(
            "no decision is recorded that a policy could judge again: `honghua demo` makes some, --records takes a file",
            code="NOTHING_RECORDED",
        )
    return _tell_backtest(args, bundle, tally, segments, started)


def _tell_backtest(
    args: argparse.Namespace, bundle: Bundle, tally: Tally, segments: Sequence[str], started: float
) -> int:
    report = compute_report(bundle, tally, segments=segments)
    if args.recorded:  # there an example is known by its decision
        for kind in ("new_refusals", "new_approvals"):
            report[kind] = [{"decision": e["row"], **{k: v for k, v in e.items() if k != "row"}} for e in report[kind]]
    broken = check_gate(report, Gate(*(getattr(args, f"max_{gate}") for gate in GATES)))
    reference = compute_reference(bundle, tally)
    _write_files(args, bundle, report, broken, reference)
    if args.json:
        print_json({"ok": not broken, "policy": bundle.name, "digest": bundle.digest.hex(), "broken": broken, **report,
                    "reference_ppm": reference, **report_header(seed=None, started=started)})  # fmt: skip
        return 1 if broken else 0
    for key, value in report.items():
        if isinstance(value, list):
            _print_rows(key, value)
        else:
            print(f"{key:28} {value:,.6g}" if isinstance(value, float) else f"{key:28} {value:,}")
    for sentence in broken:
        print(f"GATE: {sentence}", file=sys.stderr)
    return 1 if broken else 0


def _write_files(
    args: argparse.Namespace, bundle: Bundle, report: dict[str, Any], broken: list[str], reference: dict[str, int]
) -> None:
    """What was asked for beside the report, and how to go on."""
    told = []
    try:
        if args.reference is not None:
            args.reference.write_text(json.dumps(reference, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            told.append(
                f"{args.reference}: honghua release propose {args.file} --reference {args.reference} --by YOU --why REASON"
            )
        if args.html is not None:
            decided = "what was decided" if args.against is None else f"what {args.against} says"
            source = "the decisions recorded in this database" if args.recorded else str(args.records)
            facts = {
                "policy": f"{bundle.name}, digest {bundle.digest.hex()[:16]}",
                "history": source,
                "compared with": decided,
            }
            page = render_backtest(bundle.name, report, broken=broken, facts=facts)
            args.html.write_text(page, encoding="utf-8")
            told.append(f"{args.html}: open it in a browser")
    except OSError as error:
        raise BadInput(f"cannot write: {error}", code="FILE_UNWRITABLE") from error
    for sentence in told:
        print(f"wrote {sentence}", file=sys.stderr)


def _print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    names = [column.removesuffix("_minor").replace("_", " ") for column in rows[0]]
    cells = [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells)]
    left = [isinstance(value, str) for value in rows[0].values()]
    print(f"\n{title.replace('_', ' ')}")
    for line in (names, *cells):
        print("  " + "  ".join(c.ljust(w) if flush else c.rjust(w) for c, w, flush in zip(line, widths, left)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
