"""The click: what the desk and the verb call when a person has looked at a candidate."""

from __future__ import annotations

from pathlib import Path

import psycopg

from honghua.agents import api as agents
from honghua.agents.core import Standing
from honghua.base.clock import Clock
from honghua.base.errors import Conflict
from honghua.lab.api import APPROVE, BUILD, LIMITS, REFIT
from honghua.lab.workers.building import make_flow
from honghua.lab.workers.filing import FileModels
from honghua.lab.workers.limits.flow import make_limits_flow
from honghua.lab.workers.limits.offering import OfferRaises
from honghua.lab.workers.proposing import SHARE_PPM, Propose
from honghua.lab.workers.question import question_of
from honghua.lab.workers.refit.flow import make_refit_flow


def approve_release(
    conn: psycopg.Connection, run_id: str, *, person: str, why: str, approved: bool, clock: Clock
) -> Standing:  # fmt: skip
    """A person's word on a candidate that waits in the database, and what follows from it. A no ends the run. A yes proposes a policy to
    the decision room, approves it there in the person's name and seats it as challenger; offers the raises of a run about limits; gives a
    refit the seat of its champion. `conn`: outside a transaction. Seconds, no training.
    Where somebody has answered before and the room did not take it then, that answer stands and the rest is tried again.

    Conflict when the run does not wait, or what judges now is not what the candidate was made against.
    """
    with agents.hold_database_run(conn, run_id) as run:
        if not agents.is_answered(run.standing()):
            agents.answer(run, step=APPROVE, person=person, approved=approved, why=why, clock=clock)
        return release_answered(run, conn, clock=clock)


def release_answered(
    run: agents.Run, conn: psycopg.Connection, *, clock: Clock, share_ppm: int = SHARE_PPM
) -> Standing:
    """Go on behind the gate of a run that was answered; also after a crash, or when the decision room did not take it at first."""
    flow = make_flow_behind(run, conn, clock=clock, share_ppm=share_ppm)
    with agents.make_scratch("release") as scratch:
        return agents.work(run, flow, agents.Means(clock, Path(scratch)))


def make_flow_behind(
    run: agents.Run, conn: psycopg.Connection, *, clock: Clock, share_ppm: int = SHARE_PPM
) -> agents.Flow:
    """The flow of a run with the steps behind its gate, which act in the rooms below; Conflict for a flow that has none."""
    standing = run.standing()
    if standing.flow == BUILD:
        filing = FileModels(conn, clock, question_of(standing.params), run.journal.run)
        return make_flow(standing.params, after=(Propose(conn, clock, share_ppm), filing))
    if standing.flow == LIMITS:
        return make_limits_flow(standing.params, after=(OfferRaises(conn, clock),))
    if standing.flow == REFIT:
        return make_refit_flow(standing.params, conn, clock=clock, seed=standing.seed)
    raise Conflict(f"nothing is released from a run of the flow {standing.flow}", code="RUN_NOT_WAITING")


__all__ = ["approve_release", "make_flow_behind", "release_answered"]
