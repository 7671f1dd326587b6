"""The lab behind the desk's click, for `app.state.lab`: in a process of its own, since it loads trainers of models that no page needs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import msgspec
import psycopg

from honghua.app.doors.releasing import Asked, Told
from honghua.base.clock import Clock
from honghua.base.errors import HonghuaError, WorldFailed
from honghua.store.database import Database

SECONDS_MAX: Final = 900.0  # for what follows from a word: another examination, at most


@dataclass(frozen=True, slots=True)
class WorkersLab:
    """`lab.workers.api` in a process that ends with its answer. It tells time by the machine's clock, as every process of a server does."""

    database: Database

    def approve(
        self, conn: psycopg.Connection, run_id: str, *, person: str, why: str, approved: bool, clock: Clock
    ) -> None:
        """See `web.desk.lab.ports.ReleaseLab`. WorldFailed when the process dies or takes too long: the word may stand, say it again."""
        del conn, clock  # the other process has its own
        asked = Asked(database=self.database, run_id=run_id, person=person, why=why, approved=approved)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "honghua.app.doors.releasing"], input=msgspec.json.encode(asked) + b"\n",
                stdout=subprocess.PIPE, timeout=SECONDS_MAX, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise WorldFailed(
                "the lab did not end in time: look at the run, and say it again", code="LAB_FAILED"
            ) from None
        if done.returncode != 0:
            raise WorldFailed(f"the lab ended with status {done.returncode}: say it again", code="LAB_FAILED")
        told = msgspec.json.decode(done.stdout.splitlines()[-1], type=Told)
        if told.code:
            raise HonghuaError(told.message, code=told.code)


__all__ = ["WorkersLab"]
