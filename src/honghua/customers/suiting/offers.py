"""Profiles and offers: what is known of somebody's situation, whether credit suits them, whether they may be told about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import msgspec
import psycopg

from honghua.customers.consents import use_consent
from honghua.customers.core.agreements import ConsentKind
from honghua.customers.core.identity import read_id_number
from honghua.customers.core.materials import MaterialPurpose
from honghua.customers.core.personal import Field, Part
from honghua.customers.core.suitability import (
    SUITABILITY_RULES,
    Profile,
    SuitabilityRules,
    check_suitability,
    judge_offer,
)
from honghua.customers.materials.reading import find_evidence, overlay
from honghua.customers.persons import get_person, open_keys, read_current
from honghua.customers.store import PersonRow
from honghua.customers.suiting import store_offers
from honghua.customers.suiting.store_offers import OfferRow
from honghua.customers.vault import OWN, Vault, open_sealed, reseal, seal

PROFILE_PLACE: Final = "customers_profile/{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer of credit to one person. key: of the wish to make it; channel: message, page, call …"""

    name: str
    channel: str
    key: str


def write_profile(
    conn: psycopg.Connection, vault: Vault, customer: str, profile: Profile, *, said_by: str, now: dt.datetime
) -> None:
    """What somebody, or somebody about them, said of their situation; the newest counts. Kept sealed. In the caller's transaction."""
    person = get_person(conn, customer, lock=True)
    key = open_keys(conn, vault, person, lock=True)[Part.IDENTITY]
    sealed = seal(key, OWN, msgspec.json.encode(profile), PROFILE_PLACE.format(person.person_id))
    store_offers.insert_profile(conn, person.person_id, sealed, said_by=said_by, now=now)


def find_profile(conn: psycopg.Connection, vault: Vault, customer: str) -> Profile | None:
    """The newest profile; None where nothing was said or its key is gone."""
    person = get_person(conn, customer)
    sealed = store_offers.find_profile(conn, person.person_id)
    keys = open_keys(conn, vault, person)
    if sealed is None or Part.IDENTITY not in keys:
        return None
    return msgspec.json.decode(
        open_sealed(keys[Part.IDENTITY], sealed, PROFILE_PLACE.format(person.person_id)), type=Profile
    )


def find_situation(
    conn: psycopg.Connection, vault: Vault, customer: str, *, on: dt.date, hold: bool = False
) -> Profile | None:
    """What is known of somebody's situation on a day: what was said of it, and over it what their evidence in force shows (R-033).

    hold: as `find_evidence`. NotFound for nobody.
    """
    evidence = find_evidence(conn, vault, customer, MaterialPurpose.LIMIT, on=on, hold=hold)
    return overlay(find_profile(conn, vault, customer), evidence)


def find_age(conn: psycopg.Connection, vault: Vault, person: PersonRow, *, on: dt.date) -> int | None:
    """Somebody's age by their identity number; None where none is known."""
    number = read_current(conn, vault, person, [Field.NATIONAL_ID]).get(Field.NATIONAL_ID)
    return None if number is None else read_id_number(number, on=on).age


def find_unsuited(
    conn: psycopg.Connection, vault: Vault, customer: str, *, on: dt.date, rules: SuitabilityRules = SUITABILITY_RULES
) -> tuple[str, ...]:
    """Codes of what speaks against credit for somebody, as far as is known; () = nothing does."""
    person = get_person(conn, customer)
    situation = find_situation(conn, vault, customer, on=on)
    return check_suitability(situation, age=find_age(conn, vault, person, on=on), rules=rules)


def make_offer(conn: psycopg.Connection, vault: Vault, customer: str, offer: Offer, *, now: dt.datetime) -> OfferRow:
    """Make an offer or say why not; written down either way. In the caller's transaction, which holds the consent.

    Reasons: OPTED_OUT, OFFERED_OFTEN, and those of `check_suitability`; who is not known well enough is offered nothing. The same key
    again gives the first answer.
    """
    known = store_offers.find_offer(conn, offer.key)
    if known is not None:
        return known
    reasons = find_offer_problems(conn, vault, customer, now=now)
    person = get_person(conn, customer)
    store_offers.insert_offer(
        conn, person.person_id, OfferRow(offer.name, offer.channel, not reasons, list(reasons), offer.key, now)
    )
    found = store_offers.find_offer(conn, offer.key)
    assert found is not None, "just inserted"
    return found


def find_offer_problems(
    conn: psycopg.Connection,
    vault: Vault,
    customer: str,
    *,
    now: dt.datetime,
    rules: SuitabilityRules = SUITABILITY_RULES,
) -> tuple[str, ...]:
    """Why somebody may not be sent an offer now, in a fixed order; () where they may. Holds the consent as `use_consent` does."""
    person = get_person(conn, customer)
    return judge_offer(
        find_situation(conn, vault, customer, on=now.date()),
        age=find_age(conn, vault, person, on=now.date()),
        agrees=use_consent(conn, customer, ConsentKind.MARKETING) is not None,
        made=store_offers.list_made(conn, person.person_id),
        now=now,
        rules=rules,
    )


def reseal_profiles(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's profiles under their new key; for rotation."""
    if Part.IDENTITY not in old:
        return
    place = PROFILE_PLACE.format(person_id)
    for version, sealed in store_offers.list_profiles(conn, person_id):
        again = reseal(old[Part.IDENTITY], new[Part.IDENTITY], sealed, place)
        store_offers.reseal_profile(conn, person_id, version, again)


__all__ = [
    "Offer", "OfferRow", "find_age", "find_offer_problems", "find_profile", "find_situation", "find_unsuited", "make_offer",
    "reseal_profiles", "write_profile",
]  # fmt: skip
