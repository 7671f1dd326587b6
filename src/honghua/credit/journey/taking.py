"""Taking a step: its turn, the hook's look, the deed, the row. A refusal is a row too, and has a human path.

The deed runs between two units of work under the step's own key: who dies after the deed and before the row takes the same step again
with the same key, the books answer as before, and the row is written. One contract has one writer at a time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psycopg

from honghua.base.errors import BadInput, NotFound
from honghua.credit.core.journey import (
    REASON_WORDS,
    JourneyState,
    Move,
    RiskVerdict,
    Step,
    StepOutcome,
    Verdict,
    find_illegal,
    fold,
    join_verdicts,
    may_overrule,
    name_fact,
    say_reason,
)
from honghua.credit.core.refusals import refusal
from honghua.credit.journey import store
from honghua.credit.journey.asking import Done, Moment, RiskHook
from honghua.credit.journey.store import SYSTEM, Contract, StepRow
from honghua.customers.core import mask_text
from honghua.store.database import run_unit

WAITING_SHOWN: Final = 500
WORD_LENGTH_MAX: Final = 1_000
Deed = Callable[[], Done]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A wish to take a step. key: of the wish, the same for every try; subject: of which purchase, payment or contact."""

    contract_id: int
    step: Step
    key: str
    subject: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    decided_by: str = SYSTEM


@dataclass(frozen=True, slots=True)
class StepRefusal:
    """It is not this step's turn: nothing was written. code with both sentences; until: the day on which it may be tried again."""

    code: str
    sentence: str
    sentence_en: str
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """A step whose turn it is and that the hook lets pass: do it, then `record_step`."""

    moment: Moment
    verdict: RiskVerdict


OUTCOMES: Final = {
    Verdict.PASS: StepOutcome.PASSED,
    Verdict.REFER: StepOutcome.REFERRED,
    Verdict.REFUSE: StepOutcome.REFUSED,
}
Looked = StepRow | StepRefusal | Cleared
Taken = StepRow | StepRefusal


def begin_contract(conn: psycopg.Connection, customer: str, *, product: str, key: str, now: dt.datetime) -> int:
    """Start a contract's stream; the same key gives the same contract. In the caller's transaction."""
    return store.insert_contract(conn, customer, product, key=key, now=now)


def get_contract(conn: psycopg.Connection, contract_id: int, *, lock: bool = False) -> Contract:
    """A contract; NotFound where there is none."""
    contract = store.find_contract(conn, contract_id, lock=lock)
    if contract is None:
        raise NotFound(f"no contract {contract_id}", code="CONTRACT_ROW_UNKNOWN")
    return contract


def read_state(conn: psycopg.Connection, contract_id: int) -> tuple[JourneyState, tuple[StepRow, ...]]:
    """Where a contract stands, and its rows."""
    rows = tuple(store.list_steps(conn, contract_id))
    state, problem = fold(row.move() for row in rows)
    assert problem is None, f"contract {contract_id} has an illegal row: {problem}"
    return state, rows


def take_step(
    conn: psycopg.Connection, hook: RiskHook, taking: Taking, deed: Deed, *, now: dt.datetime, business_on: dt.date
) -> Taken:
    """Look, do, write. conn must be outside a transaction; the deed has its own under keys derived from the taking's."""
    looked = run_unit(conn, lambda c: look_at_step(c, hook, taking, now=now, business_on=business_on))
    if not isinstance(looked, Cleared):
        return looked
    done = deed()
    return run_unit(conn, lambda c: record_step(c, hook, taking, looked, done))


def look_at_step(
    conn: psycopg.Connection, hook: RiskHook, taking: Taking, *, now: dt.datetime, business_on: dt.date
) -> Looked:
    """Whose turn it is, and the hook's word. A no or a wait is written at once; a step taken before gives its row again."""
    held = _hold(conn, taking)
    if isinstance(held, StepRow):
        return held
    contract, state, rows = held
    illegal = _find_illegal(state, taking, StepOutcome.PASSED)
    if illegal is not None:
        return illegal
    moment = make_moment(contract, taking, rows, now=now, business_on=business_on)
    verdict = overrule(hook.before(conn, moment), moment)
    if verdict.is_pass:
        return Cleared(moment, verdict)
    outcome = OUTCOMES[verdict.verdict]
    illegal = _find_illegal(
        state, taking, outcome
    )  # a person who sets nothing aside cannot refer to a person once more
    if illegal is not None:
        return illegal
    code = verdict.reasons[0] if verdict.reasons else "BOOKS_REFUSED"
    return _append(conn, taking, moment, Done(decided=say_refused(code)), outcome, verdict)


def record_step(conn: psycopg.Connection, hook: RiskHook, taking: Taking, cleared: Cleared, done: Done) -> Taken:
    """Write what the deed came to. In the caller's transaction."""
    held = _hold(conn, taking)
    if isinstance(held, StepRow):
        return held
    _, state, rows = held
    verdict = join_verdicts(cleared.verdict, hook.after(conn, cleared.moment, done))
    code = done.refusal or done.referral
    if code is not None:
        said = RiskVerdict(hook.name, Verdict.REFUSE if done.refusal else Verdict.REFER, (code,))
        verdict = join_verdicts(verdict, said)
    if not verdict.is_pass:
        done = replace(done, decided={**say_refused(code or verdict.reasons[0]), **done.decided})
    outcome = OUTCOMES[verdict.verdict]
    illegal = _find_illegal(state, taking, outcome, finding=done.finding)
    if illegal is not None:
        return illegal
    return _append(conn, taking, replace(cleared.moment, rows=rows), done, outcome, verdict)


