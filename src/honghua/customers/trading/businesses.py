"""What a customer says of their small business, sealed, and the register's word on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import BadInput, NotFound, TimedOut, WorldFailed
from honghua.customers.core.businesses import (
    Business,
    BusinessStanding,
    BusinessVerdict,
    RegisterAnswer,
    judge_business,
    read_licence,
)
from honghua.customers.core.personal import Field, Part
from honghua.customers.persons import Access, Purpose, get_person, open_keys, reveal
from honghua.customers.provider_calls import Calling, call_provider
from honghua.customers.trading import store
from honghua.customers.trading.register import BusinessRegister
from honghua.customers.trading.store import BusinessCheck
from honghua.customers.vault import OWN, Vault, open_sealed, reseal, seal
from honghua.store.database import run_unit

PLACE: Final = "customers_business/{}"
BASIS: Final = "PIPL 13(2): the application for the business line"
NAME_CHARS_MAX: Final = 100
SHOPS_MAX: Final = 20
TRIES: Final = 2
READER: Final = "business check"


def write_business(
    conn: psycopg.Connection, vault: Vault, customer: str, business: Business, *, said_by: str, now: dt.datetime
) -> int:
    """What its owner says, kept sealed; the newest counts. The version's number. In the caller's transaction.

    BadInput for a licence that is none, for takings below nothing, too many shops or a name that cannot be printed.
    """
    licence, name = read_licence(business.licence), business.name.strip()
    if licence is None:
        raise BadInput("this is no unified social credit code", code="LICENCE_INVALID")
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise BadInput(f"a business has a name of at most {NAME_CHARS_MAX} characters", code="BUSINESS_INVALID")
    if business.takings_minor < 0 or len(business.shops) > SHOPS_MAX or not all(one.strip() for one in business.shops):
        raise BadInput(f"takings from 0 on, at most {SHOPS_MAX} shops", code="BUSINESS_INVALID")
    person = get_person(conn, customer, lock=True)
    key = open_keys(conn, vault, person, lock=True)[Part.IDENTITY]
    kept = replace(business, name=name, licence=licence)
    sealed = seal(key, OWN, msgspec.json.encode(kept), PLACE.format(person.person_id))
    return store.insert_business(conn, person.person_id, sealed, said_by=said_by, now=now)


def find_business(conn: psycopg.Connection, vault: Vault, customer: str) -> tuple[int, Business] | None:
    """(version, the newest); None where nothing was said or its key is gone. NotFound for nobody."""
    person = get_person(conn, customer)
    versions, keys = store.list_businesses(conn, person.person_id), open_keys(conn, vault, person)
    if not versions or Part.IDENTITY not in keys:
        return None
    version, sealed = versions[-1]
    clear = open_sealed(keys[Part.IDENTITY], sealed, PLACE.format(person.person_id))
    return version, msgspec.json.decode(clear, type=Business)


def check_business(
    conn: psycopg.Connection, vault: Vault, register: BusinessRegister, customer: str, *, now: dt.datetime
) -> BusinessCheck:
    """Ask the register about the newest version, unless it has given its word on that; a silence is asked again.

    conn must be outside a transaction. NotFound where nothing was said.
    """

    def look(c: psycopg.Connection) -> tuple[int, Business, str | None, BusinessCheck | None]:
        found = find_business(c, vault, customer)
        if found is None:
            raise NotFound(f"{customer} said nothing of a business", code="BUSINESS_UNSAID")
        owner = reveal(c, vault, customer, [Field.NAME], Access(READER, Purpose.IDENTITY_CHECK), now=now).get(
            Field.NAME
        )
        return *found, owner, find_check(c, customer)

    version, business, owner, known = run_unit(conn, look)
    if known is not None and known.standing != BusinessStanding.SILENCE:
        return known
    calling = Calling(
        customer=customer, provider=register.name, is_fake=register.is_fake, kind="register", purpose="business line", basis=BASIS,
        version=version,
    )  # fmt: skip

    def ask() -> RegisterAnswer:
        return call_provider(conn, calling, lambda: register.ask(business.licence, claimed_by=owner or ""), now=now)

    answer = _ask(register, ask)
    verdict, reasons = judge_business(answer, owner=owner)
    row = BusinessCheck(
        version=version, standing=answer.standing, verdict=verdict, reasons=list(reasons), since_on=answer.since_on,
        register=answer.register, is_fake=answer.is_fake, at=now,
    )  # fmt: skip
    run_unit(conn, lambda c: store.insert_check(c, get_person(c, customer).person_id, row))
    return row


def find_check(conn: psycopg.Connection, customer: str) -> BusinessCheck | None:
    """The newest word of the register on the newest version; None where it was not asked about that."""
    person = get_person(conn, customer)
    versions, checks = store.list_businesses(conn, person.person_id), store.list_checks(conn, person.person_id)
    return next((row for row in reversed(checks) if versions and row.version == versions[-1][0]), None)


def is_checked(row: BusinessCheck) -> bool:
    """Whether the register knows the business as the customer's, in trade."""
    return row.verdict == BusinessVerdict.CHECKED


def reseal_businesses(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's businesses under their new key; for rotation."""
    if Part.IDENTITY not in old:
        return
    place = PLACE.format(person_id)
    for version, sealed in store.list_businesses(conn, person_id):
        again = reseal(old[Part.IDENTITY], new[Part.IDENTITY], sealed, place)
        store.reseal_business(conn, person_id, version, again)


def _ask(register: BusinessRegister, ask: Callable[[], RegisterAnswer]) -> RegisterAnswer:
    """The register's answer, asked at most `TRIES` times, each on record; silence where none came that can be believed."""
    for _ in range(TRIES):
        try:
            return ask()
        except TimedOut:
            continue
        except WorldFailed:  # what it says is not believed: as good as silence
            break
    return RegisterAnswer(standing=BusinessStanding.SILENCE, register=register.name, is_fake=register.is_fake)


__all__ = [
    "BusinessCheck", "check_business", "find_business", "find_check", "is_checked", "reseal_businesses", "write_business",
]  # fmt: skip
