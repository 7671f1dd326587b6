"""Who leaves is forgotten in the transaction of the leaving: profile, refusals, protected traits; windows follow within seconds.

Windows in a follower's memory and in its snapshots cannot go in a transaction: the leaver is noted, and `lab.following` strikes the note
out when neither holds anything of them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.features.core import key_of_text
from honghua.lab.profiles import store


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Rows that went."""

    profiles: int
    refusals: int
    traits: int


def key_of_person(customer: str) -> int:
    """The number under which scores and traits of a customer stand: as the windows know them."""
    return key_of_text(customer)


def forget_person(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> Forgotten:
    """Erase what the lab's tables keep of somebody, in the caller's transaction; again does no harm."""
    store.lock_profiles(conn, alone=True)
    profiles = store.erase_profiles(conn, [customer])
    refusals = store.erase_refused(conn, customer)
    traits = store.erase_traits(conn, key_of_person(customer))
    store.insert_leaver(conn, customer, now=now)
    return Forgotten(profiles, refusals, traits)


__all__ = ["Forgotten", "forget_person", "key_of_person"]