def overrule(verdict: RiskVerdict, moment: Moment) -> RiskVerdict:
    """A no whose every reason a person has set aside in reopening or judging this very question, as a pass that says so."""
    last = moment.last_answer
    named = set(moment.asked.get("overruled", ()))
    by = moment.decided_by if moment.decided_by != SYSTEM else None
    if last is not None and last.outcome is StepOutcome.REOPENED:
        named |= set(last.decided.get("overruled", ()))
        by = last.decided_by
    if verdict.is_pass or not by or not set(verdict.reasons) <= {code for code in named if may_overrule(code)}:
        return verdict
    return RiskVerdict(verdict.hook, Verdict.PASS, verdict.reasons, {**verdict.figures, "overruled_by": str(by)})


def appeal(conn: psycopg.Connection, taking: Taking, *, words: str, now: dt.datetime, business_on: dt.date) -> Taken:
    """The customer does not accept a no. In the caller's transaction. BadInput for an appeal without words, or with too many."""
    return _answer(conn, taking, StepOutcome.APPEALED, {"words": _check_words(words)}, now, business_on)


def settle_appeal(
    conn: psycopg.Connection, taking: Taking, *, reopen: bool, words: str, now: dt.datetime, business_on: dt.date
) -> Taken:
    """A person upholds a no or opens the step again; asked["overruled"] names the reasons set aside, BadInput for one that may not be."""
    named = [str(code) for code in taking.asked.get("overruled", ())]
    if any(not may_overrule(code) for code in named):
        raise BadInput(
            f"nobody may set aside {[code for code in named if not may_overrule(code)]}", code="REASON_FINAL"
        )
    outcome = StepOutcome.REOPENED if reopen else StepOutcome.UPHELD
    return _answer(conn, taking, outcome, {"words": _check_words(words), "overruled": named}, now, business_on)


def refuse_referred(
    conn: psycopg.Connection, taking: Taking, *, words: str, now: dt.datetime, business_on: dt.date
) -> Taken:
    """A person says no to what was referred to them; to say yes they take the step themselves. In the caller's transaction."""
    return _answer(conn, taking, StepOutcome.REFUSED, {"words": _check_words(words)}, now, business_on)


def _answer(
    conn: psycopg.Connection,
    taking: Taking,
    outcome: StepOutcome,
    decided: dict[str, Any],
    now: dt.datetime,
    on: dt.date,
) -> Taken:
    held = _hold(conn, taking)
    if isinstance(held, StepRow):
        return held
    contract, state, rows = held
    illegal = _find_illegal(state, taking, outcome)
    if illegal is not None:
        return illegal
    moment = make_moment(contract, taking, rows, now=now, business_on=on)
    asked = moment.last_answer
    if asked is None:
        return StepRefusal("NOTHING_REFUSED", *say_reason("NOTHING_REFUSED"))
    verdict = RiskVerdict("human path", Verdict(asked.risk["verdict"]), tuple(asked.risk["reasons"]))
    return _append(conn, taking, moment, Done(decided=decided), outcome, verdict)


def _hold(conn: psycopg.Connection, taking: Taking) -> tuple[Contract, JourneyState, tuple[StepRow, ...]] | StepRow:
    """A contract held against other writers, where it stands and its rows; or the row of this very wish, written before."""
    contract = get_contract(conn, taking.contract_id, lock=True)
    state, rows = read_state(conn, taking.contract_id)
    known = next((row for row in rows if row.key == taking.key), None)
    return (contract, state, rows) if known is None else known


def _find_illegal(
    state: JourneyState, taking: Taking, outcome: StepOutcome, *, finding: str = ""
) -> StepRefusal | None:
    """Why a row may not follow; None where it may."""
    problem = find_illegal(state, Move(taking.step, outcome, taking.subject, finding, taking.decided_by != SYSTEM))
    return None if problem is None else StepRefusal(problem, *say_reason(problem))


def make_moment(
    contract: Contract, taking: Taking, rows: tuple[StepRow, ...], *, now: dt.datetime, business_on: dt.date
) -> Moment:
    """What a wish and a contract's rows so far show to a hook."""
    return Moment(
        contract=contract, step=taking.step, subject=taking.subject, asked=taking.asked, rows=rows, now=now, business_on=business_on,
        decided_by=taking.decided_by,
    )  # fmt: skip


def _append(
    conn: psycopg.Connection, taking: Taking, moment: Moment, done: Done, outcome: StepOutcome, verdict: RiskVerdict
) -> StepRow:
    """Write the row behind those of the moment, which are all there are: the contract is held."""
    row = StepRow(
        contract_id=taking.contract_id,
        number=len(moment.rows) + 1,
        step=taking.step,
        outcome=outcome,
        subject=taking.subject,
        at=moment.now,
        business_on=moment.business_on,
        finding=done.finding,
        decided=dict(done.decided),
        risk=verdict.body(),
        fact=name_fact(taking.step, outcome),
        account_id=done.account_id,
        fact_id=done.fact_id,
        decided_by=taking.decided_by,
        key=taking.key,
    )
    store.insert_step(conn, row)
    return row


def say_refused(code: str) -> dict[str, Any]:
    """The answer that says no to a step, with both sentences, whichever room the reason comes from."""
    if code not in REASON_WORDS:
        return refusal(code)
    zh, en = say_reason(code)
    return {"outcome": "refused", "code": code, "sentence": zh, "sentence_en": en}


def _check_words(words: str) -> str:
    if not 0 < len(words.strip()) <= WORD_LENGTH_MAX:
        raise BadInput(f"say why, in at most {WORD_LENGTH_MAX} characters", code="WORDS_MISSING")
    return mask_text(words.strip())
