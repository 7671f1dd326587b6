"""The port to identity services: what is asked, and how. Real services are adapters of `IdentityProvider`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from honghua.customers.core.proofs import ProofAnswer, ProofKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a person brings to a proof. card: bank card number; clip: digest of the recorded face, which the service has from the page."""

    name: str = field(repr=False)
    national_id: str = field(repr=False)
    phone: str = field(repr=False)
    card: str = field(repr=False)
    clip: str = field(repr=False)
    device: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRequest:
    """One question. request_id: the same for every try, so that a service answers, and charges, once. seconds: how long we wait."""

    request_id: str
    kind: ProofKind
    evidence: Evidence
    seconds: float


class IdentityProvider(Protocol):
    """Whoever can say whether somebody is who they say."""

    @property
    def name(self) -> str:
        """What to call it in records; a fake says that it is one."""
        ...

    @property
    def is_fake(self) -> bool:
        """Whether it is no real service."""
        ...

    def ask(self, request: ProofRequest) -> ProofAnswer:
        """The answer; the same request_id again gives the first one. Raises TimedOut: then nobody knows, and `find` tells later."""
        ...

    def find(self, request_id: str) -> ProofAnswer | None:
        """What was answered to a request; None where it was never heard. Raises TimedOut."""
        ...
