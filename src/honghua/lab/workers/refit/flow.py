"""The flow of a refit, and the workers taking up by themselves what a night has opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from honghua.agents import api as agents
from honghua.agents.core import Standing, What
from honghua.base.clock import Clock
from honghua.base.errors import Conflict, HonghuaError
from honghua.lab.api import APPROVE, CANDIDATE, REFIT
from honghua.lab.fairness.api import TableProtected
from honghua.lab.monitoring.api import RefitTerms
from honghua.lab.workers.refit.seat import Seat, seat_params
from honghua.lab.workers.refit.steps import ExamineRefits, FileChallengers, LookAtSeat, RefitModels, SeatChampion

ASKS: Final = "may this version take the seat of the champion?"
LISTED: Final = 200  # open runs that are looked at
FAILURES_MAX: Final = 5  # in a row: then a person looks at the run first


def make_refit_flow(params: Mapping[str, Any], conn: psycopg.Connection, *, clock: Clock, seed: int) -> agents.Flow:
    """The steps of a run that a night opened. conn: outside a transaction."""
    seat = Seat(conn, clock, seat_params(params), TableProtected(conn), RefitTerms(seed=seed))
    workers: tuple[agents.Worker, ...] = (
        LookAtSeat(seat), RefitModels(seat), ExamineRefits(seat), FileChallengers(seat),
        agents.HumanGate(APPROVE, agents.Slot(CANDIDATE), ASKS), SeatChampion(seat),
    )  # fmt: skip
    return agents.Flow(REFIT, workers, signs=CANDIDATE, verdict="seated")


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What became of a run that was taken up. state: waits, ended, held by another, failed, or left after too many failures."""

    run_id: str
    subject: str
    state: str
    why: str = ""


def take_up(conn: psycopg.Connection, *, signer: agents.Signer, clock: Clock, runs_max: int = 1) -> list[TakenUp]:
    """Work on open refits, the oldest first, each until it ends or waits for a person; at most so many that there is work on.

    conn: outside a transaction. A run that fails is told and does not keep the others from being taken up.
    """
    found: list[TakenUp] = []
    for row in reversed(agents.list_runs(conn, limit=LISTED, flow=REFIT, unfinished=True)):
        if len([one for one in found if one.state != "left"]) >= runs_max:
            break
        if row.last is What.WAITING:
            continue
        failures = count_failures(agents.look_at_database_run(conn, row.run_id))
        if failures >= FAILURES_MAX:
            found.append(TakenUp(row.run_id, row.subject, "left", f"failed {failures} times in a row: look at it"))
            continue
        found.append(take_one(conn, row, signer=signer, clock=clock))
    return found


def take_one(conn: psycopg.Connection, row: agents.RunRow, *, signer: agents.Signer, clock: Clock) -> TakenUp:
    """One run, held while it is worked on."""
    try:
        with agents.hold_database_run(conn, row.run_id) as run, agents.make_scratch("refit") as scratch:
            standing = run.standing()
            flow = make_refit_flow(standing.params, conn, clock=clock, seed=standing.seed)
            ended = agents.work(run, flow, agents.Means(clock, Path(scratch), signer))
    except Conflict as error:
        return TakenUp(row.run_id, row.subject, "held" if error.code == "RUN_HELD" else "failed", str(error))
    except HonghuaError as error:
        return TakenUp(row.run_id, row.subject, "failed", str(error))
    return TakenUp(row.run_id, row.subject, tell_end(ended), ended.verdict)


def tell_end(standing: Standing) -> str:
    """How the workers left it."""
    return "ended" if standing.ended else "waits"


def count_failures(run: agents.Run) -> int:
    """How often it failed in a row at the end of its journal, beginnings of steps left out."""
    failures = 0
    for entry in reversed(run.journal.entries()):
        if entry.what is What.FAILED:
            failures += 1
        elif entry.what is not What.STARTED:
            break
    return failures


__all__ = ["TakenUp", "make_refit_flow", "take_up"]
