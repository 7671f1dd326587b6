"""Contracts that wait for a person: a step that was referred to one, or a no that the customer does not accept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import Conflict, HonghuaError
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.web.address_parts import Id
from honghua.web.consumer.joining.ports import find_ports, take_steps
from honghua.web.desk.acting import act, doing_of, noted
from honghua.web.desk.acts import Doing, list_acts
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.ground import site_of
from honghua.web.ui.forms import Form, read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/journeys")
SHOWN: Final = 100
ANSWERS: Final = {
    journey.StepOutcome.APPEALED: ("uphold", "reopen"),
    journey.StepOutcome.REFERRED: ("grant", "refuse"),
}
GRANTABLE: Final = frozenset({journey.Step.PROOFING, journey.Step.APPLICATION, journey.Step.APPROVAL})
REFUSABLE: Final = GRANTABLE | {journey.Step.CONTRACT}
ASIDE: Final = "aside_"  # in front of the code of a reason that the person sets aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One question of a contract that waits for a person. words: of the customer's appeal; may_set_aside: reasons that a person may
    overrule; answers: what can be said here, the rest is decided where the purchase or the payout is."""

    row: journey.StepRow
    customer: str
    reasons: tuple[tuple[str, str, str], ...]
    words: str
    may_set_aside: tuple[str, ...]
    answers: tuple[str, ...]


def find_open(conn: psycopg.Connection, *, limit: int) -> list[Open]:
    """What waits for a person, the oldest first."""
    waiting = journey.list_waiting(conn, limit=limit)
    return [describe(row, journey.get_contract(conn, row.contract_id).customer) for row in waiting]


def describe(row: journey.StepRow, customer: str) -> Open:
    """A waiting row as people read it."""
    codes = tuple(str(code) for code in row.risk.get("reasons", ()))
    answers: tuple[str, ...] = ANSWERS[row.outcome]
    if row.outcome is journey.StepOutcome.REFERRED:
        answers = tuple(word for word, steps in (("grant", GRANTABLE), ("refuse", REFUSABLE)) if row.step in steps)
    return Open(
        row=row, customer=customer, reasons=tuple((code, *journey.say_any(code)) for code in codes),
        words=str(row.decided.get("words", "")) if row.outcome is journey.StepOutcome.APPEALED else "",
        may_set_aside=tuple(code for code in codes if journey.may_overrule(code)), answers=answers,
    )  # fmt: skip


@router.get("", name="desk.journeys")
async def show(request: Request) -> Response:
    """The queue."""
    rows = await site_of(request).read(lambda conn: find_open(conn, limit=SHOWN))
    return await draw(request, "desk/human/journeys.html", rows=rows, is_cut=len(rows) == SHOWN)


@router.get("/{contract_id}", name="desk.journey")
async def one(request: Request, contract_id: Id) -> Response:
    """A contract: every step that was taken, and what waits, with what may be answered."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        contract = journey.get_contract(conn, contract_id)
        _, steps = journey.read_state(conn, contract_id)
        return {
            "contract": contract, "steps": steps, "waiting": find_waiting(steps, contract.customer),
            "requests": find_requests(conn, contract.customer),
            "acts": list_acts(conn, subject=name_subject(contract_id), limit=20),
        }  # fmt: skip

    values = await site_of(request).read(read)
    return await draw(request, "desk/human/journey.html", has_ports=find_ports(request) is not None, **values)


def find_waiting(steps: tuple[journey.StepRow, ...], customer: str) -> list[Open]:
    """Of a contract's rows those whose question waits for a person."""
    last = {(row.step, row.subject): row for row in steps}
    return [describe(row, customer) for row in last.values() if row.outcome in ANSWERS]


def find_requests(conn: psycopg.Connection, customer: str) -> list[customers.RequestRow]:
    """Open wishes of a customer that a person decide."""
    return [
        row
        for row in customers.list_requests(conn, customer=customer)
        if row.kind == customers.RightKind.HUMAN_DECISION and row.closed_at is None
    ]


def name_subject(contract_id: int) -> str:
    """Of the acts about a contract."""
    return f"contract {contract_id}"


