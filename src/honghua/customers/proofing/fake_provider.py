"""An identity service that is none: it knows nobody, believes whom its truth names, and fails by a seed in the ways services fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from honghua.base.errors import TimedOut
from honghua.base.faults import require_known, strikes
from honghua.customers.core.proofs import ProofAnswer, ProofKind, Said
from honghua.customers.proofing.provider import Evidence, ProofRequest

FAULTS: Final = ("timeout_before", "timeout_after", "find_timeout", "lies", "contradicts")
SURE_PPM: Final = 980_000
UNSURE_PPM: Final = 200_000


@dataclass(slots=True)
class FakeIdentityProvider:
    """truth: identity number → whom it belongs to; without any, everybody is who they say. faults: chance of each per call.

    timeout_before  times out and never heard of the request
    timeout_after   times out after it has made up its mind
    find_timeout    does not answer the question what it said
    lies            makes up its mind wrongly, and stays with it
    contradicts     says the opposite when it is asked what it said
    """

    seed: int
    truth: Mapping[str, Evidence] | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    answers: dict[str, ProofAnswer] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake identity service (knows nobody)"

    @property
    def is_fake(self) -> bool:
        """It is."""
        return True

    def ask(self, request: ProofRequest) -> ProofAnswer:
        """See `IdentityProvider.ask`."""
        if self._happens(request.request_id, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer within {request.seconds} s")
        if request.request_id not in self.answers:
            is_true = self._is_true(request) != self._happens(request.request_id, "lies")
            self.answers[request.request_id] = self._say(request.kind, request.request_id, is_match=is_true)
        if self._happens(request.request_id, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer within {request.seconds} s")
        return self.answers[request.request_id]

    def find(self, request_id: str) -> ProofAnswer | None:
        """See `IdentityProvider.find`."""
        if self._happens(request_id, "find_timeout"):
            raise TimedOut(f"{self.name} did not answer")
        answer = self.answers.get(request_id)
        if answer is not None and self._happens(request_id, "contradicts"):
            return self._say(answer.kind, request_id, is_match=answer.said is Said.MISMATCH)
        return answer

    def _is_true(self, request: ProofRequest) -> bool:
        if self.truth is None:
            return True
        known, told = self.truth.get(request.evidence.national_id), request.evidence
        if known is None:
            return False
        if request.kind is ProofKind.FOUR_FACTOR:
            return (known.name, known.phone, known.card) == (told.name, told.phone, told.card)
        if request.kind is ProofKind.LIVENESS:
            return bool(told.clip)
        return known.clip == told.clip

    def _say(self, kind: ProofKind, request_id: str, *, is_match: bool) -> ProofAnswer:
        score = None if kind is ProofKind.FOUR_FACTOR else SURE_PPM if is_match else UNSURE_PPM
        said = Said.MATCH if is_match else Said.MISMATCH
        return ProofAnswer(
            kind=kind, request_id=request_id, said=said, provider=self.name, is_fake=True, score_ppm=score
        )

    def _happens(self, request_id: str, fault: str) -> bool:
        """By seed, request and how often this was drawn for it: the same in every order of calls."""
        drawn = self.calls[request_id] = self.calls.get(request_id, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(request_id, fault, drawn))
