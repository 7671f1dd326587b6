"""The shipped detector of agents' scripts, and what follows from it: a warning, never a worse treatment (R-259)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from honghua.customers.core.scripts import ScriptModel, ScriptReading, read_script


@cache
def load_script_model() -> ScriptModel:
    """As `honghua bench scripts --write` made it of invented writers (`data/complaint_writers.toml`)."""
    text = (files("honghua.customers") / "data" / "script_weights.json").read_bytes()
    return msgspec.json.decode(text, type=ScriptModel)


def read_complaint_script(words: str) -> ScriptReading:
    """What the shipped detector says of somebody's words; they are not kept."""
    return read_script(load_script_model(), words)


__all__ = ["load_script_model", "read_complaint_script"]
