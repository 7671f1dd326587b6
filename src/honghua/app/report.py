"""What every measuring command says beside its figures: on which machine, from which commit, with which seed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
GIT_SECONDS_MAX = 5


def machine() -> dict[str, Any]:
    """Cores that this process may use, memory in GB (2**30 bytes, one decimal) and the processor's name."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": len(os.sched_getaffinity(0)), "memory_gb": round(memory_bytes / 2**30, 1), "cpu": _cpu_name()}


def commit() -> str:
    """Short hash of the commit that this code was checked out from, or "unknown" when it was not."""
    if not (REPOSITORY / ".git").exists():
        return "unknown"
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "--verify", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS_MAX, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() if answer.returncode == 0 else "unknown"


def report_header(*, seed: int | None, started: float) -> dict[str, Any]:
    """The keys that every measuring command's JSON carries; `started` is what time.perf_counter() said at its start."""
    return {
        "machine": machine(),
        "commit": commit(),
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 3),
    }


def print_json(obj: Mapping[str, Any]) -> None:
    """One JSON object on stdout; a value that JSON cannot hold (NaN, a numpy scalar) is a bug and raises."""
    sys.stdout.write(json.dumps(obj, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
