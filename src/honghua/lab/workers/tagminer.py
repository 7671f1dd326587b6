"""The TagMiner: chooses variables out of a hundred thousand and more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from honghua.agents.api import TABLE, Context, Done, Outcome, Refused, Slot
from honghua.lab.factory.api import Factory, RankSettings, rank
from honghua.lab.workers.segmenter import Events, read_drawn

AGENT: Final = "TagMiner"
WINNERS_MIN: Final = 5
TIMINGS: Final = frozenset({"seconds"})


@dataclass(frozen=True, slots=True)
class ChooseVariables:
    """Ranks on the rows to learn from only, hypotheses beside what the search finds; what was chosen is named with its lineage."""

    events: Events
    keep: int = 60
    agent: str = AGENT
    step: str = "choose the variables"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("rows", TABLE), Slot("hypotheses"))
    writes: tuple[Slot, ...] = (Slot("variables"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        drawn = read_drawn(context)
        seed = int(context.rng("rank").integers(2**31))
        learn = drawn.part == 0
        told = context.read_json("hypotheses", list[dict[str, Any]])
        also = tuple(dict.fromkeys(name for one in told for name in one["variables"]))
        settings = RankSettings(seed=seed, keep=self.keep, also=also)
        found = rank(stream, drawn.rows(0), drawn.bad[learn].astype(np.uint8), settings)
        if len(found.winners) < WINNERS_MIN:
            return Refused(
                (f"only {len(found.winners)} variables tell anything that lasts: there is nothing to build a model on",)
            )
        factory = Factory(self.events.dictionary)
        lineage = {}
        for name in found.winners:
            one = factory.lineage(name)
            lineage[name] = {"tables": list(one.tables), "columns": list(one.columns), "en": one.en, "zh": one.zh}
        context.write_json("variables", {**without_timings(found.as_json()), "lineage": lineage})
        best = found.ranked[0] if found.ranked else None
        said = "" if best is None else f"; the most telling: {lineage.get(best.name, {}).get('en', best.name)}"
        return Done(
            (
                f"{len(found.winners)} of {found.named:,} variables, each confirmed on customers that the search never saw{said}",
            )
        )


def without_timings(value: Any) -> Any:
    """Plain values without durations: an artefact is the same for the same seed."""
    if isinstance(value, dict):
        return {key: without_timings(inner) for key, inner in value.items() if key not in TIMINGS}
    if isinstance(value, list | tuple):
        return [without_timings(inner) for inner in value]
    return value


__all__ = ["ChooseVariables", "without_timings"]
