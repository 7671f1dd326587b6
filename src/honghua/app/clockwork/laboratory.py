"""The job of the lab: its workers take up by themselves the runs that a night has opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Final

import psycopg

from honghua.agents.api import Signer, list_runs
from honghua.base.clock import FixedClock
from honghua.lab.api import REFIT
from honghua.web.keyring import Secrets

NONE_OPEN: Final = "no run is open"
NO_KEY: Final = "no key is attached: what the workers make could not be signed"


def make_worker(secrets: Secrets | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """Of the site's key, which signs candidates."""

    def take_up(conn: psycopg.Connection, now: dt.datetime) -> str:
        if secrets is None:
            return NO_KEY
        if not list_runs(conn, limit=1, flow=REFIT, unfinished=True):
            return NONE_OPEN
        workers = import_module("honghua.lab.workers.api")  # brings every trainer: only where there is work to take up
        found = workers.take_up(conn, signer=Signer.derive(secrets.session_key), clock=FixedClock(now))
        return "; ".join(f"{one.subject}: {one.state} {one.why}".strip() for one in found) or NONE_OPEN

    return take_up
