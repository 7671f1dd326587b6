"""What `honghua lab build` and `resume` do: a run from raw events to a signed candidate that waits for one person."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import Any

from honghua.agents import api as agents
from honghua.agents.core import Standing, make_timeline, sum_effort
from honghua.app.lab.means import RUN_FOLDER, find_run_folder, make_means
from honghua.app.report import print_json, report_header
from honghua.app.settings import Settings
from honghua.base.errors import Conflict
from honghua.lab.api import BUILD
from honghua.lab.workers import api as workers


def run_build(args: argparse.Namespace, settings: Settings) -> int:
    """Begin, or go on."""
    question = workers.read_question(args.question)
    params = workers.make_params(args.events, question, frame=args.frame, knowledge=args.knowledge)
    opening = agents.Opening(BUILD, args.seed, f"somebody asked: {question.target.says}", params)
    started = time.perf_counter()
    with agents.hold_run(args.out / RUN_FOLDER) as run:
        means = make_means(settings, args.out / RUN_FOLDER)
        agents.begin(run, opening, clock=means.clock)
        agents.work(run, workers.make_flow(params), means)
        return report(args, run, started)


def run_resume(args: argparse.Namespace, settings: Settings) -> int:
    """Go on with what the journal says."""
    started = time.perf_counter()
    folder = find_run_folder(args.out)
    agents.look_at_run(folder)  # NotFound before a folder is made
    with agents.hold_run(folder) as run:
        standing = run.standing()
        if standing.flow != BUILD:
            raise Conflict(
                f"this run is of the flow {standing.flow}: call `honghua lab {standing.flow}` again, it goes on",
                code="RUN_DIFFERS",
            )
        agents.work(run, workers.make_flow(standing.params), make_means(settings, folder))
        return report(args, run, started)


def report(args: argparse.Namespace, run: agents.Run, started: float) -> int:
    """The run in figures; exit 0 where a candidate waits or is released, 1 where the run was refused."""
    told = sum_up(run)
    if args.json:
        print_json({**report_header(seed=told.pop("seed"), started=started), **told})
    else:
        ledger = told.pop("time_saved")
        for key, value in told.items():
            print(f"{key:18} {value}")
        for one in ledger:
            print(
                f"{'  by hand':18} {one['step']}: {one['baseline_hours']:g} h ({one['grade']}: {one['source']}); "
                f"here {one['machine_seconds']:,.1f} s"
            )
    return 1 if told["state"] == "refused" else 0


def sum_up(run: agents.Run) -> dict[str, Any]:
    """What a reader wants first."""
    entries = run.journal.entries()
    line, standing = make_timeline(entries), run.standing()
    source = read_current(run, standing, "source")
    effort, hours = sum_effort(entries, workers.read_effort())
    return {
        "run": line.run, "seed": line.seed, "state": line.state, "verdict": line.verdict, "waits_for": line.waits_for,
        "events": source.get("events", 0), "customers": source.get("customers", 0), "steps": line.steps,
        "automated_steps": line.steps_by_agents, "automated_share": round(line.automated_share, 4), "human_clicks": line.human_clicks,
        "sent_back": sum(row.outcome == "sent_back" for row in line.rows), "work_seconds": line.cost.seconds, "tokens": line.cost.tokens,
        "expert_hours_saved": float(hours), "expert_hours_source": "assumption (U): lab/data/effort.toml", "tasks": len(effort),
        "time_saved": [{**asdict(one), "baseline_hours": float(one.baseline_hours)} for one in effort],
        "joint": read_current(run, standing, "joint"),
        "signed": sorted(standing.signed), "trail": line.trail, "models": read_current(run, standing, "candidate").get("models", {}),
    }  # fmt: skip


def read_current(run: agents.Run, standing: Standing, name: str) -> dict[str, Any]:
    """The newest JSON artefact of a name; empty where there is none."""
    ref = standing.current.get(name)
    return {} if ref is None else agents.read_json(run.artefacts, ref.digest, dict)


__all__ = ["run_build", "run_resume", "sum_up"]
