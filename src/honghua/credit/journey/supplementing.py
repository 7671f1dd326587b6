"""Contracts that name no lenders, or too few, get a supplement: who would lend together stands in it before anybody agrees (R-234).

Nobody needs to sign one: whom no contract names has all purchases from us alone. Limit, price and costs stay as they are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import psycopg

from honghua.base.errors import NotFound
from honghua.credit import store as books_store
from honghua.credit.core.lines.purposes import Purpose, line_of
from honghua.credit.journey.opening import write_contract
from honghua.credit.journey.setting import JourneySite
from honghua.credit.journey.store import find_account_contract
from honghua.customers import api as customers
from honghua.customers.core import ContractText
from honghua.funding import api as funding
from honghua.funding.core import OWN, Partner
from honghua.store.database import run_unit

PREFIX: Final = "lenders:"
TITLE: Final = "出资机构补充协议"
SAME: Final = (
    "本补充协议只写明共同出资的机构。您的额度、息费、还款方式与原合同相同;不签署不影响使用,届时由我们单独出资。"
)


@dataclass(frozen=True, slots=True)
class Supplement:
    """What may be signed: to which contract of which line, and who lends under the channel that its purchases would go by."""

    contract_id: int
    line: str
    channel: str
    lenders: tuple[Partner, ...]

    @property
    def key(self) -> str:
        """Of its document: another channel names others."""
        return f"{PREFIX}{self.contract_id}:{self.channel}"


def is_supplement(key: str) -> bool:
    """Whether a document's key is that of a supplement."""
    return key.startswith(PREFIX)


def list_supplements(conn: psycopg.Connection, site: JourneySite, customer: str) -> list[Supplement]:
    """What a customer may sign today, a line after the other: contracts whose purchases are routed to lenders that they do not name."""
    today, found = books_store.get_business_day(conn), []
    lines = [line_of(customer, purpose) for purpose in Purpose]
    accounts, named = books_store.find_account_ids(conn, lines), funding.find_named(conn, lines)
    for line in lines:
        contract_id = find_account_contract(conn, accounts[line]) if line in accounts else None
        if contract_id is None:
            continue
        channel = site.find_channel(line, today)
        lenders = funding.name_lenders(channel)
        if {one.code for one in lenders} - {OWN} - named.get(line, frozenset()):
            found.append(Supplement(contract_id, line, channel, lenders))
    return found


def write_supplement(conn: psycopg.Connection, site: JourneySite, one: Supplement, *, now: dt.datetime) -> ContractText:
    """Its text: the contract as it would be drawn today, with its lenders, dated when it was first shown."""
    try:
        shown_at = customers.get_document(conn, one.key).shown_at
    except NotFound:
        shown_at = now
    text = write_contract(conn, site, one.contract_id)
    return replace(
        text, number=f"{text.number}-{one.channel}", title=TITLE, clauses=(*text.clauses, ("六、其他", SAME)),
        made_on=shown_at.astimezone(site.zone).date().isoformat(),
    )  # fmt: skip


def show_supplement(
    conn: psycopg.Connection, site: JourneySite, one: Supplement, *, read_seconds: int, now: dt.datetime
) -> customers.DocumentRow:
    """Put it before the customer's eyes: drawn, sealed, its clock started. Conflict where its text has changed since."""

    def work(c: psycopg.Connection) -> customers.DocumentRow:
        text = write_supplement(c, site, one, now=now)
        funding.name_in_contract(c, document=one.key, customer=one.line, channel=one.channel, now=now)
        return customers.show_contract(c, site.vault, text, key=one.key, now=now, read_seconds=read_seconds)

    return run_unit(conn, work)


def sign_supplement(
    conn: psycopg.Connection, site: JourneySite, one: Supplement, *, shown_digest: bytes, now: dt.datetime
) -> None:
    """The customer's yes: from now on these lenders may share what is bought. BadInput as `customers.sign_contract`."""

    def work(c: psycopg.Connection) -> None:
        read_ms = (now - customers.get_document(c, one.key).shown_at) // dt.timedelta(milliseconds=1)
        customers.sign_contract(c, site.vault, one.key, shown_digest=shown_digest, read_ms=read_ms, now=now)
        funding.sign_named(c, one.key, now=now)

    run_unit(conn, work)


__all__ = [
    "Supplement",
    "is_supplement",
    "list_supplements",
    "show_supplement",
    "sign_supplement",
    "write_supplement",
]
