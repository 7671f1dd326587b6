"""Who loads what, and who runs which job: checked without starting a server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from honghua.app.clockwork.jobs import Ports, make_jobs
from honghua.app.serving.clock_role import SLOW

HEAVY = ("lightgbm", "sklearn", "optbinning", "honghua.app.clockwork.jobs", "honghua.lab.workers.api")


def test_the_slow_jobs_are_jobs():
    """What no keeper knows by name would never be run: the one has these, the other the rest."""
    assert set(SLOW) < {job.name for job in make_jobs(Ports())}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["desk", "worker"])
def test_desks_and_workers_load_no_trainers_and_no_jobs(role: str):
    code = f"from honghua.app.serving.child import load_role; import sys; load_role({role!r}); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert f"honghua.app.serving.{role}_role" in told
    assert [name for name in HEAVY if name in told] == []
