"""The pure part: entries and their chain, how a run stands, what a desk shows of it, and the ledger of effort."""

from honghua.agents.core.effort import EffortLine, EffortTask, sum_effort
from honghua.agents.core.entries import (
    Author,
    AuthorKind,
    Cost,
    Entry,
    Ref,
    What,
    check_chain,
    compute_trail,
    decode_entry,
    digest_entry,
    digest_of,
    encode_entry,
)
from honghua.agents.core.figures import find_unsupported, list_figures
from honghua.agents.core.standing import Answer, Remark, Standing, StepState, fold_entries, measure_automation
from honghua.agents.core.timeline import Timeline, TimelineRow, make_timeline

__all__ = [
    "Answer", "Author", "AuthorKind", "Cost", "EffortLine", "EffortTask", "Entry", "Ref", "Remark", "Standing", "StepState", "Timeline",
    "TimelineRow", "What", "check_chain", "compute_trail", "decode_entry", "digest_entry", "digest_of", "encode_entry", "find_unsupported",
    "fold_entries", "list_figures", "make_timeline", "measure_automation", "sum_effort",
]  # fmt: skip
