"""What must hold of contracts: every path is legal, every signature had its consents, every fact that a row names is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np
import psycopg

from honghua.base.checks import Check, check_of
from honghua.base.errors import IntegrityBroken, NotFound
from honghua.credit.core.journey import Step, StepOutcome, find_illegal, name_fact
from honghua.credit.core.journey.machine import JourneyState, advance
from honghua.credit.journey import store
from honghua.credit.journey.screening.looking import find_scored, replay_screen
from honghua.credit.journey.store import StepRow
from honghua.customers import api as customers
from honghua.store.facts import read_facts

CONTRACTS_AT_ONCE: Final = 1_000


def check_journeys(conn: psycopg.Connection) -> tuple[Check, ...]:
    """All of it, in the caller's transaction. Accounts that no contract opened (replay, city, older data) are counted, not broken."""
    counts: dict[str, int] = defaultdict(int)
    broken: dict[str, list[str]] = defaultdict(list)
    for customer, rows in each_contract(conn):
        name = f"contract {rows[0].contract_id}"
        counts["legal"] += len(rows)
        problem = find_unlawful(rows)
        if problem is not None:
            broken["legal"].append(f"{name}/{problem}")
        signed = [row for row in rows if row.step is Step.CONTRACT and row.outcome is StepOutcome.PASSED]
        counts["consented"] += len(signed)
        broken["consented"] += [name for row in signed if not has_consents(conn, customer, row)]
        counts["priced"] += len(signed)
        broken["priced"] += [name for row in signed if not has_its_price(conn, rows, row)]
        scored = [row for row in rows if find_scored(row) is not None]
        counts["screened"] += len(scored)
        broken["screened"] += [f"{name}/{row.number}" for row in scored if not is_replayed(conn, row)]
        counts["facts"] += sum(row.fact_id is not None for row in rows)
        broken["facts"] += [f"{name}/{number}" for number in find_lost_facts(conn, rows)]
    without, _ = store.list_without_contract(conn, limit=0)
    return (
        check_of("credit.contract_steps_legal", counts["legal"], broken["legal"]),
        check_of("credit.contracts_consented", counts["consented"], broken["consented"]),
        check_of("credit.contracts_priced", counts["priced"], broken["priced"]),
        check_of("credit.contract_facts_exist", counts["facts"], broken["facts"]),
        check_of("credit.application_scores_replay", counts["screened"], broken["screened"]),
        check_of("credit.accounts_without_contract", without, ()),
    )


def each_contract(conn: psycopg.Connection) -> Iterator[tuple[str, list[StepRow]]]:
    """(customer, rows in order) of every contract that has rows, by rising number."""
    after = 0
    while page := store.list_after(conn, after, limit=CONTRACTS_AT_ONCE):
        for contract_id, customer in page:
            rows = store.list_steps(conn, contract_id)
            if rows:
                yield customer, rows
        after = page[-1][0]


def find_unlawful(rows: list[StepRow]) -> str | None:
    """ "number CODE" of the first row that may not stand where it stands; None where all may."""
    state = JourneyState()
    for place, row in enumerate(rows, start=1):
        if row.number != place:
            return f"{row.number} NUMBER_GAP"
        if place > 1 and row.at < rows[place - 2].at:
            return f"{place} TIME_BACKWARDS"
        if row.fact != name_fact(row.step, row.outcome):
            return f"{place} FACT_OTHER"
        problem = find_illegal(state, row.move())
        if problem is not None:
            return f"{place} {problem}"
        state = advance(state, row.move())
    return None


def has_consents(conn: psycopg.Connection, customer: str, row: StepRow) -> bool:
    """Whether everything needed was agreed to when a contract was signed, read for long enough, and the row says the same (R-018)."""
    given = customers.list_given_at(conn, customer, row.at)
    said = {kind: {"version": one.version, "read_ms": one.read_ms} for kind, one in given.items()}
    return not customers.find_unread(conn, given) and row.decided.get("consents") == said and row.account_id is not None


def has_its_price(conn: psycopg.Connection, rows: list[StepRow], signed: StepRow) -> bool:
    """Whether the account stands under the terms that the approval settled, at the approved price and not above the cap of its day (R-091).

    Contracts of before approvals settled terms have what their account has.
    """
    approved = next((row.decided for row in reversed(rows) if (row.step, row.outcome) == (Step.APPROVAL, "passed")), {})
    if "terms" not in approved:
        return True
    found = conn.execute(
        "SELECT t.name, coalesce((t.body->>'price_ppm')::bigint, 0) FROM credit_account AS a JOIN credit_terms AS t USING (terms_id)"
        " WHERE account_id = %s",
        [signed.account_id],
    ).fetchone()
    cap_ppm = signed.decided["cap_ppm"]
    named = (approved["terms"], approved["price_ppm"])
    return found == named == (signed.decided["terms"], signed.decided["price_ppm"]) and (
        cap_ppm is None or named[1] <= cap_ppm
    )


def is_replayed(conn: psycopg.Connection, row: StepRow) -> bool:
    """Whether an application's record gives its score and reasons again, to the last bit, by the version that it names (R-061)."""
    told = find_scored(row)
    try:
        again = replay_screen(conn, row)
    except (IntegrityBroken, NotFound):
        return False
    return told is not None and again is not None and all(told[name] == value for name, value in again.items())


def find_lost_facts(conn: psycopg.Connection, rows: list[StepRow]) -> list[int]:
    """Numbers of rows that name a fact which their account does not have."""
    named = [row for row in rows if row.fact_id is not None]
    if not named:
        return []
    accounts = sorted({int(row.account_id or 0) for row in named})
    facts = read_facts(conn, np.array(accounts, np.int64))
    known = set(zip(facts.account_id.tolist(), facts.fact_id.tolist(), strict=True))
    return [row.number for row in named if (row.account_id, row.fact_id) not in known]
