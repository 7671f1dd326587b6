"""A person's word on a candidate of the lab, carried out: `python -m honghua.app.doors.releasing` reads it from standard input (a command
line may not hold a database's address) and tells in its last line what came of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module

import msgspec

from honghua.base.clock import SystemClock
from honghua.base.errors import HonghuaError
from honghua.store.database import Database, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who says what about which run."""

    database: Database
    run_id: str
    person: str
    why: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it: nothing to tell, or why it was not taken."""

    code: str = ""
    message: str = ""


def release(asked: Asked) -> Told:
    """Say it to the lab; what it raises on purpose is told."""
    workers = import_module(
        "honghua.lab.workers.api"
    )  # trainers and all: whoever starts the server needs only the records above
    try:
        with connect(asked.database) as conn:
            workers.approve_release(
                conn, asked.run_id, person=asked.person, why=asked.why, approved=asked.approved, clock=SystemClock()
            )
    except HonghuaError as error:
        return Told(code=error.code, message=str(error))
    return Told()


def main() -> int:
    """Read, do, tell."""
    told = release(msgspec.json.decode(sys.stdin.buffer.readline(), type=Asked))
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
