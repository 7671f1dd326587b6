"""A credit bureau that is none: it invents people by a seed, and times out, lies, goes stale and mixes people up as real ones do."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.base.faults import require_known, strikes
from honghua.base.rng import derive_rng
from honghua.bureau.core.inquiries import Exposure, ProviderAnswer

FAULTS: Final = ("timeout", "down", "stale", "wrong_person", "garbled")


def invent_exposure(seed: int, national_id_digest: bytes, as_of: dt.date) -> Exposure:
    """Somebody's debts, the same whenever asked: most owe little to few, some much to many, and those are late more often."""
    rng = derive_rng(seed, "bureau person", national_id_digest.hex())
    stretched = bool(rng.random() < 0.08)
    lenders = int(rng.integers(4, 12)) if stretched else int(rng.integers(0, 4))
    accounts = lenders + int(rng.integers(0, 3)) if lenders else 0
    limit = int(sum(int(rng.integers(200_000, 6_000_000)) for _ in range(accounts)))
    balance = int(limit * (0.6 + 0.4 * rng.random() if stretched else 0.5 * rng.random()))
    late = int(rng.integers(1, 8)) if accounts and rng.random() < (0.45 if stretched else 0.04) else 0
    overdue = int(balance * 0.1 * rng.random()) if late and rng.random() < 0.5 else 0
    inquiries = int(rng.poisson(6 if stretched else 1))
    return Exposure(
        as_of=as_of, lenders=lenders, accounts=accounts, limit_minor=limit, balance_minor=balance,
        monthly_due_minor=balance // 10, overdue_accounts=int(overdue > 0), overdue_minor=overdue, worst_status=late,
        worst_class=min(5, 1 + late // 2), inquiries_90d=inquiries // 2, inquiries_6m=inquiries,
    )  # fmt: skip


@dataclass(slots=True)
class FakeBureau:
    """Answers about invented people, or about those in `known`. faults: chance a call of each of `FAULTS`.

    today: the day that answers describe; a stale one describes a day four months before.
    """

    seed: int
    today: Callable[[], dt.date]
    faults: Mapping[str, float] = field(default_factory=dict)
    known: Mapping[bytes, Exposure] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake bureau (invents people)"

    def ask(self, national_id_digest: bytes, *, reason_code: str) -> ProviderAnswer:
        """See `BureauProvider.ask`. Some of the answers about the wrong person do not say so: their digest differs."""
        if not reason_code:
            raise BadInput("a bureau is not asked without a reason", code="REASON_MISSING")
        self.asked += 1
        if self._happens("timeout"):
            raise TimedOut(f"{self.name} did not answer")
        if self._happens("down"):
            raise WorldFailed(f"{self.name} is down")
        about = national_id_digest
        if self._happens("wrong_person"):
            about = hashlib.sha256(national_id_digest).digest()
        as_of = self.today() - dt.timedelta(days=120 if self._happens("stale") else 1)
        found = self.known.get(about) or invent_exposure(self.seed, about, as_of)
        body = {**asdict(found), "as_of": as_of.isoformat()}
        if self._happens("garbled"):
            body["lenders"] = -1
        return ProviderAnswer(national_id_digest=about, body=body)

    def _happens(self, fault: str) -> bool:
        return strikes(self.faults, fault, seed=self.seed, labels=(fault, self.asked))
