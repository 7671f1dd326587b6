"""Vouchers that are none, over HTTP: the rooms' fakes, which are silent, break and lie by a seed, and say that they invent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request

from honghua.app.doors.outside.vouching import (
    BusinessAsked,
    BusinessTold,
    DocumentAsked,
    MaterialAsked,
    MaterialTold,
    Told,
)
from honghua.customers.api import FakeBusinessRegister
from honghua.customers.core import Delivered, DocumentKind, Holder
from honghua.customers.materials.api import Document, FakeDocumentReader, FakeMaterialSource, MaterialRequest

WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeVouchers:
    """A keeper of evidence, a reader of documents, a register of businesses."""

    materials: FakeMaterialSource
    documents: FakeDocumentReader
    register: FakeBusinessRegister

    def fetch(self, _: Request, body: bytes) -> object:
        """Evidence about somebody, invented."""
        asked = msgspec.json.decode(body, type=MaterialAsked)
        holder = Holder(name=asked.name, national_id=asked.national_id)
        request = MaterialRequest(request_id=asked.request_id, kind=asked.kind, holder=holder, seconds=WAIT_S)
        return _tell(self.materials.fetch(request))

    def read(self, _: Request, body: bytes) -> object:
        """What a document of the fake issuer says."""
        asked = msgspec.json.decode(body, type=DocumentAsked)
        form = DocumentKind(asked.form)
        document = Document(
            request_id=asked.request_id, kind=asked.kind, form=form, content=asked.content, seconds=WAIT_S
        )
        return _tell(self.documents.read(document))

    def look_up(self, _: Request, body: bytes) -> object:
        """What stands under a licence."""
        asked = msgspec.json.decode(body, type=BusinessAsked)
        found = self.register.ask(asked.licence, claimed_by=asked.claimed_by)
        return BusinessTold(asked.licence, found.standing, found.owner, found.since_on, is_fake=found.is_fake)


def _tell(said: Delivered | None) -> MaterialTold:
    return MaterialTold(None if said is None else Told.of(said))


__all__ = ["FakeVouchers"]
