"""Experiments on policy: arms by customer, never by event, and a holdout that is set once and stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision import store_control as store
from honghua.decision import store_policy
from honghua.decision.core.experiment import PPM, Experiment, Holdout, check_arms, make_salt
from honghua.decision.releases import PURPOSE, Act

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
RUNNING_MAX: Final = 100


def start_experiment(
    conn: psycopg.Connection, name: str, shares_ppm: Mapping[str, int], act: Act, *, purpose: str = PURPOSE
) -> Experiment:
    """Begin an experiment; a policy reads the arm as arm("name"). A name is used once: another test, another split."""
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for an experiment: small letters, digits and _", code="EXPERIMENT_INVALID")
    problem = check_arms(tuple(shares_ppm), tuple(shares_ppm.values()) or (0,))
    if problem is not None:
        raise BadInput(problem, code="EXPERIMENT_INVALID")
    change_id = store_policy.add_change(
        conn, action="experiment start", subject=f"{name} for {purpose}", person=act.person, why=act.why
    )
    if name in {known for known, _ in store.name_experiments(conn).values()}:
        raise Conflict(f"there was an experiment {name} before: take another name", code="EXPERIMENT_KNOWN")
    if len(store.list_experiments(conn, purpose)) >= RUNNING_MAX:
        raise Conflict(f"{RUNNING_MAX} experiments run already", code="TOO_MANY_EXPERIMENTS")
    made = Experiment(0, name, make_salt("experiment", purpose, name), tuple(shares_ppm), tuple(shares_ppm.values()))
    number = store.insert_experiment(conn, change_id, purpose, made)
    return Experiment(number, made.name, made.salt, made.arms, made.shares_ppm)


def stop_experiment(conn: psycopg.Connection, name: str, act: Act, *, purpose: str = PURPOSE) -> None:
    """End a running experiment; a policy that still reads its arm finds everybody held out."""
    change_id = store_policy.add_change(
        conn, action="experiment stop", subject=f"{name} for {purpose}", person=act.person, why=act.why
    )
    found = next((e for e in store.list_experiments(conn, purpose) if e.name == name), None)
    if found is None:
        raise NotFound(f"no experiment {name!r} runs for {purpose}", code="EXPERIMENT_UNKNOWN")
    store.end_experiment(conn, change_id, found.experiment_id)


def list_experiments(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> tuple[Experiment, ...]:
    """Those that run."""
    return store.list_experiments(conn, purpose)


def set_holdout(conn: psycopg.Connection, share_ppm: int, act: Act, *, purpose: str = PURPOSE) -> Holdout:
    """Keep a share of the customers out of every experiment and challenger of a purpose, for good."""
    if not 0 < share_ppm < PPM:
        raise BadInput("a holdout is a share between 0 and 1", code="SHARE_INVALID")
    change_id = store_policy.add_change(conn, action="holdout", subject=purpose, person=act.person, why=act.why)
    if store.find_holdout(conn, purpose) is not None:
        raise Conflict(f"the holdout of {purpose} is set: it is permanent", code="HOLDOUT_SET")
    holdout = Holdout(make_salt("holdout", purpose), share_ppm)
    store.insert_holdout(conn, change_id, purpose, holdout)
    return holdout


def find_holdout(conn: psycopg.Connection, *, purpose: str = PURPOSE) -> Holdout:
    """The holdout of a purpose; of nobody when none was set."""
    return store.find_holdout(conn, purpose) or Holdout(make_salt("holdout", purpose), 0)
