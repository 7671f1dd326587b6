"""From an applicant to an approval: scores, what follows from the values, the policy's word, ceiling, price. Bit for bit again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import (
    Bundle,
    Outcome,
    Verdict,
    compile_bundle,
    judge_batch,
    read_vocabulary,
    verdict_at,
    vocabulary_bytes,
)
from honghua.limits.core.affordability import affordable_minor, suggest
from honghua.limits.core.applicants import INPUTS, VALUES, Applicant, application_vocabulary
from honghua.limits.core.pricing import Price, grade_of, price_of
from honghua.limits.core.scorecards import Scorecard, card_from_body, chances
from honghua.limits.core.shipped import ABILITY, APPROVAL, WILLINGNESS
from honghua.limits.core.terms import PPM, LimitTerms, terms_from_body

Floats = NDArray[np.float64]
NAME: Final = "approval"
SAID: Final = {
    Outcome.APPROVE: "approved", Outcome.APPROVE_LESS: "approved", Outcome.TEMPORARY_LIMIT: "approved", Outcome.REVIEW: "review",
    Outcome.STEP_UP: "review", Outcome.DELAY: "review", Outcome.REFUSE: "refused",
}  # fmt: skip


@dataclass(frozen=True)
class Rulebook:
    """Policy, scorecards and terms together; the digest names all of it for ever."""

    terms: LimitTerms = field(default_factory=LimitTerms)
    source: str = APPROVAL
    willingness: Scorecard = WILLINGNESS
    ability: Scorecard = ABILITY

    @cached_property
    def bundle(self) -> Bundle:
        """The policy, compiled; PolicyProblems when its text is not sound."""
        return compile_bundle(NAME, self.source, application_vocabulary())

    def body(self) -> dict[str, Any]:
        """Plain values for storage."""
        return {
            "source": self.source, "vocabulary": vocabulary_bytes(self.bundle.vocabulary).decode(), "terms": self.terms.body(),
            "willingness": self.willingness.body(), "ability": self.ability.body(),
        }  # fmt: skip

    @property
    def features(self) -> tuple[str, ...]:
        """The inputs that policy and cards read, in the vector's order: what two persons approve when they release the book (R-257)."""
        read = set(self.bundle.inputs_read) | {
            one.value for card in (self.willingness, self.ability) for one in card.characteristics
        }
        return tuple(name for name in INPUTS if name in read)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the policy's bundle, the cards and the terms."""
        parts = (self.bundle.digest, self.willingness.digest(), self.ability.digest(), self.terms.digest())
        return hashlib.sha256(b"".join(parts)).digest()


