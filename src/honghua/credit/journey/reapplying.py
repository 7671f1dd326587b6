"""Applying again after a no: a new contract with its own twelve steps; what was refused before stays and stands beside it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg

from honghua.credit.core.journey import EarlierNo, Step, StepOutcome, find_wait, say_reason
from honghua.credit.core.lines.purposes import Purpose
from honghua.credit.journey import store
from honghua.credit.journey.setting import JourneySite
from honghua.credit.journey.taking import StepRefusal, begin_contract, get_contract, read_state

NO: tuple[StepOutcome, ...] = (StepOutcome.REFUSED, StepOutcome.UPHELD)
WAITING: tuple[StepOutcome, ...] = (StepOutcome.APPEALED, StepOutcome.REFERRED, StepOutcome.REOPENED)


def list_earlier(conn: psycopg.Connection, customer: str, purpose: Purpose, *, but: int = 0) -> list[EarlierNo]:
    """Every application of a customer for a purpose that stands refused, the oldest first. but: the contract that asks."""
    found = []
    for contract in store.list_contracts(conn, customer):
        if contract.contract_id == but or contract.purpose is not purpose:
            continue
        rows = [
            row for row in store.list_steps(conn, contract.contract_id) if row.step in (Step.APPLICATION, Step.APPROVAL)
        ]
        if rows and rows[-1].outcome in NO:
            codes = next((row.risk["reasons"] for row in reversed(rows) if row.outcome is StepOutcome.REFUSED), ())
            is_upheld = rows[-1].outcome is StepOutcome.UPHELD
            found.append(EarlierNo(contract.contract_id, rows[-1].business_on, is_upheld, tuple(codes)))
    return found


def describe_earlier(earlier: list[EarlierNo]) -> list[dict[str, Any]]:
    """The same as plain values, kept with the new application."""
    return [
        {"contract_id": one.contract_id, "on": one.on.isoformat(), "upheld": one.is_upheld, "reasons": list(one.codes)}
        for one in earlier
    ]


def begin_again(
    conn: psycopg.Connection, site: JourneySite, contract_id: int, *, now: dt.datetime, business_on: dt.date
) -> int | StepRefusal:
    """A new contract after one that was refused, once its wait is over; the same contract again gives the same new one. In the caller's
    transaction. Refused: nothing was refused or something still waits for a person (CONTRACT_OPEN), APPLICATION_COOLING, APPLICATIONS_MANY.
    """
    contract = get_contract(conn, contract_id, lock=True)
    state, _ = read_state(conn, contract_id)
    stopped = state.asked.get(state.stopped) if state.stopped is not None else None
    if stopped not in NO:
        return _refuse("CONTRACT_OPEN")
    wait = find_wait(site.reapply_rules, list_earlier(conn, contract.customer, contract.purpose), business_on)
    if wait is not None:
        return _refuse(wait[0], until=wait[1])
    return begin_contract(conn, contract.customer, product=contract.product, key=f"after:{contract_id}", now=now)


def _refuse(code: str, *, until: dt.date | None = None) -> StepRefusal:
    return StepRefusal(code, *say_reason(code), until)
