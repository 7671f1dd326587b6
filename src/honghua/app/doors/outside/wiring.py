"""Counterparties of the settings, for pages and for the clock's jobs; None, or nothing, where the operator has named none."""

from __future__ import annotations

from pathlib import Path

from honghua.app.doors.outside.acquiring import HttpCardAcquirer
from honghua.app.doors.outside.client import SignedClient
from honghua.app.doors.outside.faces import HttpFaceService
from honghua.app.doors.outside.folders import FolderDesk, FolderPartner
from honghua.app.doors.outside.lenders import HttpLenderBank
from honghua.app.doors.outside.services import (
    HttpBureau,
    HttpDebitBank,
    HttpEvidenceSource,
    HttpIdentity,
    HttpPayoutBank,
)
from honghua.app.doors.outside.vouching import HttpBusinessRegister, HttpDocumentReader, HttpMaterialSource
from honghua.app.doors.paying import seconds_of
from honghua.app.settings import ServiceSettings, Settings
from honghua.base.clock import Clock
from honghua.base.errors import BadInput
from honghua.funding.api import PartnerSystem, Routing, load_book, load_routings
from honghua.funding.core import OWN


def make_client(told: ServiceSettings, clock: Clock) -> SignedClient:
    """A counterparty's other end of the line."""
    return SignedClient(name=told.name, url=told.url, secret=told.secret, now_s=seconds_of(clock))


def make_payout_bank(settings: Settings, clock: Clock) -> HttpPayoutBank | None:
    """The bank that pays merchants out."""
    told = settings.services.payouts
    return HttpPayoutBank(make_client(told, clock)) if told.url else None


def make_lender_bank(settings: Settings, clock: Clock) -> HttpLenderBank | None:
    """The bank through which lenders pay each other."""
    told = settings.services.lenders
    return HttpLenderBank(make_client(told, clock)) if told.url else None


def make_debit_bank(settings: Settings, clock: Clock) -> HttpDebitBank | None:
    """The bank that customers' bills are debited by."""
    told = settings.services.debits
    return HttpDebitBank(make_client(told, clock)) if told.url else None


def make_evidence(settings: Settings, clock: Clock) -> HttpEvidenceSource | None:
    """Who knows what became of orders."""
    told = settings.services.evidence
    return HttpEvidenceSource(make_client(told, clock)) if told.url else None


def make_bureau(settings: Settings, clock: Clock) -> HttpBureau | None:
    """Who is asked about people's debts."""
    told = settings.services.bureau
    return HttpBureau(make_client(told, clock)) if told.url else None


def make_identity(settings: Settings, clock: Clock) -> HttpIdentity | None:
    """Who says whether somebody is who they say."""
    told = settings.services.identity
    return HttpIdentity(make_client(told, clock)) if told.url else None


def make_faces(settings: Settings, clock: Clock) -> HttpFaceService | None:
    """Who looks at films of faces."""
    told = settings.services.faces
    return HttpFaceService(make_client(told, clock)) if told.url else None


def make_material_source(settings: Settings, clock: Clock) -> HttpMaterialSource | None:
    """Who keeps evidence about people who ask it to hand some over."""
    told = settings.services.materials
    return HttpMaterialSource(make_client(told, clock)) if told.url else None


def make_document_reader(settings: Settings, clock: Clock) -> HttpDocumentReader | None:
    """Who reads documents that customers bring."""
    told = settings.services.documents
    return HttpDocumentReader(make_client(told, clock)) if told.url else None


def make_register(settings: Settings, clock: Clock) -> HttpBusinessRegister | None:
    """Who says which business stands under a licence."""
    told = settings.services.register
    return HttpBusinessRegister(make_client(told, clock)) if told.url else None


def make_acquirer(settings: Settings, clock: Clock) -> HttpCardAcquirer | None:
    """The bank that acquires card payments."""
    told = settings.services.cards
    return HttpCardAcquirer(make_client(told, clock)) if told.url else None


def make_filing_desk(settings: Settings) -> FolderDesk | None:
    """Where the bureau's monthly files go."""
    folder = settings.services.filing_folder
    return FolderDesk(Path(folder)) if folder else None


def make_partners(settings: Settings) -> dict[str, PartnerSystem]:
    """Lenders that exchange files: each has a folder of its code in HONGHUA_PARTNERS_FOLDER; BadInput for one that nobody knows."""
    folder = settings.services.partners_folder
    if not folder:
        return {}
    if not Path(folder).is_dir():
        raise BadInput(f"HONGHUA_PARTNERS_FOLDER: {folder} is no folder")
    found = sorted(one.name for one in Path(folder).iterdir() if one.is_dir())
    unknown = [name for name in found if name == OWN or name not in load_book().partners]
    if unknown:
        raise BadInput(f"HONGHUA_PARTNERS_FOLDER: no partners: {', '.join(unknown)}")
    return {name: FolderPartner(name, Path(folder) / name) for name in found}


def find_routings(settings: Settings) -> tuple[Routing, ...]:
    """Which purchases are shared with whom; as shipped, none."""
    path = settings.services.funding_routes
    return load_routings(path=Path(path) if path else None)


__all__ = [
    "find_routings",
    "make_acquirer",
    "make_bureau",
    "make_debit_bank",
    "make_document_reader",
    "make_evidence",
    "make_faces",
    "make_filing_desk",
    "make_identity",
    "make_lender_bank",
    "make_material_source",
    "make_partners",
    "make_payout_bank",
    "make_register",
]