@router.post("/{contract_id}/answer", name="desk.journey_answer")
async def answer(request: Request, contract_id: Id) -> Response:
    """A person's word on one question; the step itself is taken where it is a yes to what was referred."""
    form = await read_form(request)
    here: dict[str, Any] = {"contract_id": contract_id}
    site, now = site_of(request), site_of(request).clock.now()

    def find(conn: psycopg.Connection) -> Open | None:
        contract = journey.get_contract(conn, contract_id)
        _, steps = journey.read_state(conn, contract_id)
        return next((one for one in find_waiting(steps, contract.customer) if name_question(one.row) == asked), None)

    asked = form.text("question", chars_max=WHY_CHARS_MAX)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    found = await site.read(find) if form.is_good else None
    word = form.choice("word", frozenset(found.answers if found else ()))
    if not form.is_good or found is None:
        return told(request, "desk.journey", "desk.why_needed", tone="bad", **here)
    taking = make_taking(request, form, found)
    doing = doing_of(request, f"{found.row.step.name.lower()}: {word}", name_subject(contract_id), why)
    try:
        if word == "grant":
            taken = await grant(request, doing, found, taking, why=why, now=now)
        else:
            taken = await act(request, doing, lambda conn: speak(conn, word, taking, why=why, now=now))
        await site.write(lambda conn: close_requests(conn, found.customer, by=taking.decided_by, why=why, now=now))
    except HonghuaError as error:
        return refused(request, "desk.journey", error, **here)
    words = {"outcome": taken.outcome.value, "code": str(taken.decided.get("code", ""))}
    key = f"desk.journey_done_{taken.outcome.value}"
    return told(request, "desk.journey", key, values=words, **here)


def name_question(row: journey.StepRow) -> str:
    """Which row a form answers: another one asked since makes it stale."""
    return f"{row.contract_id}:{row.number}"


def make_taking(request: Request, form: Form, found: Open) -> journey.Taking:
    """The person's wish, with the reasons that they set aside by name."""
    aside = [code for code in found.may_set_aside if form.values.get(ASIDE + code) == "yes"]
    asked: dict[str, Any] = {"overruled": aside}
    if found.row.step is journey.Step.PROOFING and "proof" in found.row.decided:
        asked["proof"] = found.row.decided["proof"]
    return journey.Taking(
        contract_id=found.row.contract_id, step=found.row.step, key=f"desk:{form.key()}", subject=found.row.subject,
        asked=asked, decided_by=viewer_of(request).subject,
    )  # fmt: skip


def speak(
    conn: psycopg.Connection, word: str, taking: journey.Taking, *, why: str, now: dt.datetime
) -> journey.StepRow:
    """A word that needs nothing but to be written: upheld, opened again, refused. In the caller's transaction; Conflict when it is late."""
    on = credit.get_business_day(conn)
    if word == "refuse":
        return check_taken(journey.refuse_referred(conn, taking, words=why, now=now, business_on=on))
    is_open = word == "reopen"
    return check_taken(journey.settle_appeal(conn, taking, reopen=is_open, words=why, now=now, business_on=on))


async def grant(
    request: Request, doing: Doing, found: Open, taking: journey.Taking, *, why: str, now: dt.datetime
) -> journey.StepRow:
    """Take the step as the person who answers for it: the law and the books are asked as always, only what they set aside is not."""
    if find_ports(request) is None:
        raise Conflict("no identity service and no bureau are attached to this process", code="PORTS_MISSING")
    steps = {
        journey.Step.PROOFING: prove_by_hand,
        journey.Step.APPLICATION: journey.apply_for_credit,
        journey.Step.APPROVAL: journey.approve,
    }
    async with noted(request, doing):
        if found.row.step is journey.Step.PROOFING:
            proof = str(found.row.decided.get("proof", ""))
            vault, word = (
                site_of(request).secrets.vault,
                customers.ProofWord(is_proven=True, by=taking.decided_by, why=why),
            )
            await site_of(request).write(lambda conn: customers.settle_proof(conn, vault, proof, word, now=now))
        step = steps[found.row.step]
        return check_taken(await take_steps(request, lambda conn, on: step(conn, on, taking, now=now)))


def prove_by_hand(
    conn: psycopg.Connection, site: journey.JourneySite, taking: journey.Taking, *, now: dt.datetime
) -> journey.Taken:
    """The proofing that a person has decided; its services are not asked again, so there is no evidence to show them."""
    nothing = customers.Evidence(name="", national_id="", phone="", card="", clip="")
    return journey.prove_identity(conn, site, taking, nothing, now=now)


def check_taken(taken: journey.Taken) -> journey.StepRow:
    """The row; Conflict where it was not this answer's turn any more."""
    if isinstance(taken, journey.StepRefusal):
        raise Conflict(taken.sentence_en, code=taken.code)
    return taken


def close_requests(conn: psycopg.Connection, customer: str, *, by: str, why: str, now: dt.datetime) -> None:
    """The customer's wish that a person decide is answered with the same word. In the caller's transaction."""
    for row in find_requests(conn, customer):
        customers.close_request(conn, row.request_id, by=by, outcome=why, now=now)


__all__ = ["find_open", "router"]
