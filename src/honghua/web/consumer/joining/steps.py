"""Where an applicant stands, and the steps that they take from there. Keys follow from the place: a form sent twice takes one step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg

from honghua.base.errors import NotFound
from honghua.credit import api as credit
from honghua.credit.core import purpose_of_product
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Field, Profile
from honghua.store.database import run_unit

PRODUCT: Final = "huabei"
MS: Final = dt.timedelta(milliseconds=1)


class Place(StrEnum):
    """Which page is next."""

    AGREEMENTS = "agreements"
    IDENTITY = "identity"
    APPLICATION = "application"
    APPROVAL = "approval"
    CONTRACT = "contract"
    STOPPED = "stopped"
    DONE = "done"


PLACES: Final = {
    journey.Step.PROOFING: Place.IDENTITY,
    journey.Step.APPLICATION: Place.APPLICATION,
    journey.Step.APPROVAL: Place.APPROVAL,
    journey.Step.CONTRACT: Place.CONTRACT,
}

DECIDED: Final = (journey.StepOutcome.REFUSED, journey.StepOutcome.REFERRED, journey.StepOutcome.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where somebody stands. contract_id: 0 before the first agreement; step: whose turn it is, or which stopped; rows: all so far."""

    place: Place
    contract_id: int = 0
    step: journey.Step | None = None
    rows: tuple[journey.StepRow, ...] = ()

    @property
    def last(self) -> journey.StepRow | None:
        """The newest row of the step that stopped."""
        return self._find_newest(self.step, tuple(journey.StepOutcome))

    @property
    def decision(self) -> journey.StepRow | None:
        """The newest machine's or person's no, wait or yes to the step, with its reasons; not the appeal against it."""
        return self._find_newest(self.step, DECIDED)

    @property
    def approval(self) -> journey.StepRow | None:
        """What granted the credit, and who."""
        return self._find_newest(journey.Step.APPROVAL, (journey.StepOutcome.PASSED,))

    def _find_newest(
        self, step: journey.Step | None, outcomes: tuple[journey.StepOutcome, ...]
    ) -> journey.StepRow | None:
        return next((row for row in reversed(self.rows) if row.step is step and row.outcome in outcomes), None)

    def key(self, step: journey.Step) -> str:
        """Of the next wish for a step: the same until a row of it stands, another after a no that was opened again."""
        tries = sum(row.step is step for row in self.rows)
        return f"web:{self.contract_id}:{step.name.lower()}:{tries}"

    def taking(self, step: journey.Step, **asked: Any) -> journey.Taking:
        """The next wish for a step."""
        return journey.Taking(contract_id=self.contract_id, step=step, key=self.key(step), asked=asked)


def list_of(conn: psycopg.Connection, customer: str, *, product: str = PRODUCT) -> list[journey.Contract]:
    """A customer's contracts for what a product is for, the oldest first."""
    purpose = purpose_of_product(product)
    return [one for one in journey.list_contracts(conn, customer) if one.purpose is purpose]


def find_newest_document(conn: psycopg.Connection, customer: str, *, product: str = PRODUCT) -> str | None:
    """The key of the newest contract's document that the customer was shown for a product's purpose; None where none was."""
    shown = set(customers.list_contracts(conn, customer))
    keys = [journey.document_key(one.contract_id) for one in list_of(conn, customer, product=product)]
    return next((key for key in reversed(keys) if key in shown), None)


def read_standing(conn: psycopg.Connection, customer: str, *, product: str = PRODUCT) -> Standing:
    """Where the customer's newest contract for a product's purpose stands. A needed agreement that is missing comes before everything
    that is not decided."""
    found = list_of(conn, customer, product=product)
    if not found:
        return Standing(place=Place.AGREEMENTS)
    contract_id = found[-1].contract_id
    state, rows = journey.read_state(conn, contract_id)
    if state.stopped is not None:
        return Standing(place=Place.STOPPED, contract_id=contract_id, step=state.stopped[0], rows=rows)
    step = next((one for one in journey.list_next(state) if one in PLACES), None)
    if step is None:
        return Standing(place=Place.DONE, contract_id=contract_id, rows=rows)
    place = Place.AGREEMENTS if customers.find_missing(conn, customer) else PLACES[step]
    return Standing(place=place, contract_id=contract_id, step=step, rows=rows)


