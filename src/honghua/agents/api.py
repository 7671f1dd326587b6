"""The door: open a run in a directory or in the database, work on it, answer at its gate, read its timeline, verify it.

A language model stands behind a door of its own, `agents.language.api`, which none of this loads.
"""

from honghua.agents.artefacts import (
    FOLDER,
    HTML,
    JSON,
    TABLE,
    TEXT,
    Artefacts,
    encode_json,
    lay_folder,
    list_folder,
    make_scratch,
    put_bytes,
    put_folder,
    put_json,
    read_json,
)
from honghua.agents.database import copy_run, hold_database_run, look_at_database_run, open_database_run
from honghua.agents.directory import hold_run, look_at_run
from honghua.agents.gate import HumanGate
from honghua.agents.journals import Journal, Run
from honghua.agents.running import Budget, Flow, Means, Opening, answer, begin, find_next, is_answered, work
from honghua.agents.signing import Signer
from honghua.agents.speaking import NOBODY, Ask, Nobody, Said, Speaker
from honghua.agents.store import RunRow, list_runs
from honghua.agents.verifying import Verified, verify_run
from honghua.agents.worker import ROUNDS_MAX, Context, Done, Outcome, Refused, SendBack, Slot, Waiting, Worker

__all__ = [
    "FOLDER",
    "HTML",
    "JSON",
    "NOBODY",
    "ROUNDS_MAX",
    "TABLE",
    "TEXT",
    "Artefacts",
    "Ask",
    "Budget",
    "Context",
    "Done",
    "Flow",
    "HumanGate",
    "Journal",
    "Means",
    "Nobody",
    "Opening",
    "Outcome",
    "Refused",
    "Run",
    "RunRow",
    "Said",
    "SendBack",
    "Signer",
    "Slot",
    "Speaker",
    "Verified",
    "Waiting",
    "Worker",
    "answer",
    "begin",
    "copy_run",
    "encode_json",
    "find_next",
    "hold_database_run",
    "hold_run",
    "is_answered",
    "lay_folder",
    "list_folder",
    "list_runs",
    "look_at_database_run",
    "look_at_run",
    "make_scratch",
    "open_database_run",
    "put_bytes",
    "put_folder",
    "put_json",
    "read_json",
    "verify_run",
    "work",
]  # fmt: skip
