"""Our own modules as an identity service: liveness with the digits of a challenge, and the face of whom the number belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from honghua.customers.biometrics.ports import Biometrics, Clip
from honghua.customers.core.proofs import ProofAnswer, ProofKind, Said
from honghua.customers.proofing.provider import Evidence, IdentityProvider, ProofRequest

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What a device sent for a challenge: the clip and the digits that were asked for; device_known: signed by the bound device."""

    clip: Clip
    digits: str
    device_known: bool = True


@dataclass(slots=True)
class BiometricService:
    """`find_recording` and `find_enrolled` look a digest of a clip and an identity number up; the four factors are somebody else's.

    A clip that is not there, or that no bound device signed, is no face: MISMATCH. Stubs answer as fakes.
    """

    modules: Biometrics
    find_recording: Callable[[str], Recording | None] = field(repr=False)
    find_enrolled: Callable[[str], Clip | None] = field(repr=False)
    four_factor: IdentityProvider
    answers: dict[str, ProofAnswer] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Names all three."""
        return f"{self.modules.liveness.name}; {self.modules.lips.name}; {self.modules.face.name}"

    @property
    def is_fake(self) -> bool:
        """A stub is none of the real ones."""
        return self.modules.is_stub or self.four_factor.is_fake

    def ask(self, request: ProofRequest) -> ProofAnswer:
        """See `IdentityProvider.ask`."""
        if request.kind is ProofKind.FOUR_FACTOR:
            return self.four_factor.ask(request)
        if request.request_id not in self.answers:
            self.answers[request.request_id] = self._look(request)
        return self.answers[request.request_id]

    def find(self, request_id: str) -> ProofAnswer | None:
        """See `IdentityProvider.find`."""
        return self.answers.get(request_id) or self.four_factor.find(request_id)

    def _look(self, request: ProofRequest) -> ProofAnswer:
        is_match = (
            self._is_alive(request.evidence) if request.kind is ProofKind.LIVENESS else self._is_same(request.evidence)
        )
        return ProofAnswer(
            kind=request.kind, request_id=request.request_id, said=Said.MATCH if is_match else Said.MISMATCH,
            provider=self.name, is_fake=self.is_fake, score_ppm=PPM if is_match else 0,  # our bounds have spoken already
        )  # fmt: skip

    def _is_alive(self, evidence: Evidence) -> bool:
        recording = self.find_recording(evidence.clip)
        if recording is None or not recording.device_known:
            return False
        return self.modules.is_alive(recording.clip, recording.digits)[0]

    def _is_same(self, evidence: Evidence) -> bool:
        recording, enrolled = self.find_recording(evidence.clip), self.find_enrolled(evidence.national_id)
        return recording is not None and enrolled is not None and self.modules.is_same(enrolled, recording.clip)[0]


__all__ = ["BiometricService", "Recording"]
