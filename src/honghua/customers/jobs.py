"""What runs by the clock: move persons under the newest master key, erase what the law no longer keeps, tell of answers that are late."""

from __future__ import annotations

import datetime as dt
from typing import Final

import psycopg

from honghua.customers import store, store_consents
from honghua.customers.conduct.complaints import OPEN_MAX, list_complaints, reseal_complaints
from honghua.customers.contracts.documents import reseal_documents
from honghua.customers.core.personal import PARTS
from honghua.customers.facing.taking import sweep_recordings
from honghua.customers.materials.reading import reseal_materials
from honghua.customers.persons import field_place, get_person, key_place, open_keys
from honghua.customers.proofing.challenging import sweep_challenges
from honghua.customers.proofing.claims import reseal_claims
from honghua.customers.rights import erase_retained
from honghua.customers.suiting.offers import reseal_profiles
from honghua.customers.trading.businesses import reseal_businesses
from honghua.customers.vault import Vault, reseal
from honghua.decision.api import Told, raise_alert
from honghua.store.database import run_unit

SWEEP: Final = 500
ALERT: Final = "conduct"


def rotate_keys(conn: psycopg.Connection, vault: Vault, *, limit: int = SWEEP) -> int:
    """Give persons under an old master key a new key of their own, under the newest; how many. 0: the old keys may go.

    Each person is one transaction, so it may be killed at any moment and run again.
    """
    customers = store.list_old_keys(conn, vault.newest, limit=limit)
    for customer in customers:
        run_unit(conn, lambda c, customer=customer: rotate_person(c, vault, customer))  # type: ignore[misc]
    return len(customers)


def rotate_person(conn: psycopg.Connection, vault: Vault, customer: str) -> None:
    """Re-encrypt all versions of all fields of somebody under new keys."""
    person = get_person(conn, customer, lock=True)
    old = open_keys(conn, vault, person, lock=True)
    new = {part: vault.new_person_key(key_place(person.person_id, part)) for part in old}
    for row in store.list_fields(conn, person.person_id):
        part = PARTS[row.field]
        if part in old:
            again = reseal(old[part], new[part][0], row.sealed, field_place(person.person_id, row.field))
            store.reseal_field(conn, person.person_id, row, again)
    keys = {part: key for part, (key, _) in new.items()}
    reseal_profiles(conn, person.person_id, old, keys)
    reseal_materials(conn, person.person_id, old, keys)
    reseal_documents(conn, person.person_id, old, keys)
    reseal_complaints(conn, person.person_id, old, keys)
    reseal_claims(conn, person.person_id, old, keys)
    reseal_businesses(conn, person.person_id, old, keys)
    for part, (_, wrapped) in new.items():
        store.update_key(conn, person.person_id, part, vault.newest, wrapped)


def erase_due(conn: psycopg.Connection, *, on: dt.date, now: dt.datetime, limit: int = SWEEP) -> int:
    """Erase identities whose time of keeping is over; how many."""
    customers = store.list_retained_until(conn, on, limit=limit)
    return sum(
        run_unit(conn, lambda c, customer=customer: erase_retained(c, customer, on=on, now=now))  # type: ignore[misc]
        for customer in customers
    )


def alert_late(conn: psycopg.Connection, *, on: dt.date, now: dt.datetime) -> int:
    """Tell people of every complaint and every right in use whose clock has run out, once each; how many are new. In one transaction."""
    late = [
        (f"complaint {one.complaint_id}", f"complaint {one.complaint_id} should have been answered by {one.due_on}")
        for one in list_complaints(conn)
        if one.is_overdue(on)
    ]
    late += [
        (f"request {row.request_id}", f"the request {row.kind} should have been answered by {row.due_at.date()}")
        for row in store_consents.list_requests(conn, person_id=None, limit=OPEN_MAX)
        if row.due_at < now
    ]
    return sum(raise_alert(conn, Told(ALERT, subject, subject, words, now), now=now) for subject, words in late)


def sweep_old(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Delete challenges that nobody can answer any more, and what is known of old films; how many."""
    return run_unit(conn, lambda c: sweep_challenges(c, now=now) + sweep_recordings(c, now=now))


__all__ = ["SWEEP", "alert_late", "erase_due", "rotate_keys", "rotate_person", "sweep_old"]