def begin(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> int:
    """The contract that is worked at, begun where there is none. In the caller's transaction."""
    found = list_of(conn, customer)
    if found:
        return found[-1].contract_id
    return journey.begin_contract(conn, customer, product=PRODUCT, key=f"web:{customer}", now=now)


def read_phone(conn: psycopg.Connection, vault: customers.Vault, customer: str, *, now: dt.datetime) -> str:
    """The number that the customer proved by signing in; the look is written down. In the caller's transaction; NotFound without one."""
    access = customers.Access(customer, customers.Purpose.IDENTITY_CHECK)
    found = customers.reveal(conn, vault, customer, [Field.PHONE], access, now=now)
    if Field.PHONE not in found:
        raise NotFound("no phone is known", code="PHONE_UNKNOWN")
    return found[Field.PHONE]


def prove(
    conn: psycopg.Connection,
    site: journey.JourneySite,
    standing: Standing,
    evidence: customers.Evidence,
    *,
    now: dt.datetime,
) -> journey.Taken:
    """Step 2."""
    taking = standing.taking(journey.Step.PROOFING, proof=standing.key(journey.Step.PROOFING))
    return journey.prove_identity(conn, site, taking, evidence, now=now)


def apply(
    conn: psycopg.Connection,
    site: journey.JourneySite,
    standing: Standing,
    asked_minor: int,
    *,
    now: dt.datetime,
    observed: journey.Observed | None = None,
) -> journey.Taken:
    """Step 3. observed: what the page saw of how it was applied, where it looked."""
    wish = standing.taking(journey.Step.APPLICATION, asked_minor=asked_minor)
    return journey.apply_for_credit(conn, site, wish, now=now, observed=observed)


def judge(
    conn: psycopg.Connection, site: journey.JourneySite, standing: Standing, *, now: dt.datetime
) -> journey.Taken:
    """Step 4, on what the application asked for."""
    return journey.approve(conn, site, standing.taking(journey.Step.APPROVAL), now=now)


def sign(
    conn: psycopg.Connection, site: journey.JourneySite, standing: Standing, shown_digest: bytes, *, now: dt.datetime
) -> journey.Taken:
    """Step 5: signature and account. BadInput CONTRACT_UNREAD before its time, CONTRACT_OTHER for another text."""
    document = customers.get_document(conn, journey.document_key(standing.contract_id))
    return journey.sign_contract(
        conn, site, standing.taking(journey.Step.CONTRACT), shown_digest=shown_digest, read_ms=(now - document.shown_at) // MS, now=now
    )  # fmt: skip


def write_situation(
    conn: psycopg.Connection, vault: customers.Vault, customer: str, profile: Profile, *, now: dt.datetime
) -> None:
    """What the applicant says of their situation, kept sealed. In the caller's transaction."""
    customers.write_profile(conn, vault, customer, profile, said_by=customer, now=now)


def appeal(conn: psycopg.Connection, customer: str, standing: Standing, words: str, *, now: dt.datetime) -> bool:
    """Ask a person to look at a no: the contract's own appeal, and the right with its clock. Whether it was taken; in the caller's
    transaction."""
    assert standing.step is not None, "stopped at a step"
    taking = standing.taking(standing.step)
    on = credit.get_business_day(conn)
    taken = journey.appeal(conn, taking, words=words, now=now, business_on=on)
    if isinstance(taken, journey.StepRefusal):
        return False
    customers.make_request(conn, customer, customers.RightKind.HUMAN_DECISION, now=now)
    return True


def apply_again(
    conn: psycopg.Connection, site: journey.JourneySite, standing: Standing, *, now: dt.datetime
) -> int | journey.StepRefusal:
    """A new contract after a no, where its wait is over."""
    return run_unit(
        conn,
        lambda c: journey.begin_again(
            c, site, standing.contract_id, now=now, business_on=credit.get_business_day(c)
        ),
    )  # fmt: skip


def find_fake_answer(rows: tuple[journey.StepRow, ...]) -> bool:
    """Whether a fake service proved this identity."""
    return any(row.step is journey.Step.PROOFING and bool(row.decided.get("is_fake")) for row in rows)
