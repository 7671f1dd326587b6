"""Part door: the flow that builds a candidate, the click that releases it, and runs that open by themselves."""

from __future__ import annotations

from honghua.lab.runs import DatabaseRuns
from honghua.lab.workers.building import make_flow, make_params
from honghua.lab.workers.effort import read_effort
from honghua.lab.workers.flat import FlatTable, TableParams, make_table_flow, to_table_params
from honghua.lab.workers.knowing.memory import Memory, read_memory
from honghua.lab.workers.limits.book import BOOK, CUSTOMERS, SLICE, LimitRows
from honghua.lab.workers.limits.book import read_rows as read_limit_rows
from honghua.lab.workers.limits.flow import make_limits_flow, make_limits_params
from honghua.lab.workers.limits.question import read_limits_question
from honghua.lab.workers.opening import approve_release, release_answered
from honghua.lab.workers.proposing import MAKER, SHARE_PPM
from honghua.lab.workers.question import SHIPPED, Question, read_question
from honghua.lab.workers.refit.flow import TakenUp, make_refit_flow, take_up

__all__ = [
    "BOOK",
    "CUSTOMERS",
    "MAKER",
    "SHARE_PPM",
    "SHIPPED",
    "SLICE",
    "DatabaseRuns",
    "FlatTable",
    "LimitRows",
    "Memory",
    "Question",
    "TableParams",
    "TakenUp",
    "approve_release",
    "make_flow",
    "make_limits_flow",
    "make_limits_params",
    "make_params",
    "make_refit_flow",
    "make_table_flow",
    "read_effort",
    "read_limit_rows",
    "read_limits_question",
    "read_memory",
    "read_question",
    "release_answered",
    "take_up",
    "to_table_params",
]  # fmt: skip
