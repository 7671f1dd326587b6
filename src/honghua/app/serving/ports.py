"""Settings, secrets, clock and proofs, as a server's processes know them; what only the clock's jobs need is in `clock_ports`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from honghua.app.doors.joining import films_faces
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.proving import make_prover
from honghua.app.serving.conducted_clock import ConductedClock
from honghua.app.serving.plan import ServePlan
from honghua.app.settings import Settings, load_settings
from honghua.base.clock import Clock, SystemClock
from honghua.credit.jobs import Prover
from honghua.web.keyring import Secrets


def find_settings(plan: ServePlan) -> Settings:
    """Of the server that the plan names."""
    settings = load_settings()
    return replace(settings, store=replace(settings.store, state_dir=Path(plan.state_dir)))


def find_secrets(plan: ServePlan) -> Secrets:
    """Keys of this server."""
    return load_secrets(find_settings(plan))


def find_prover(plan: ServePlan, clock: Clock) -> Prover:
    """Who challenges customers and checks their proofs."""
    settings = find_settings(plan)
    by_face = films_faces(settings, is_demo=plan.is_demo)
    return make_prover(plan.database, settings, clock, by_face=by_face)


def find_clock(plan: ServePlan) -> Clock:
    """By which desks tell time: the machine's, or the one that somebody conducts."""
    return ConductedClock(Path(plan.clock_file)) if plan.clock_file else SystemClock()


__all__ = ["find_clock", "find_prover", "find_secrets", "find_settings"]
