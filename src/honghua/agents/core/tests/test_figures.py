"""Figures in words: found in every dress, and standing only on what was shown."""

from __future__ import annotations

from fractions import Fraction

import pytest

from honghua.agents.core import EffortTask, find_unsupported, sum_effort
from honghua.agents.core.entries import Author, AuthorKind, Cost, Entry, What

SHOWN = ['{"auc": 0.7118, "loss": -0.0231, "people": 12031, "share": 0.125, "note": "two segments"}']


@pytest.mark.parametrize(
    "text",
    ["an AUC of 0.7118", "0.712", "0.71", "71.2%", "71 %", "12,031 people", "12031", "12.5%", "125‰", "loss of -2.31%", "a loss of 2.3%",
     "two segments", "no figure at all", "AUC０.７１"],
)  # fmt: skip
def test_a_figure_that_rounds_from_a_shown_one_stands(text: str):
    assert find_unsupported(text, SHOWN) == ()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("0.72", "0.72"), ("0.7119", "0.7119"), ("7.118", "7.118"), ("12,032", "12,032"), ("+2.31%", "+2.31%"), ("three segments", "three"),
        ("1e9", "1e9"), ("Q4", "4"), ("v2beta", "2"), ("twice as good", "twice"), ("三千人", "三千"), ("七成", "七成"),
        ("１３ people", "13"),
    ],
)  # fmt: skip
def test_any_other_is_named(text: str, missing: str):
    assert missing in find_unsupported(text, SHOWN)


def test_effort_counts_a_step_once_and_only_what_agents_finished():
    def entry(number: int, what: What, step: str, kind: AuthorKind) -> Entry:
        return Entry(run="r", number=number, at="", what=what, author=Author(kind, "x"), step=step, cost=Cost(1.5))

    agent, human = AuthorKind.AGENT, AuthorKind.HUMAN
    entries = [
        entry(0, What.DONE, "fit", agent), entry(1, What.SENT_BACK, "judge", agent), entry(2, What.DONE, "fit", agent),
        entry(3, What.DONE, "approve", human), entry(4, What.DONE, "unknown", agent),
    ]  # fmt: skip
    tasks = {step: EffortTask(step, Fraction(8), "a guess", "U") for step in ("fit", "judge", "approve")}
    lines, hours = sum_effort(entries, tasks)
    assert [(line.step, line.times, line.machine_seconds) for line in lines] == [("fit", 2, 3.0)]
    assert hours == 8
