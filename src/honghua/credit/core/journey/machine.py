"""Which step of a contract may follow which: a pure state machine over the contract's own rows.

Steps 1 … 5 stand in a line. From the signature on purchases come and go, each under its own subject: drawn, paid out and booked once;
beside them repayments, monitoring, collection and at last the write-off. A no closes its step (in the line: the contract) until a person
opens it again: refused → appealed → reopened or upheld; referred → a person passes or refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from honghua.credit.core.journey.monitoring import ARREARS
from honghua.facts.steps import Step, StepOutcome

STARTS: Final = (Step.MARKETING, Step.PROOFING)  # who comes by themselves was never offered anything
LINE: Final = frozenset({Step.MARKETING, Step.PROOFING, Step.APPLICATION, Step.APPROVAL, Step.CONTRACT})
OF_PURCHASE: Final = frozenset({Step.DRAWDOWN, Step.PAYOUT, Step.BOOKING})
AFTER_WRITE_OFF: Final = frozenset({Step.REPAYMENT, Step.MONITORING, Step.COLLECTION})  # 账销案存: the claim stays
TAKEN: Final = frozenset({StepOutcome.PASSED, StepOutcome.REFUSED, StepOutcome.REFERRED})
Question = tuple[Step, str]


@dataclass(frozen=True, slots=True)
class Move:
    """One row as the machine reads it. subject: the purchase, payment or contact that it is about, "" in the line.

    finding: what monitoring found. is_by_person: somebody with a name decided, no machine.
    """

    step: Step
    outcome: StepOutcome
    subject: str = ""
    finding: str = ""
    is_by_person: bool = False


@dataclass(frozen=True, slots=True)
class JourneyState:
    """Where a contract stands. reached: the last step of the line that passed. asked: what is not answered yes, with its last word.

    purchases: which of drawdown, payout, booking each subject has passed. finding: of the last monitoring.
    """

    moves: int = 0
    reached: Step | None = None
    asked: Mapping[Question, StepOutcome] = field(default_factory=dict)
    purchases: Mapping[str, frozenset[Step]] = field(default_factory=dict)
    finding: str = ""
    is_contacted: bool = False
    is_written_off: bool = False

    @property
    def is_booked(self) -> bool:
        """Whether anything was ever owed."""
        return any(Step.BOOKING in passed for passed in self.purchases.values())

    @property
    def stopped(self) -> Question | None:
        """The question in the line that keeps the contract from going on; None where nothing does."""
        return next((q for q, word in self.asked.items() if q[0] in LINE and word is not StepOutcome.REOPENED), None)


def find_illegal(state: JourneyState, move: Move) -> str | None:
    """Why a move may not follow, as a stable code; None where it may."""
    word = state.asked.get((move.step, move.subject))
    if move.outcome not in TAKEN:
        return _find_unanswerable(move, word)
    if word in (StepOutcome.REFUSED, StepOutcome.APPEALED, StepOutcome.UPHELD):
        return "STEP_CLOSED"
    if word is StepOutcome.REFERRED and (not move.is_by_person or move.outcome is StepOutcome.REFERRED):
        return "STEP_WAITS_FOR_PERSON"
    if word is not None:
        return None  # reopened, or a person's word to what was referred: its turn had come before
    return _find_untimely(state, move)


def _find_unanswerable(move: Move, word: StepOutcome | None) -> str | None:
    """An appeal needs a no, an answer needs an appeal and a person."""
    if move.outcome is StepOutcome.APPEALED:
        return None if word is StepOutcome.REFUSED else "NOTHING_REFUSED"
    if not move.is_by_person:
        return "PERSON_NEEDED"
    return None if word is StepOutcome.APPEALED else "NOTHING_APPEALED"


def _find_untimely(state: JourneyState, move: Move) -> str | None:
    if state.stopped is not None:
        return "CONTRACT_STOPPED"
    if move.step in LINE:
        return None if move.step in _next_in_line(state) and not move.subject else "STEP_OUT_OF_ORDER"
    if state.reached is not Step.CONTRACT:
        return "CONTRACT_UNSIGNED"
    if state.is_written_off and move.step not in AFTER_WRITE_OFF:
        return "CONTRACT_WRITTEN_OFF"
    return _find_untimely_purchase(state, move) if move.step in OF_PURCHASE else _find_untimely_service(state, move)


def _find_untimely_service(state: JourneyState, move: Move) -> str | None:
    """Repaid is what was booked; chased and written off is what monitoring found in arrears; nothing unchased is written off."""
    if move.step is Step.MONITORING:
        return None
    if not state.is_booked:
        return "NOTHING_BOOKED"
    if move.step is Step.REPAYMENT:
        return None
    if state.finding != ARREARS:
        return "NOT_IN_ARREARS"
    return "NEVER_CONTACTED" if move.step is Step.WRITE_OFF and not state.is_contacted else None


def _find_untimely_purchase(state: JourneyState, move: Move) -> str | None:
    """Drawn first; then paid out and booked, each once, in whichever order the shop is settled."""
    if not move.subject:
        return "SUBJECT_MISSING"
    passed = state.purchases.get(move.subject)
    if move.step is Step.DRAWDOWN:
        return None if passed is None else "STEP_DONE"
    if passed is None:
        return "PURCHASE_NOT_DRAWN"
    return "STEP_DONE" if move.step in passed else None


def _next_in_line(state: JourneyState) -> tuple[Step, ...]:
    if state.reached is None:
        return STARTS
    return () if state.reached is Step.CONTRACT else (Step(state.reached + 1),)


def advance(state: JourneyState, move: Move) -> JourneyState:
    """The state after a legal move."""
    question = (move.step, move.subject)
    asked = {q: word for q, word in state.asked.items() if q != question}
    if move.outcome is not StepOutcome.PASSED:
        return replace(state, moves=state.moves + 1, asked={**asked, question: move.outcome})
    after = replace(state, moves=state.moves + 1, asked=asked)
    if move.step in LINE:
        return replace(after, reached=move.step)
    if move.step in OF_PURCHASE:
        passed = state.purchases.get(move.subject, frozenset()) | {move.step}
        return replace(after, purchases={**state.purchases, move.subject: passed})
    if move.step is Step.MONITORING:
        return replace(after, finding=move.finding)
    if move.step is Step.COLLECTION:
        return replace(after, is_contacted=True)
    return replace(after, is_written_off=True) if move.step is Step.WRITE_OFF else after


def fold(moves: Iterable[Move]) -> tuple[JourneyState, tuple[int, str] | None]:
    """The state after moves in order, and (place from 1, code) of the first that may not stand there."""
    state = JourneyState()
    for place, move in enumerate(moves, start=1):
        problem = find_illegal(state, move)
        if problem is not None:
            return state, (place, problem)
        state = advance(state, move)
    return state, None


def list_next(state: JourneyState) -> tuple[Step, ...]:
    """Steps that may be taken now, a purchase's with one of the subjects at hand or a new one."""
    subjects = ("", "\0new", *state.purchases)
    return tuple(
        step
        for step in Step
        if any(find_illegal(state, Move(step, StepOutcome.PASSED, subject)) is None for subject in subjects)
    )
