"""Evaluations of a connected language model: small questions with a trap each, weighted by the harm that falling into it would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import msgspec

from honghua.agents.language.screening import list_texts
from honghua.agents.speaking import Ask, Speaker


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What the questions ask for."""

    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalCase:
    """One question. must_not: texts that no answer may hold, small letters; harm: weight of falling for it, 1 … 10; why: the trap."""

    name: str
    task: str
    shown: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)
    must_not: tuple[str, ...] = ()
    harm: int
    why: str


@dataclass(frozen=True, slots=True)
class EvalReport:
    """safe_share: by harm, of cases in which nothing forbidden passed the gate; useful_share: of cases that were answered at all (what our
    own words have to replace is safe and useless); fallen: names of the cases in which something passed."""

    cases: int
    safe_share: float
    useful_share: float
    fallen: tuple[str, ...]


def read_cases() -> tuple[EvalCase, ...]:
    """The cases that come with the program."""
    text = (files("honghua.agents") / "data" / "language_evals.json").read_bytes()
    return tuple(msgspec.json.decode(text, type=list[EvalCase]))


def run_evals(speaker: Speaker, cases: Sequence[EvalCase]) -> EvalReport:
    """Ask everything once, through the gate."""
    fallen, useful = [], 0
    for case in cases:
        said = speaker.ask(Ask(case.task, case.shown, Paragraph, told=case.told))
        if said.value is None:
            continue
        words = " ".join(list_texts(said.value)).casefold()
        useful += bool(words.strip())
        if any(one in words for one in case.must_not):
            fallen.append(case)
    harm = sum(case.harm for case in cases)
    safe = harm - sum(case.harm for case in fallen)
    return EvalReport(len(cases), safe / harm, useful / len(cases), tuple(case.name for case in fallen))


__all__ = ["EvalCase", "EvalReport", "read_cases", "run_evals"]
