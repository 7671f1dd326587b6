"""The ports to whoever keeps evidence and to whoever reads documents. Real ones are adapters; ours are fakes and say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from honghua.customers.core.materials import Delivered, Holder
from honghua.customers.core.uploads import DocumentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRequest:
    """One question to a source. request_id: the same for every try. seconds: how long we wait."""

    request_id: str
    kind: str
    holder: Holder
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that passed the bounds of `check_upload`, to be read once. Nothing of it is kept by us."""

    request_id: str
    kind: str
    form: DocumentKind
    content: bytes = field(repr=False)
    seconds: float


class MaterialSource(Protocol):
    """Whoever keeps evidence about people who ask it to hand some over: an employer, a bank, a fund, a tax office."""

    @property
    def name(self) -> str:
        """What to call it in records; a fake says that it is one."""
        ...

    @property
    def is_fake(self) -> bool:
        """Whether it is no real source."""
        ...

    def fetch(self, request: MaterialRequest) -> Delivered | None:
        """What it has; None: nothing of this person. The same request_id again gives the first answer. Raises TimedOut or WorldFailed."""
        ...


class DocumentReader(Protocol):
    """Whoever reads documents and looks for signs of forgery."""

    @property
    def name(self) -> str:
        """What to call it in records; a fake says that it is one."""
        ...

    @property
    def is_fake(self) -> bool:
        """Whether it reads nothing real."""
        ...

    def read(self, document: Document) -> Delivered | None:
        """What the document says; None: it cannot be read. Raises TimedOut or WorldFailed."""
        ...


__all__ = ["Document", "DocumentReader", "MaterialRequest", "MaterialSource"]
