"""The stated baseline of what each step takes by hand: data with its source, ours where nobody published one."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from importlib.resources import files

from honghua.agents.core import EffortTask


def read_effort() -> dict[str, EffortTask]:
    """Hours by step, exact."""
    told = tomllib.loads((files("honghua.lab") / "data" / "effort.toml").read_text(encoding="utf-8"))
    return {
        step: EffortTask(step, Fraction(str(one["hours"])), str(one["source"]), str(one["grade"]))
        for step, one in told["task"].items()
    }


__all__ = ["read_effort"]
