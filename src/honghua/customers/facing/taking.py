"""A face recorded for an aim: digits drawn by lot, a film that says them within their minute, what a face service says of it.

The service is asked outside any transaction, under one request id for a challenge. Whoever fails too often for one aim is asked no more:
a person looks. A film that anybody has brought before is no face. The film itself goes to the service and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Refusal, TimedOut
from honghua.customers.core.proofs import LIVENESS_MIN_PPM, Said
from honghua.customers.core.recordings import FACE_TEXT, RECORDING_RULES, FilmKind, RecordingRules
from honghua.customers.facing import store
from honghua.customers.facing.port import FaceAnswer, FaceService, Film
from honghua.customers.facing.store import RecordingRow
from honghua.customers.persons import get_person
from honghua.customers.proofing.challenging import Challenge, answer_challenge, issue_challenge
from honghua.store.database import run_unit

ASKS_MAX: Final = 3  # of a silent service
SECONDS: Final = 10.0
DAY: Final = dt.timedelta(days=1)
SWEEP: Final = 10_000
OVER: Final = Refusal("FACE_TRIES_OVER", "the face check failed too often; a person looks at it now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a page brings: for which aim and challenge, the film with its kind, and the bound device's signature, b"" for none."""

    aim: str
    challenge_id: int
    content: bytes = field(repr=False)
    kind: FilmKind
    text_version: int
    signature: bytes = field(default=b"", repr=False)


def begin_recording(
    conn: psycopg.Connection, customer: str, aim: str, *, now: dt.datetime, rules: RecordingRules = RECORDING_RULES
) -> Challenge | Refusal:
    """Digits for one film, in the caller's transaction. Refusals: FACE_TRIES_OVER (a person looks now), CHALLENGES_MANY."""
    if is_over(conn, customer, aim, now=now, rules=rules):
        return OVER
    return issue_challenge(conn, customer, now=now)


def is_over(
    conn: psycopg.Connection, customer: str, aim: str, *, now: dt.datetime, rules: RecordingRules = RECORDING_RULES
) -> bool:
    """Whether somebody's films for an aim failed so often within a day that a person must look; a silent service counts, too."""
    made = store.list_recordings(conn, get_person(conn, customer).person_id, aim, since=now - DAY)
    return sum(not is_passed(one) for one in made) >= rules.tries_max


def take_recording(
    conn: psycopg.Connection, service: FaceService, customer: str, brought: Recorded, *, now: dt.datetime
) -> RecordingRow | Refusal:
    """Use up the challenge, ask the service, keep what it said; conn must be outside a transaction.

    Refusals as of `answer_challenge`, and FACE_TRIES_OVER. BadInput CONSENT_STALE for a yes to another text than `FACE_TEXT`. A service
    that stays silent is kept as silence: that film is lost, and another may be made.
    """
    if brought.text_version != FACE_TEXT.version:
        raise BadInput("this is not the text in force", code="CONSENT_STALE")

    def use_up(c: psycopg.Connection) -> str | Refusal:
        said = answer_challenge(c, customer, brought.challenge_id, signature=brought.signature, now=now)
        # Digits that were drawn for another aim open no way around the bound.
        return OVER if is_over(c, customer, brought.aim, now=now) else said

    digits = run_unit(conn, use_up)
    if isinstance(digits, Refusal):
        return digits
    clip = hashlib.sha256(brought.content).hexdigest()
    film = Film(
        request_id=f"challenge:{brought.challenge_id}", clip=clip, digits=digits, kind=brought.kind, content=brought.content,
        seconds=SECONDS,
    )  # fmt: skip
    is_old = run_unit(conn, lambda c: store.has_clip(c, clip))
    answer = FaceAnswer(said=Said.MISMATCH) if is_old else ask_service(service, film)
    row = RecordingRow(
        brought.challenge_id, brought.aim, clip, brought.text_version, answer.said.value, answer.score_ppm, service.name,
        service.is_fake, now,
    )  # fmt: skip
    run_unit(conn, lambda c: store.insert_recording(c, get_person(c, customer).person_id, row))
    return row


def ask_service(service: FaceService, film: Film) -> FaceAnswer:
    """What a service says of a film, asked again under the same id while it is silent."""
    for _ in range(ASKS_MAX):
        try:
            return service.look(film)
        except TimedOut:
            continue
    return FaceAnswer(said=Said.SILENCE)


def is_passed(row: RecordingRow) -> bool:
    """Whether a living face said the digits, and the service was sure enough; one that tells no score is believed less than any."""
    return row.said == Said.MATCH and (row.score_ppm or 0) >= LIVENESS_MIN_PPM


def find_passed(
    conn: psycopg.Connection, customer: str, aim: str, *, now: dt.datetime, rules: RecordingRules = RECORDING_RULES
) -> RecordingRow | None:
    """The newest film for an aim that passed, as long as it may be used."""
    since = now - dt.timedelta(minutes=rules.holds_minutes)
    made = store.list_recordings(conn, get_person(conn, customer).person_id, aim, since=since)
    return next((one for one in made if is_passed(one)), None)


def erase_recordings(conn: psycopg.Connection, person_id: int) -> None:
    """Forget what somebody recorded who leaves. In the caller's transaction."""
    store.delete_of_person(conn, person_id)


def sweep_recordings(conn: psycopg.Connection, *, now: dt.datetime, rules: RecordingRules = RECORDING_RULES) -> int:
    """Forget films of long ago; how many. In the caller's transaction."""
    return store.delete_recordings(conn, before=now - dt.timedelta(days=rules.kept_days), limit=SWEEP)


__all__ = [
    "Recorded",
    "begin_recording",
    "erase_recordings",
    "find_passed",
    "is_over",
    "is_passed",
    "sweep_recordings",
    "take_recording",
]
