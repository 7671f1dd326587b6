"""Complaints: received, answered within their clock; `jobs` tells who is late. What was said is sealed, like everything personal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.customers import store as persons_store
from honghua.customers.conduct import store_complaints as store
from honghua.customers.conduct.store_complaints import ComplaintAct, ComplaintRow
from honghua.customers.core.complaints import COMPLAINT_RULES, ComplaintRules, Stage, find_due
from honghua.customers.core.personal import Part
from honghua.customers.persons import Access, get_person, open_keys
from honghua.customers.store import AccessRow
from honghua.customers.vault import OWN, Vault, open_sealed, reseal, seal

WORDS_MAX: Final = 4_000
PLACE: Final = "customers_complaint/{}"
ANSWER_PLACE: Final = "customers_complaint_answer/{}"
OPEN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint with its clock. due_on: the last day in time; answered_at None: open."""

    complaint_id: int
    customer: str
    channel: str
    about: str
    received_on: dt.date
    stage: Stage
    due_on: dt.date
    answered_at: dt.datetime | None

    def is_overdue(self, on: dt.date) -> bool:
        """Whether its day is over and nobody has answered."""
        return self.answered_at is None and on > self.due_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody complains of: by which channel, about what (one word), in which words."""

    channel: str
    about: str
    words: str
    key: str


def receive_complaint(
    conn: psycopg.Connection, vault: Vault, customer: str, said: Said, *, on: dt.date, now: dt.datetime
) -> Complaint:
    """Start a complaint's clock; the same key gives the same complaint. In the caller's transaction. BadInput without words."""
    if not 0 < len(said.words.strip()) <= WORDS_MAX:
        raise BadInput(f"say what it is about, in at most {WORDS_MAX} characters", code="COMPLAINT_EMPTY")
    person = get_person(conn, customer, lock=True)
    key = open_keys(conn, vault, person, lock=True).get(Part.CONTACT)
    if key is None:
        raise Conflict(f"{customer} has left: nothing is written any more", code="PERSON_HAS_LEFT")
    sealed = seal(key, OWN, said.words.strip().encode(), PLACE.format(person.person_id))
    number = store.insert_complaint(
        conn,
        person.person_id,
        ComplaintRow(0, customer, said.channel, said.about, sealed, said.key, on, now, None, None),
    )
    return get_complaint(conn, number)


def extend_complaint(
    conn: psycopg.Connection, complaint_id: int, stage: Stage, *, person: str, why: str, now: dt.datetime
) -> Complaint:
    """More time, with the reason: complex first, special from there. In the caller's transaction. Conflict out of turn or answered."""
    complaint = get_complaint(conn, complaint_id)
    wanted = {Stage.PLAIN: Stage.COMPLEX, Stage.COMPLEX: Stage.SPECIAL}.get(complaint.stage)
    if complaint.answered_at is not None or stage is not wanted:
        raise Conflict(f"a {complaint.stage} complaint cannot become {stage}", code="STAGE_WRONG")
    store.insert_act(conn, complaint_id, stage.value, person=person, why=why, now=now)
    return get_complaint(conn, complaint_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The end of a complaint: who answers, in which words for the one who complained, and why so, a note of ours without names."""

    person: str
    words: str
    why: str


def answer_complaint(
    conn: psycopg.Connection, vault: Vault, complaint_id: int, answer: Answered, *, now: dt.datetime
) -> Complaint:
    """Answer a complaint; the words are sealed as what was said. In the caller's transaction.

    BadInput without words. Conflict where it was answered before, or its person has left.
    """
    if not 0 < len(answer.words.strip()) <= WORDS_MAX:
        raise BadInput(f"an answer has words, at most {WORDS_MAX} characters", code="COMPLAINT_EMPTY")
    row = _get(conn, complaint_id)
    person = get_person(conn, row.customer, lock=True)
    if get_complaint(conn, complaint_id).answered_at is not None:
        raise Conflict("this complaint was answered before", code="COMPLAINT_ANSWERED")
    key = open_keys(conn, vault, person, lock=True).get(Part.CONTACT)
    if key is None:
        raise Conflict(f"{row.customer} has left: nothing is written any more", code="PERSON_HAS_LEFT")
    sealed = seal(key, OWN, answer.words.strip().encode(), ANSWER_PLACE.format(complaint_id))
    store.insert_answer(conn, complaint_id, sealed)
    store.insert_act(conn, complaint_id, "answered", person=answer.person, why=answer.why, now=now)
    return get_complaint(conn, complaint_id)


def list_answers(conn: psycopg.Connection, vault: Vault, customer: str) -> dict[int, str]:
    """What somebody's complaints were answered, by number; nothing where the key was erased. NotFound for nobody."""
    person = get_person(conn, customer)
    key = open_keys(conn, vault, person).get(Part.CONTACT)
    if key is None:
        return {}
    return {
        number: open_sealed(key, sealed, ANSWER_PLACE.format(number)).decode()
        for number, sealed in store.list_answers(conn, person.person_id).items()
    }


def list_answered(
    conn: psycopg.Connection, *, limit: int = OPEN_MAX, rules: ComplaintRules = COMPLAINT_RULES
) -> list[Complaint]:
    """Everybody's complaints that were answered, the newest answer first."""
    return [_view(row, rules) for row in store.list_ended(conn, limit=limit)]


def list_complaint_acts(conn: psycopg.Connection, complaint_id: int) -> list[ComplaintAct]:
    """What people did with a complaint, in order: longer, longer still, answered."""
    return store.list_acts(conn, complaint_id)


def get_complaint(conn: psycopg.Connection, complaint_id: int, *, rules: ComplaintRules = COMPLAINT_RULES) -> Complaint:
    """One complaint; NotFound."""
    return _view(_get(conn, complaint_id), rules)


def list_complaints(
    conn: psycopg.Connection, *, customer: str | None = None, rules: ComplaintRules = COMPLAINT_RULES
) -> list[Complaint]:
    """Somebody's complaints, or all that are open, the most urgent first."""
    person_id = None if customer is None else get_person(conn, customer).person_id
    found = [_view(row, rules) for row in store.list_complaints(conn, person_id=person_id, limit=OPEN_MAX)]
    return sorted(found, key=lambda one: (one.due_on, one.complaint_id))


def read_complaint(
    conn: psycopg.Connection, vault: Vault, complaint_id: int, access: Access, *, now: dt.datetime
) -> str:
    """What was said, the look at it written down; in the caller's transaction. Conflict where its key was erased with the person."""
    row = _get(conn, complaint_id)
    person = get_person(conn, row.customer)
    key = open_keys(conn, vault, person).get(Part.CONTACT)
    if key is None:
        raise Conflict(f"{row.customer} has left: what they said is gone", code="PERSON_HAS_LEFT")
    persons_store.insert_access(conn, person.person_id, AccessRow(["complaint"], access.viewer, access.purpose, now))
    return open_sealed(key, row.sealed, PLACE.format(person.person_id)).decode()


def reseal_complaints(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's complaints under their new key; for rotation."""
    if Part.CONTACT not in old:
        return
    place = PLACE.format(person_id)
    for row in store.list_complaints(conn, person_id=person_id, limit=OPEN_MAX):
        again = reseal(old[Part.CONTACT], new[Part.CONTACT], row.sealed, place)
        store.reseal_complaint(conn, row.complaint_id, again)
    for number, sealed in store.list_answers(conn, person_id).items():
        again = reseal(old[Part.CONTACT], new[Part.CONTACT], sealed, ANSWER_PLACE.format(number))
        store.reseal_answer(conn, number, again)


def _get(conn: psycopg.Connection, complaint_id: int) -> ComplaintRow:
    row = store.find_complaint(conn, complaint_id)
    if row is None:
        raise NotFound(f"no complaint {complaint_id}", code="COMPLAINT_UNKNOWN")
    return row


def _view(row: ComplaintRow, rules: ComplaintRules) -> Complaint:
    stage = Stage(row.stage or Stage.PLAIN)
    return Complaint(
        complaint_id=row.complaint_id, customer=row.customer, channel=row.channel, about=row.about, received_on=row.received_on,
        stage=stage, due_on=find_due(row.received_on, stage, rules=rules), answered_at=row.answered_at,
    )  # fmt: skip
