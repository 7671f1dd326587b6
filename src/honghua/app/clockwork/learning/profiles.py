"""The job that keeps profiles: what was booked since the last look, each customer's tags as far as law and consent allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psycopg

from honghua.lab.profiles.api import allow_uses

FOLLOWING: Final = "honghua.lab.following.api"  # loads what computes variables: only in the process that runs the job
FACTORY: Final = "honghua.lab.factory.api"


def make_profiler(folder: Path | None) -> Callable[[psycopg.Connection, dt.datetime], str]:
    """The job, with the windows in its memory. folder: of its snapshots; without one a new process reads the facts from their beginning."""
    kept: list[Any] = []

    def follow(conn: psycopg.Connection, now: dt.datetime) -> str:
        if not kept:
            dictionary = import_module(FACTORY).shipped_dictionary("city")
            kept.append(import_module(FOLLOWING).ProfileFollower(dictionary, allow_uses, folder=folder))
        try:
            done = kept[0].follow(conn, now=now)
        except Exception:
            kept.clear()  # its memory may know facts whose profiles were not written: the next pass begins from the snapshot
            raise
        behind = ", more waits" if done.is_behind else ""
        gone = f", {done.forgotten} forgotten" if done.forgotten else ""
        return f"{done.facts} facts, {done.events} events; {done.written} profiles told, {done.renewed} told anew{gone}{behind}"

    return follow


__all__ = ["make_profiler"]
