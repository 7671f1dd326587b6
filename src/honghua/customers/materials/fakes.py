"""A source and a reader of documents that are none: they invent by a seed, fail, lie, and let forgeries through as real ones do.

The fake reader reads documents of the fake issuer only: a PDF or PNG with one line of JSON and its seal in it. A line that was changed
after it was sealed breaks the seal, which is a sign of forgery; whoever knows the issuer's key forges without a sign.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from honghua.base.errors import TimedOut, WorldFailed
from honghua.base.faults import require_known, strikes
from honghua.base.rng import derive_rng
from honghua.customers.core.materials import Delivered, Holder
from honghua.customers.materials.port import Document, MaterialRequest

FAULTS: Final = ("timeout_before", "timeout_after", "breaks", "nothing", "other_person", "old", "wrong_kind", "marks")
ISSUER_KEY: Final = b"the fake issuer's seal, known to everybody"
LINE: Final = re.compile(rb"%HONGHUA-FAKE (\{[^\r\n]{2,4000}\}) ([0-9a-f]{64})")
OLD_DAYS: Final = 40_000


@dataclass(slots=True)
class FakeMaterialSource:
    """today: the day there. known: what it has by (identity number, kind); without an entry it invents by seed. faults: chance a call.

    timeout_before  times out and never heard of the request         old           tells what is far too old
    timeout_after   times out after it has answered                  other_person  tells of somebody else
    breaks          answers nonsense (WorldFailed)                   wrong_kind    tells of something else
    nothing         has nothing                                      marks         its data bear a sign of forgery
    """

    seed: int
    today: Callable[[], dt.date]
    known: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)
    faults: Mapping[str, float] = field(default_factory=dict)
    answers: dict[str, Delivered] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake source (its evidence is invented)"

    @property
    def is_fake(self) -> bool:
        """It is."""
        return True

    def fetch(self, request: MaterialRequest) -> Delivered | None:
        """See `MaterialSource.fetch`."""
        mark = request.request_id
        if self._happens(mark, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer within {request.seconds} s")
        if self._happens(mark, "breaks"):
            raise WorldFailed(f"{self.name} answers nonsense", code="COUNTERPARTY_FAILED")
        if mark not in self.answers:
            if self._happens(mark, "nothing"):
                return None
            self.answers[mark] = self._tell(request)
        if self._happens(mark, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer within {request.seconds} s")
        return self.answers[mark]

    def _tell(self, request: MaterialRequest) -> Delivered:
        holder, mark = request.holder, request.request_id
        known = self.known.get((holder.national_id, request.kind))
        said = Delivered(
            request_id=mark, kind=request.kind, name=holder.name, national_id=holder.national_id, issued_on=self.today(),
            values=known or self._invent(holder, request.kind), provider=self.name, is_fake=True,
        )  # fmt: skip
        if self._happens(mark, "other_person"):
            said = replace(said, name="某人")
        if self._happens(mark, "old"):
            said = replace(said, issued_on=self.today() - dt.timedelta(days=OLD_DAYS))
        if self._happens(mark, "wrong_kind"):
            said = replace(said, kind="library_card")
        return replace(said, marks=("SEAL_BROKEN",)) if self._happens(mark, "marks") else said

    def _invent(self, holder: Holder, kind: str) -> dict[str, int]:
        rng = derive_rng(self.seed, "material", hashlib.sha256(holder.national_id.encode()).hexdigest(), kind)
        return {
            "income_minor": int(rng.integers(40, 160)) * 10_000, "debt_service_minor": int(rng.integers(0, 8)) * 10_000,
            "is_student": 0, "business_months": int(rng.integers(3, 120)), "vehicle_minor": int(rng.integers(3, 30)) * 1_000_000,
        }  # fmt: skip

    def _happens(self, request_id: str, fault: str) -> bool:
        """By seed, request and how often this was drawn for it: the same in every order of calls."""
        name = f"{request_id}/{fault}"
        drawn = self.calls[name] = self.calls.get(name, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(request_id, fault, drawn))


@dataclass(slots=True)
class FakeDocumentReader:
    """faults: timeout (no answer), blind (reads nothing), trusting (does not check the seal)."""

    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    reads: int = 0

    def __post_init__(self) -> None:
        require_known(self.faults, ("timeout", "blind", "trusting"))

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake reader (reads the fake issuer's documents only)"

    @property
    def is_fake(self) -> bool:
        """It is."""
        return True

    def read(self, document: Document) -> Delivered | None:
        """See `DocumentReader.read`."""
        self.reads += 1
        if self._happens(document, "timeout"):
            raise TimedOut(f"{self.name} did not answer within {document.seconds} s")
        lines = LINE.findall(document.content)
        if len(lines) != 1 or self._happens(document, "blind"):
            return None
        line, seal = lines[0]
        try:
            said = msgspec.json.decode(line, type=FakeLine)
        except msgspec.MsgspecError:
            return None
        is_whole = hmac.compare_digest(seal_line(line), seal) or self._happens(document, "trusting")
        return Delivered(
            request_id=document.request_id, kind=said.kind, name=said.name, national_id=said.national_id, issued_on=said.issued_on,
            values=said.values, provider=self.name, is_fake=True, marks=() if is_whole else ("SEAL_BROKEN",),
        )  # fmt: skip

    def _happens(self, document: Document, fault: str) -> bool:
        return strikes(self.faults, fault, seed=self.seed, labels=(document.request_id, fault, self.reads))


class FakeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a document of the fake issuer. Anything else in it, whatever it asks for, makes it unreadable."""

    kind: str
    name: str
    national_id: str
    issued_on: dt.date
    values: dict[str, int]


def seal_line(line: bytes) -> bytes:
    """The fake issuer's seal of a line, in hex."""
    return hmac.new(ISSUER_KEY, line, hashlib.sha256).hexdigest().encode()


def issue_document(kind: str, holder: Holder, values: Mapping[str, int], issued_on: dt.date, **more: Any) -> bytes:
    """A document of the fake issuer as a PDF; `more` is written into it, too, sealed like the rest."""
    said = {
        "kind": kind,
        "name": holder.name,
        "national_id": holder.national_id,
        "issued_on": issued_on,
        "values": values,
    }
    line = msgspec.json.encode({**said, **more})
    page = zlib.compress(b"BT (fake document) Tj ET")
    return b"".join((
        b"%PDF-1.7\n%HONGHUA-FAKE ", line, b" ", seal_line(line), b"\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",
        b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n3 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % len(page), page,
        b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 4>>\n%%EOF\n",
    ))  # fmt: skip


__all__ = ["FakeDocumentReader", "FakeMaterialSource", "issue_document"]