def rulebook_from_body(body: Mapping[str, Any]) -> Rulebook:
    """What `Rulebook.body` wrote. Its vocabulary must be ours: a book over other words cannot be judged here (AssertionError)."""
    stored = read_vocabulary(body["vocabulary"].encode())
    assert stored.names == INPUTS, "a rulebook over other inputs"
    return Rulebook(
        terms_from_body(body["terms"]),
        body["source"],
        card_from_body(body["willingness"]),
        card_from_body(body["ability"]),
    )


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an application comes to. Amounts minor units; limit ≤ ceiling ≤ person's room; nothing but reasons unless approved.

    suggested_minor ≤ limit; willing, able: chances; price None unless approved; fired: names of the rules that held.
    """

    outcome: str
    code: str
    queue: str
    limit_minor: int
    ceiling_minor: int
    suggested_minor: int
    willing: float
    able: float
    price: Price | None
    fired: tuple[str, ...]


def vectors_of(book: Rulebook, asked_minor: Sequence[int], values: Floats, on: dt.date) -> Floats:
    """The vectors float64[n, INPUTS] that the policy judges, from values float64[n, VALUES], NaN = not known."""
    terms = book.terms
    income, service = values[:, VALUES.index("income_minor")], values[:, VALUES.index("debt_service_minor")]
    own = np.nan_to_num(values[:, VALUES.index("own_lines_minor")])
    served = np.nan_to_num(service) + own_service(terms, own)
    has_file = np.nan_to_num(values[:, VALUES.index("has_file")])
    willing, able = chances(book.willingness, VALUES, values), chances(book.ability, VALUES, values)
    known = ~np.isnan(income)
    affordable = np.array([
        affordable_minor(int(i), int(s), share_ppm=terms.service_share_ppm) if k else np.nan
        for i, s, k in zip(income, served, known, strict=True)
    ])  # fmt: skip
    room = np.maximum(0.0, terms.person_cap(on).cap - own)
    start = np.where(willing >= terms.start_high_from_ppm / PPM, terms.start_high_minor, terms.start_minor)
    step = terms.limit_step_minor
    by_income = np.nan_to_num(affordable) * terms.income_months // step * step
    thick = (has_file == 1) & known
    asked = np.maximum(np.asarray(asked_minor, np.float64), 1.0)
    return np.ascontiguousarray(
        np.column_stack([asked, values, affordable, room, start, by_income, thick, willing, able])
    )


def own_service(terms: LimitTerms, own: Floats) -> Floats:
    """What other lines with us are reckoned to ask for a month, used or not, minor units float64[n], rounded up.

    By the terms' own measure of what a month carries (`ceiling_months`), so that the ceilings of all lines together are the person's one.
    """
    return np.ceil(own / terms.ceiling_months)


def default_chance(terms: LimitTerms, willing: float, able: float) -> float:
    """The chance of default in a year: not to pay in time for want of will or means, times how many of those default in the end."""
    return (1.0 - willing * able) * terms.default_of_late_ppm / PPM


def risk_price(terms: LimitTerms, willing: float, able: float, on: dt.date) -> Price:
    """The price of these chances on a day, by their grade of risk."""
    return price_of(terms, grade_of(terms, default_chance(terms, willing, able)), on=on)


def rule_all(book: Rulebook, vectors: Floats, on: dt.date) -> list[Ruling]:
    """The ruling on each of n vectors float64[n, INPUTS]."""
    verdicts = judge_batch(book.bundle, vectors)
    return [_rule(book, vectors[k], verdict_at(book.bundle, verdicts, k), on) for k in range(len(vectors))]


def rule_one(book: Rulebook, applicant: Applicant, on: dt.date) -> tuple[Floats, Ruling]:
    """(vector float64[INPUTS], ruling) of one applicant on a day."""
    asked = applicant.asked_minor or book.terms.person_cap(on).cap
    vector = vectors_of(book, [asked], applicant.values()[None, :], on)
    return vector[0], rule_all(book, vector, on)[0]


def again(book: Rulebook, vector: Floats, on: dt.date) -> tuple[Floats, Ruling]:
    """The same from a recorded vector: scores and all that follows are worked out anew from its values."""
    values = vector[1 : 1 + len(VALUES)][None, :]
    fresh = vectors_of(book, [int(vector[0])], values, on)
    return fresh[0], rule_all(book, fresh, on)[0]


def _rule(book: Rulebook, vector: Floats, verdict: Verdict, on: dt.date) -> Ruling:
    said = SAID[verdict.outcome]
    willing, able = float(vector[INPUTS.index("willing")]), float(vector[INPUTS.index("able")])
    fired = tuple(book.bundle.rules[k].name for k in verdict.fired)
    if said != "approved":
        return Ruling(said, verdict.code, verdict.detail, 0, 0, 0, willing, able, None, fired)
    terms = book.terms
    room = int(vector[INPUTS.index("person_room_minor")])
    affordable, thick = vector[INPUTS.index("affordable_minor")], vector[INPUTS.index("is_thick")] == 1
    ceiling = terms.thin_ceiling_minor if not thick else int(affordable) * terms.ceiling_months
    whole = verdict.amount_minor // terms.limit_step_minor * terms.limit_step_minor
    limit = min(
        whole or verdict.amount_minor, room
    )  # who asks for less than a step gets that, not an approval of nothing
    ceiling = min(max(ceiling, limit), room)
    income = vector[INPUTS.index("income_minor")]
    own = np.nan_to_num(vector[INPUTS.index("own_lines_minor")])
    served = np.nan_to_num(vector[INPUTS.index("debt_service_minor")]) + own_service(terms, own)
    suggestion = suggest(
        terms, income_minor=None if np.isnan(income) else int(income), debt_service_minor=int(served), limit_minor=limit
    )  # fmt: skip
    price = risk_price(terms, willing, able, on)
    return Ruling(said, verdict.code, "", limit, ceiling, suggestion.suggested_minor, willing, able, price, fired)


__all__ = [
    "Rulebook",
    "Ruling",
    "again",
    "default_chance",
    "risk_price",
    "rule_all",
    "rule_one",
    "rulebook_from_body",
    "vectors_of",
]
