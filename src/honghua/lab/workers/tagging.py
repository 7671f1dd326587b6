"""The TagMiner's other step: which tags people carry, and which of them tell something of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from honghua.agents.api import TABLE, Ask, Context, Done, Outcome, Slot
from honghua.lab.tags.api import fit_tags, keep_known, read_tags
from honghua.lab.workers.segmenter import Events, read_drawn

AGENT: Final = "TagMiner"
PEOPLE_MIN: Final = 30
SHOWN: Final = 40
HYPOTHESES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """Tags that somebody thinks worth trying, in words: sentences, never definitions that a program would run."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MineTags:
    """All tags of the book on the rows to learn from: how many carry each, and how often those turn bad beside everybody."""

    events: Events
    agent: str = AGENT
    step: str = "mine the tags"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("rows", TABLE))
    writes: tuple[Slot, ...] = (Slot("tags"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        drawn = read_drawn(context)
        rows, bad = drawn.rows(0), drawn.bad[drawn.part == 0]
        base = float(bad.mean())
        book = keep_known(read_tags(), self.events.dictionary)
        if not book.tags:  # the book was written for another dictionary's tables
            context.write_json("tags", {"base": base, "tags": [], "strongest": [], "hypotheses": []})
            return Done(("no tag of the book can be told from these tables",))
        fitted = fit_tags(book, stream, rows)
        carried = fitted.assign(stream, rows)
        told: list[dict[str, Any]] = []
        for tag, column in zip(fitted.book.tags, carried.T, strict=True):
            people = int(column.sum())
            rate = float(bad[column].mean()) if people >= PEOPLE_MIN else None
            told.append({
                "name": tag.name, "zh": tag.zh, "en": tag.en, "credit": tag.credit, "rows": people, "coverage": people / len(bad),
                "bad_share": rate, "lift": None if rate is None or not base else rate / base,
            })  # fmt: skip
        strongest = sorted(
            (one for one in told if one["lift"] is not None), key=lambda one: -abs(np.log(max(one["lift"], 1e-3)))
        )[:SHOWN]
        ideas, why = ask_hypotheses(context, {"strongest tags": str(strongest)})
        context.write_json(
            "tags", {"base": base, "tags": told, "strongest": [one["name"] for one in strongest], "hypotheses": ideas}
        )
        credit, carried_by = sum(one["credit"] for one in told), sum(one["rows"] > 0 for one in told)
        return Done((f"{len(told)} tags, {credit} of them credit traits; {carried_by} are carried by somebody", why))


def ask_hypotheses(context: Context, shown: dict[str, str]) -> tuple[list[str], str]:
    """What a language model would try next; nothing without one. A hypothesis is a note for the next run, it decides nothing."""

    def check(value: Hypotheses) -> tuple[str, ...]:
        return () if len(value.tags) <= HYPOTHESES_MAX else (f"at most {HYPOTHESES_MAX} tags",)

    task = "Propose tags of customers that are not in the list and might tell who turns bad."
    said = context.ask(Ask(task, shown, Hypotheses, check=check))
    return list(said.or_else(Hypotheses(())).tags), said.why


__all__ = ["MineTags", "ask_hypotheses"]
