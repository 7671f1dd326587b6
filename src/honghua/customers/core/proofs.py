"""What identity services are asked and answer, and what follows from their answers. Pure; bounds are configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class ProofKind(StrEnum):
    """four_factor: name, number, phone and bank card belong together · liveness: a living face, now · face: it is that person's. Stored."""

    FOUR_FACTOR = "four_factor"
    LIVENESS = "liveness"
    FACE = "face"


class Said(StrEnum):
    """What a service said; silence: it did not answer in time. Stored."""

    MATCH = "match"
    MISMATCH = "mismatch"
    SILENCE = "silence"


class ProofVerdict(StrEnum):
    """What follows. Stored."""

    PROVEN = "proven"
    REFUSED = "refused"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofAnswer:
    """One answer to one request. score_ppm: how sure, where the service tells. is_fake: whoever answers is no real service."""

    kind: ProofKind
    request_id: str
    said: Said
    provider: str
    is_fake: bool
    score_ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingRules:
    """How many persons may have one thing in common before a person looks; own bounds (U): families share addresses and devices."""

    persons_max: Mapping[str, int] = field(
        default_factory=lambda: {"national_id": 1, "phone": 1, "card": 1, "device": 3, "address": 6}
    )


SHARING_RULES: Final = SharingRules()
LIVENESS_MIN_PPM: Final = 900_000  # own bound (U)
FACE_MIN_PPM: Final = 800_000
SCORE_MIN_PPM: Final = {ProofKind.LIVENESS: LIVENESS_MIN_PPM, ProofKind.FACE: FACE_MIN_PPM}
CODES: Final = {
    ProofKind.FOUR_FACTOR: "IDENTITY_FOUR_FACTOR",
    ProofKind.LIVENESS: "IDENTITY_LIVENESS",
    ProofKind.FACE: "IDENTITY_FACE",
}


def judge_answers(answers: Sequence[ProofAnswer]) -> tuple[ProofVerdict, tuple[str, ...]]:
    """The verdict on all answers of one proofing, and its reasons by code.

    Two answers to one request that differ are a conflict, a kind that nobody answered is silence: a person looks at both. A mismatch,
    or a score below the bound, refuses where nothing of that kind is there.
    """
    reasons: list[str] = []
    is_open = False
    for kind in ProofKind:
        mine = [one for one in answers if one.kind is kind and one.said is not Said.SILENCE]
        if not mine:
            reasons.append("IDENTITY_UNANSWERED")
            is_open = True
        elif len({one.said for one in mine}) > 1:
            reasons.append("IDENTITY_CONFLICT")
            is_open = True
        elif mine[-1].said is Said.MISMATCH or _is_low(mine[-1]):
            reasons.append(CODES[kind])
    if not reasons:
        return ProofVerdict.PROVEN, ()
    return (ProofVerdict.REVIEW if is_open else ProofVerdict.REFUSED), tuple(dict.fromkeys(reasons))


def _is_low(answer: ProofAnswer) -> bool:
    least = SCORE_MIN_PPM.get(answer.kind)
    return least is not None and (answer.score_ppm is None or answer.score_ppm < least)


def find_shared(persons: Mapping[str, int], *, rules: SharingRules = SHARING_RULES) -> tuple[str, ...]:
    """Which kinds of link more people have in common than may; persons: how many in all, the customer among them, by kind."""
    return tuple(kind for kind, most in rules.persons_max.items() if persons.get(kind, 0) > most)
