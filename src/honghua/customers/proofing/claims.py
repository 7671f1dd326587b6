"""Who somebody said that they are, kept sealed while a proofing waits for a person's verdict; a verdict ends it."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg

from honghua.customers.core.personal import Field, Part
from honghua.customers.persons import open_keys
from honghua.customers.proofing import store
from honghua.customers.store import PersonRow
from honghua.customers.vault import OWN, Vault, open_sealed, reseal, seal

CLAIM_PLACE: Final = "customers_proof_claim/{}/{}"  # person, proofing


def keep_claim(
    conn: psycopg.Connection, vault: Vault, person: PersonRow, proof_id: int, values: dict[Field, str]
) -> None:
    """Keep what a proofing is about; nothing of somebody who has left."""
    keys = open_keys(conn, vault, person)
    if Part.IDENTITY in keys:
        body = msgspec.json.encode({str(field): text for field, text in values.items()})
        place = CLAIM_PLACE.format(person.person_id, proof_id)
        store.insert_claim(conn, proof_id, seal(keys[Part.IDENTITY], OWN, body, place))


def find_claim(conn: psycopg.Connection, vault: Vault, person: PersonRow, proof_id: int) -> dict[Field, str]:
    """What is kept of a proofing; nothing where it was decided, refused for its number, or is of somebody who has left."""
    sealed, keys = store.find_claim(conn, proof_id), open_keys(conn, vault, person)
    if sealed is None or Part.IDENTITY not in keys:
        return {}
    body = open_sealed(keys[Part.IDENTITY], sealed, CLAIM_PLACE.format(person.person_id, proof_id))
    return {Field(name): text for name, text in msgspec.json.decode(body, type=dict[str, str]).items()}


def reseal_claims(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's claims under their new key; for rotation."""
    if Part.IDENTITY not in old:
        return
    for proof_id, sealed in store.list_claims(conn, person_id):
        place = CLAIM_PLACE.format(person_id, proof_id)
        store.reseal_claim(conn, proof_id, reseal(old[Part.IDENTITY], new[Part.IDENTITY], sealed, place))


__all__ = ["find_claim", "keep_claim", "reseal_claims"]
