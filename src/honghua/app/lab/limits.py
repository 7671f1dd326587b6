"""What `honghua lab limits` does: a run from a book with a random slice to raises that wait for one person."""

from __future__ import annotations

import argparse
import time
from typing import Any

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.app.lab.building import read_current
from honghua.app.lab.means import RUN_FOLDER, make_means
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.lab.api import LIMITS
from honghua.lab.workers import api as workers


def run_limits(args: argparse.Namespace, settings: Settings) -> int:
    """Begin, or go on where it stopped."""
    started = time.perf_counter()
    question = workers.read_limits_question(args.book)
    params = workers.make_limits_params(args.book, question)
    opening = agents.Opening(LIMITS, args.seed, f"somebody asked for limits of {args.book.name}", params)
    with agents.hold_run(args.out / RUN_FOLDER) as run:
        means = make_means(settings, args.out / RUN_FOLDER)
        agents.begin(run, opening, clock=means.clock)
        agents.work(run, workers.make_limits_flow(params), means)
        told = sum_up_limits(run)
    if args.json:
        print_json({**report_header(seed=args.seed, started=started), **told})
    else:
        for key, value in told.items():
            print(f"{key:16} {value}")
    return 1 if told["state"] == "refused" else 0


def sum_up_limits(run: agents.Run) -> dict[str, Any]:
    """How it stands, what each model was found to be, what was chosen."""
    entries = run.journal.entries()
    line, standing = make_timeline(entries), run.standing()
    checks = read_current(run, standing, "response_check")
    if not checks:  # refused: what the step wrote before it ended the run stands in its entry
        refs = {ref.name: ref for entry in entries for ref in entry.outputs}
        checks = (
            agents.read_json(run.artefacts, refs["response_check"].digest, dict) if "response_check" in refs else {}
        )
    return {
        "run": line.run, "state": line.state, "verdict": line.verdict, "waits_for": line.waits_for, "models": checks,
        "choice": read_current(run, standing, "choice"), "steps": line.steps, "automated_share": round(line.automated_share, 4),
        "signed": sorted(standing.signed), "trail": line.trail,
    }  # fmt: skip


__all__ = ["run_limits", "sum_up_limits"]
