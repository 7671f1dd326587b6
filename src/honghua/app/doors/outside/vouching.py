"""The ports to whoever vouches for what a customer says, over signed HTTP: keepers of evidence, readers of documents, the register of
businesses. What they tell is compared with the customer's proven identity by whoever asked; nothing of it is believed here.

POST /materials {request_id, kind, name, national_id}   {delivered}; null: nothing of this person; the same id again: the first one
POST /documents {request_id, kind, form, content}       {delivered}; null: it cannot be read; content: base64, kept by nobody
POST /businesses {licence, claimed_by}                  {licence, standing, owner, since_on, is_fake}

delivered: {request_id, kind, name, national_id, issued_on, values, marks, is_fake}
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from honghua.app.doors.outside.client import Counterparty
from honghua.base.errors import WorldFailed
from honghua.customers.core import BusinessStanding, Delivered, RegisterAnswer
from honghua.customers.materials.api import Document, MaterialRequest

MATERIALS: Final = "/materials"
DOCUMENTS: Final = "/documents"
BUSINESSES: Final = "/businesses"


@dataclass(frozen=True, slots=True)
class MaterialAsked:
    """A question for evidence about somebody who agreed to it."""

    request_id: str
    kind: str
    name: str = field(repr=False)
    national_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DocumentAsked:
    """A document to be read once."""

    request_id: str
    kind: str
    form: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of somebody. is_fake: whoever tells it is no real source, and says so."""

    request_id: str
    kind: str
    name: str = field(repr=False)
    national_id: str = field(repr=False)
    issued_on: dt.date
    values: dict[str, int] = field(repr=False)
    marks: tuple[str, ...] = ()
    is_fake: bool = False

    @classmethod
    def of(cls, said: Delivered) -> Told:
        """As it goes over the wire."""
        values: Mapping[str, int] = said.values
        return cls(
            said.request_id, said.kind, said.name, said.national_id, said.issued_on, dict(values), said.marks, said.is_fake
        )  # fmt: skip

    def read(self, provider: str) -> Delivered:
        """As its port says it."""
        return Delivered(
            request_id=self.request_id, kind=self.kind, name=self.name, national_id=self.national_id, issued_on=self.issued_on,
            values=self.values, provider=provider, is_fake=self.is_fake, marks=self.marks,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MaterialTold:
    """An answer; None: nothing is there."""

    delivered: Told | None = None


@dataclass(frozen=True, slots=True)
class BusinessAsked:
    """A question about a licence. claimed_by: the name of whoever says that it is theirs."""

    licence: str
    claimed_by: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BusinessTold:
    """What stands in the register."""

    licence: str
    standing: BusinessStanding
    owner: str = field(default="", repr=False)
    since_on: dt.date | None = None
    is_fake: bool = False


@dataclass(frozen=True, slots=True)
class HttpMaterialSource(Counterparty):
    """See `MaterialSource`."""

    def fetch(self, request: MaterialRequest) -> Delivered | None:
        """See `MaterialSource.fetch`; an answer to another question is the room's to refuse."""
        asked = MaterialAsked(request.request_id, request.kind, request.holder.name, request.holder.national_id)
        told = self.client.post(MATERIALS, asked, MaterialTold, seconds=request.seconds).delivered
        return None if told is None else told.read(self.name)


@dataclass(frozen=True, slots=True)
class HttpDocumentReader(Counterparty):
    """See `DocumentReader`."""

    def read(self, document: Document) -> Delivered | None:
        """See `DocumentReader.read`; an answer about another document is the room's to refuse."""
        asked = DocumentAsked(document.request_id, document.kind, document.form.value, document.content)
        told = self.client.post(DOCUMENTS, asked, MaterialTold, seconds=document.seconds).delivered
        return None if told is None else told.read(self.name)


@dataclass(frozen=True, slots=True)
class HttpBusinessRegister(Counterparty):
    """See `BusinessRegister`."""

    def ask(self, licence: str, *, claimed_by: str) -> RegisterAnswer:
        """See `BusinessRegister.ask`; WorldFailed for an answer about another licence."""
        told = self.client.post(BUSINESSES, BusinessAsked(licence, claimed_by), BusinessTold)
        if told.licence != licence:
            raise WorldFailed(f"{self.name} answers about another licence", code="COUNTERPARTY_FAILED")
        return RegisterAnswer(
            standing=told.standing, register=self.name, is_fake=told.is_fake, owner=told.owner, since_on=told.since_on
        )


__all__ = ["HttpBusinessRegister", "HttpDocumentReader", "HttpMaterialSource"]
