"""The word on a lab's candidate leaves the server: the process that carries it out loads the trainers, the server never does."""

from __future__ import annotations

import sys

import pytest

from honghua.agents import api as agents
from honghua.app.doors.lab import WorkersLab
from honghua.base.clock import SystemClock
from honghua.base.errors import HonghuaError
from honghua.store.database import Database, connect

TRAINERS = ("honghua.lab.workers.api", "honghua.lab.fitting", "honghua.models.scorecard", "optbinning")


@pytest.mark.slow
def test_a_word_is_said_in_another_process_and_its_no_comes_back(database: Database) -> None:
    """The toy run of no known flow is refused by the lab itself, which therefore was asked; what it says is told with its code."""
    loaded = set(sys.modules)
    clock = SystemClock()
    with connect(database) as conn:
        run = agents.open_database_run(conn, agents.Opening("toy", 1, "x"), subject="s", clock=clock).journal.run
        lab = WorkersLab(database)
        for run_id, code in ((run, "RUN_NOT_WAITING"), ("0" * 32, "RUN_UNKNOWN")):
            with pytest.raises(HonghuaError) as told:
                lab.approve(conn, run_id, person="ann", why="seen", approved=True, clock=clock)
            assert told.value.code == code
    assert not [name for name in set(sys.modules) - loaded if name.startswith(TRAINERS)]
