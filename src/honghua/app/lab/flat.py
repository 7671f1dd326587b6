"""What `honghua lab run` does: one flat table through the journal, then the models laid out beside it."""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from pathlib import Path
from typing import Any, Final

from honghua.agents import api as agents
from honghua.agents.core import make_timeline
from honghua.app.lab.means import RUN_FOLDER, tell_entry
from honghua.app.report import print_json, report_header
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, IntegrityBroken, NotFound
from honghua.lab.api import TABLE
from honghua.lab.workers.api import FlatTable, TableParams, make_table_flow, to_table_params

RUN_FILE: Final = "run.json"
KEPT_MAX: Final = 1_000  # earlier runs beside the newest


def run_table(args: argparse.Namespace) -> int:
    """Read, fit, examine, lay out, tell."""
    started = time.perf_counter()
    params = TableParams(
        data=str(args.data.absolute()), target=args.target, time=args.time, row_id=args.id, positive=args.positive,
        monotone=read_directions(args.monotone), leave_out=tuple(args.leave_out), trust=tuple(args.trust), refit=not args.no_refit,
        threads=args.threads,
    )  # fmt: skip
    flat = FlatTable(params)
    names = flat.read().names  # what cannot be read, or has no such column, begins no run
    check_names(names, (*params.leave_out, *params.trust, *params.monotone), args.data)
    opening = agents.Opening(
        TABLE, args.seed, f"somebody asked for {params.target} of {args.data.name}", to_table_params(params)
    )
    folder = args.out / RUN_FOLDER
    put_aside(folder, opening)
    with agents.hold_run(folder) as run:
        clock = SystemClock()
        agents.begin(run, opening, clock=clock)
        agents.work(
            run, make_table_flow(opening.params, flat=flat), agents.Means(clock, folder / "scratch", told=tell_entry)
        )
        agents.lay_folder(run.artefacts, run.standing().current["candidates"].digest, args.out)
        told = tell_run(run)
    result = {**report_header(seed=args.seed, started=started), **told, "out": str(args.out)}
    (args.out / RUN_FILE).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print_json(result)
    else:
        print_plain(result)
    return 0


def put_aside(folder: Path, opening: agents.Opening) -> None:
    """An earlier run of the folder that came to its end, or was another's, is kept beside; one that was killed goes on."""
    try:
        standing = agents.look_at_run(folder).standing() if folder.exists() else None
    except (IntegrityBroken, NotFound):
        standing = None
    goes_on = (
        standing is not None and standing.count > 0 and standing.ended is None
        and (standing.flow, standing.seed, dict(standing.params)) == (opening.flow, opening.seed, dict(opening.params))
    )  # fmt: skip
    if folder.exists() and not goes_on:
        free = next(
            place
            for number in range(1, KEPT_MAX)
            if not (place := folder.with_name(f"{folder.name}.{number}")).exists()
        )
        folder.rename(free)


def tell_run(run: agents.Run) -> dict[str, Any]:
    """The keys of the verb: from the journal what was done, from the artefacts what was found."""
    line, standing = make_timeline(run.journal.entries()), run.standing()
    source, fit, examination = (
        agents.read_json(run.artefacts, standing.current[name].digest, dict)
        for name in ("source", "fit", "examination")
    )
    return {
        "rows": source["rows"], "columns": source["columns"], "target_rate": source["target_rate"],
        "target_words": dict(zip(("0", "1"), source["target_words"], strict=True)), "notes": source["notes"],
        **{name: value for name, value in fit.items() if name not in ("scorecard", "steps")},
        "examined": {role: {"passed": found["passed"], "problems": found["problems"]} for role, found in examination.items()},
        # Every step was taken by the machine; a person's click is asked for by `lab approve` only.
        "automated_share": line.automated_share, "run": line.run, "trail": line.trail,
        "steps": [
            {"name": row.step, "by": row.author, "outcome": row.outcome, "seconds": row.cost.seconds, "what": "; ".join(row.reasons)}
            for row in line.rows if row.step
        ],
    }  # fmt: skip


def read_directions(path: Path | None) -> dict[str, int]:
    """Declared directions: column → +1 or −1."""
    if path is None:
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise BadInput(f"{path} is no TOML file of directions: {problem}", code="BAD_DIRECTION") from problem
    if any(way not in (1, -1) or isinstance(way, bool) for way in told.values()):
        raise BadInput(f"{path}: a direction is 1 or -1", code="BAD_DIRECTION")
    return {str(name): int(way) for name, way in told.items()}


def check_names(columns: tuple[str, ...], named: tuple[str, ...], path: Path) -> None:
    """Columns named in arguments must exist."""
    unknown = [name for name in named if name not in columns]
    if unknown:
        raise BadInput(f"{path} has no column {', '.join(unknown)} that could be used", code="BAD_COLUMNS")


def print_plain(result: dict[str, Any]) -> None:
    """For people."""
    for key in ("rows", "columns", "target_rate", "seconds", "out"):
        print(f"{key:14} {result[key]}")
    for name in ("champion", "challenger"):
        figures = result[name]
        told = f"AUC {figures['auc']:.4f} ({figures['auc_low']} … {figures['auc_high']}), KS {figures['ks']:.3f}"
        print(f"{name:14} {told}, Brier {figures['brier']:.4f}, ECE {figures['ece']:.4f}")
    for one in result["suspected_leaks"]:
        print(f"{'left out' if one['left_out'] else 'suspected':14} {one['name']}: {one['evidence']}")
    print(f"{'accepted':14} {', '.join(result['accepted'])}")
    print(f"{'dropped':14} {', '.join(one['name'] + ' (' + one['why'] + ')' for one in result['dropped']) or 'none'}")
    for role, found in result["examined"].items():
        print(f"{'examined':14} {role}: {'passed' if found['passed'] else '; '.join(found['problems'])}")
    print(f"{'verdict':14} {result['verdict']}")


__all__ = ["run_table"]
