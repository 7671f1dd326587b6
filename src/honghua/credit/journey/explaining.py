"""What a customer may be told of their contracts: each decision with its reasons in words, and how to go on from a no (PIPL 24)."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from honghua.credit.core.journey import StepOutcome, find_illegal
from honghua.credit.core.journey.machine import Move
from honghua.credit.journey import store
from honghua.credit.journey.store import StepRow
from honghua.credit.journey.taking import read_state, say_refused

HUMAN_PATH = {
    StepOutcome.REFUSED: (
        "您可以申诉,由人工复核。",
        "You may appeal; a person then looks at it.",
    ),
    StepOutcome.REFERRED: ("正在由人工处理。", "A person is looking at it."),
    StepOutcome.APPEALED: ("您的申诉正在处理。", "Your appeal is being looked at."),
    StepOutcome.REOPENED: ("这一步已重新打开,可以再试。", "The step is open again; you may try once more."),
    StepOutcome.UPHELD: (
        "复核维持原决定,您可以投诉,等待期后可以重新申请。",
        "The review upheld the decision; you may complain, and apply again after the wait.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One decision about somebody. reasons: (code, Chinese, English); human_path: how to go on, ("", "") where nothing is open."""

    row: StepRow
    by_machine: bool
    reasons: tuple[tuple[str, str, str], ...]
    human_path: tuple[str, str]
    may_appeal: bool


def explain(conn: psycopg.Connection, customer: str) -> list[Explained]:
    """Every decision of all contracts of a customer, the oldest first."""
    found = []
    for contract in store.list_contracts(conn, customer):
        state, rows = read_state(conn, contract.contract_id)
        for row in rows:
            word = state.asked.get((row.step, row.subject))
            is_last = row == [one for one in rows if (one.step, one.subject) == (row.step, row.subject)][-1]
            appeal = Move(row.step, StepOutcome.APPEALED, row.subject)
            found.append(
                Explained(
                    row=row,
                    by_machine=row.decided_by == store.SYSTEM,
                    reasons=tuple((code, *say_any(code)) for code in row.risk["reasons"]),
                    human_path=HUMAN_PATH[word] if is_last and word is not None else ("", ""),
                    may_appeal=is_last and find_illegal(state, appeal) is None,
                )
            )
    return found


def say_any(code: str) -> tuple[str, str]:
    """Both sentences of a reason, whichever room it comes from."""
    said = say_refused(code)
    return str(said["sentence"]), str(said["sentence_en"])
