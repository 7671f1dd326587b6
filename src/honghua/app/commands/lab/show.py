"""`honghua lab show|verify`: the timeline of a run, and whether it is what it says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.app.book import to_plain
from honghua.app.lab.means import find_run_folder, find_signer
from honghua.app.report import print_json
from honghua.app.settings import Settings


def register(parts: Any) -> None:
    """Add the parts."""
    show = parts.add_parser("show", help="what the workers of a run did, and why")
    show.set_defaults(run=run_show)
    verify = parts.add_parser(
        "verify", help="check a run's chain, artefacts and signatures; exit 1 when something is wrong"
    )
    verify.add_argument(
        "--key", action="append", default=[], metavar="HEX", help="a public key that may sign, besides this site's"
    )
    verify.set_defaults(run=run_verify)
    for part in (show, verify):
        part.add_argument("out", type=Path, metavar="DIR")
        part.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run_show(args: argparse.Namespace, settings: Settings) -> int:
    """One row for each end of a step."""
    line = make_timeline(agents.look_at_run(find_run_folder(args.out)).journal.entries())
    if args.json:
        print_json({**to_plain(line), "automated_share": line.automated_share})
        return 0
    for row in line.rows:
        outcome = f"back to {row.back_to}" if row.back_to else row.outcome
        turn = f", turn {row.turn}" if row.turn > 1 else ""
        print(
            f"{row.number:4} {row.step or row.outcome}{turn}: {outcome}, by {row.author} ({row.author_kind}), {row.cost.seconds:.1f} s"
        )
        for reason in row.reasons:
            print(f"       {reason}")
    waits = f", waits: {line.waits_for}" if line.waits_for else ""
    print(
        f"run {line.run}: {line.state}{waits}; {line.steps_by_agents} of {line.steps} steps by agents ({line.automated_share:.1%})"
    )
    return 0


def run_verify(args: argparse.Namespace, settings: Settings) -> int:
    """Everything recomputed."""
    found = agents.verify_run(
        agents.look_at_run(find_run_folder(args.out)), trusted={find_signer(settings).public, *args.key}
    )
    told = {
        "ok": found.ok, "run": found.run, "entries": found.entries, "artefacts": found.artefacts, "trail": found.trail,
        "signed": list(found.signed), "keys": list(found.keys), "problems": list(found.problems),
    }  # fmt: skip
    if args.json:
        print_json(told)
    else:
        for key, value in told.items():
            print(f"{key:12} {value}")
    return 0 if found.ok else 1
