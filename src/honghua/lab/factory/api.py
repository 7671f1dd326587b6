"""Part door: name variables by a dictionary, compute them at a time, rank them on training rows, hand the winners to the online store."""

from __future__ import annotations

from honghua.lab.factory.compiling import to_plan, to_plans
from honghua.lab.factory.computing import Computer, compute
from honghua.lab.factory.dictionary import Dictionary, Words, parse_dictionary, read_dictionary, shipped_dictionary
from honghua.lab.factory.grammar import Factory, Lineage, Measure, Quotient, Variable, measures_of
from honghua.lab.factory.ranking import Ranked, Ranking, RankSettings, rank
from honghua.lab.factory.rows import Rows, event_rows, probe_events, snapshot_rows, with_last
from honghua.lab.factory.stream import Stream, load_stream
from honghua.lab.factory.training import online_events, training_table

__all__ = [
    "Computer", "Dictionary", "Factory", "Lineage", "Measure", "Quotient", "RankSettings", "Ranked", "Ranking", "Rows", "Stream",
    "Variable", "Words", "compute", "event_rows", "load_stream", "measures_of", "online_events", "parse_dictionary", "probe_events", "rank",
    "read_dictionary", "shipped_dictionary", "snapshot_rows", "to_plan", "to_plans", "training_table", "with_last",
]  # fmt: skip
