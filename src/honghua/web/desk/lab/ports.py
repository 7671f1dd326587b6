"""What lets an approved release go on: the lab's own door, which loads trainers of models that no page needs."""

from __future__ import annotations

from typing import Protocol

import psycopg
from fastapi import Request

from honghua.base.clock import Clock


class ReleaseLab(Protocol):
    """For `app.state.lab`."""

    def approve(
        self, conn: psycopg.Connection, run_id: str, *, person: str, why: str, approved: bool, clock: Clock
    ) -> None:
        """A person's word on the candidate that waits, and what follows from it; see `lab.workers.api.approve_release`. conn is outside a
        transaction; what was answered before stands, and the rest is tried again."""
        ...


def find_lab(request: Request) -> ReleaseLab | None:
    """What the process was given; None where nobody can release from here."""
    lab: ReleaseLab | None = getattr(request.app.state, "lab", None)
    return lab


__all__ = ["ReleaseLab", "find_lab"]
