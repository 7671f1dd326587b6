"""What a run needs of this site: the clock, the key that signs, the language model if one is connected, and somebody to tell."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from honghua.agents import api as agents
from honghua.agents.core import Entry, What
from honghua.app.doors.keys import load_secrets
from honghua.app.settings import LanguageSettings, Settings
from honghua.base.clock import SystemClock

RUN_FOLDER: Final = "run"
TOLD: Final = (What.DONE, What.SENT_BACK, What.WAITING, What.FAILED, What.SIGNED, What.REFUSED, What.CLOSED)


def find_signer(settings: Settings) -> agents.Signer:
    """The key of release candidates, drawn from the site's session key."""
    return agents.Signer.derive(load_secrets(settings).session_key)


def find_speaker(told: LanguageSettings) -> agents.Speaker:
    """The language model of the settings behind its gate, or nobody. pydantic-ai takes seconds to load: only where there is one."""
    if not told.url:
        return agents.NOBODY
    language = import_module("honghua.agents.language.api")
    budget = language.LanguageBudget(price_in_micro=told.price_in_micro, price_out_micro=told.price_out_micro)
    model = language.connect_model(told.url, model=told.model, key=told.key)
    return cast("agents.Speaker", language.ModelSpeaker(model, budget))


def make_means(settings: Settings, folder: Path) -> agents.Means:
    """For a run in a folder; each end of a step is told on stderr."""
    return agents.Means(
        SystemClock(), folder / "scratch", find_signer(settings), find_speaker(settings.language), tell_entry
    )  # fmt: skip


def tell_entry(entry: Entry) -> None:
    """One line a step."""
    if entry.what in TOLD:
        said = "; ".join(entry.reasons)
        name = entry.step or entry.what.value
        print(f"honghua: {name}: {entry.what.value}, {entry.cost.seconds:,.1f} s: {said}", file=sys.stderr, flush=True)


def find_run_folder(out: Path) -> Path:
    """Where the run of an output folder lies: OUT/run, or OUT itself where somebody names the run's own folder."""
    return out if (out / "journal.jsonl").exists() else out / RUN_FOLDER


__all__ = ["RUN_FOLDER", "find_run_folder", "find_signer", "find_speaker", "make_means", "tell_entry"]
