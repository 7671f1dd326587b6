"""What a risk hook is shown, and what it must be able to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from honghua.credit.core.journey import PASS, RiskVerdict, Step
from honghua.credit.journey.store import SYSTEM, Contract, StepRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A step about to be taken. asked: what was asked for, plain values; rows: the contract's rows so far."""

    contract: Contract
    step: Step
    subject: str
    asked: Mapping[str, Any]
    rows: tuple[StepRow, ...]
    now: dt.datetime
    business_on: dt.date
    decided_by: str = SYSTEM

    @property
    def last_answer(self) -> StepRow | None:
        """The newest row about this very question: the same step and subject."""
        return next((row for row in reversed(self.rows) if (row.step, row.subject) == (self.step, self.subject)), None)

    def last_passed(self, step: Step, *, subject: str | None = None) -> StepRow | None:
        """The newest row that passed a step, of any subject or of one."""
        return next(
            (
                row
                for row in reversed(self.rows)
                if row.step is step and row.outcome == "passed" and subject in (None, row.subject)
            ),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a deed came to. decided: what the row keeps; refusal: code of a no; referral: code of a wait; fact_id: of the account's fact."""

    decided: Mapping[str, Any] = field(default_factory=dict)
    refusal: str | None = None
    referral: str | None = None
    account_id: int | None = None
    fact_id: int | None = None
    finding: str = ""


class RiskHook(Protocol):
    """Looks at one kind of step. `before` may forbid it; `after` sees what was done: where that cannot be undone it calls a person."""

    @property
    def name(self) -> str:
        """What the row calls it."""
        ...

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """The verdict on a step not yet done. Reads only."""
        ...

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """The verdict on what was done. Reads only."""
        ...


class Quiet:
    """A base for hooks that look at one side only."""

    def before(self, conn: psycopg.Connection, moment: Moment) -> RiskVerdict:
        """Nothing to say."""
        return PASS

    def after(self, conn: psycopg.Connection, moment: Moment, done: Done) -> RiskVerdict:
        """Nothing to say."""
        return PASS
