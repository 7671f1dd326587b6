"""Who stands around a purchase: accounts that share its device, address, payee or shop, and what those share among each other.

Exact, from the records. Bounded on every side, and it says where it left something out: a shop of a thousand customers is no clue.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import from_micros, to_micros
from honghua.base.errors import BadInput
from honghua.decision import store_judged
from honghua.decision.core.outcomes import Outcome
from honghua.decision.monitoring.store import find_oldest_near
from honghua.decision.viewing import store
from honghua.decision.viewing.store import THINGS, Purchases
from honghua.features.core import ENTITIES

DAYS: Final = 30
DAYS_MAX: Final = 400
RECORDS_MAX: Final = 200_000  # looked at for the things' users
OTHERS_MAX: Final = 12  # accounts shown of one thing, those that came most often first
ACCOUNTS_MAX: Final = 60
CONTACTS_MAX: Final = 3_000  # purchases × things
THINGS_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Contact:
    """One purchase at one thing."""

    decision_id: int
    account_id: int
    entity: str
    key: int
    at: dt.datetime
    outcome: Outcome
    asked_minor: int


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Contacts, the oldest first. centre: what it was asked for, as (entity, key) or ("account", id). left_out: accounts that used a
    thing and are not shown. is_cut: more records lie in the time than were looked at."""

    centre: tuple[str, int]
    own_accounts: frozenset[int]
    contacts: tuple[Contact, ...]
    looked_back: dt.datetime
    is_cut: bool
    left_out: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[int, ...]:
        """Accounts in it, by number."""
        return tuple(sorted({contact.account_id for contact in self.contacts}))


def find_neighbourhood(conn: psycopg.Connection, decision_id: int, *, days: int = DAYS) -> Neighbourhood | None:
    """Around one decision, it and what came before it; None where it is not recorded."""
    page = store_judged.read_page(conn, "WHERE decision_id = %s", [decision_id])
    if not len(page):
        return None
    since = from_micros(int(page.at_us[0])) - _days(days)
    own = int(page.account_id[0])
    mine = store.read_purchases(conn, since=since, until=decision_id, limit=1, accounts=[own])
    things = {(name, int(key)) for name, key in zip(THINGS, mine.things[0].tolist(), strict=True) if key}
    return _look_around(conn, ("account", own), things, (since, decision_id), frozenset({own}))


def find_around(
    conn: psycopg.Connection, entity: str, key: int, *, since: dt.datetime, account_id: int | None = None
) -> Neighbourhood:
    """Around a device, address, payee, shop (by key) or account, up to now."""
    newest = store.find_newest(conn)
    if entity == "account":
        assert account_id is not None, "an account has a number"
        recent = store.read_purchases(conn, since=since, until=newest, limit=CONTACTS_MAX, accounts=[account_id])
        return _widen(conn, (entity, account_id), recent, (since, newest), frozenset({account_id}))
    if entity not in THINGS:
        raise BadInput(f"look around one of {', '.join(THINGS)}", code="ENTITY_UNKNOWN")
    return _look_around(conn, (entity, key), {(entity, key)}, (since, newest), frozenset())


def _days(days: int) -> dt.timedelta:
    if not 1 <= days <= DAYS_MAX:
        raise BadInput(f"look back 1 … {DAYS_MAX} days", code="SPAN_INVALID")
    return dt.timedelta(days=days)


def _look_around(
    conn: psycopg.Connection, centre: tuple[str, int], things: set[tuple[str, int]], span: tuple[dt.datetime, int],
    own: frozenset[int],
) -> Neighbourhood:  # fmt: skip
    since, until = span
    near = store.read_touching(conn, things, since=since, until=until, limit=RECORDS_MAX)
    return _complete(conn, centre, near, (since, until), (own, things))


def _widen(
    conn: psycopg.Connection, centre: tuple[str, int], recent: Purchases, span: tuple[dt.datetime, int],
    own: frozenset[int],
) -> Neighbourhood:  # fmt: skip
    """Around an account: its newest things of each kind, and whoever uses them; shops alone tie nobody to it."""
    since, until = span
    things: set[tuple[str, int]] = set()
    for place, name in enumerate(THINGS):
        newest = [key for key in dict.fromkeys(recent.things[:, place].tolist()) if key]
        things |= {(name, key) for key in newest[:OTHERS_MAX]}
    tying = {thing for thing in things if thing[0] != "merchant"}
    near = store.read_touching(conn, tying, since=since, until=until, limit=RECORDS_MAX)
    return _complete(conn, centre, join([recent, near]), (since, until), (own, things))


def _complete(
    conn: psycopg.Connection, centre: tuple[str, int], near: Purchases, span: tuple[dt.datetime, int],
    wanted: tuple[frozenset[int], set[tuple[str, int]]],
) -> Neighbourhood:  # fmt: skip
    """Choose who is shown, and read what they share among each other."""
    own, things = wanted
    since, until = span
    shown, left_out = choose_accounts(near, things, own)
    theirs = store.read_purchases(conn, since=since, until=until, limit=CONTACTS_MAX, accounts=sorted(shown))
    contacts = list_contacts(theirs, keep=choose_things(theirs, things))
    oldest = find_oldest_near(conn, until + 1, limit=RECORDS_MAX)
    is_cut = len(theirs) >= CONTACTS_MAX or (oldest is not None and oldest >= to_micros(since))
    return Neighbourhood(centre, own, tuple(contacts), since, is_cut, left_out)


def choose_accounts(
    near: Purchases, things: set[tuple[str, int]], own: frozenset[int]
) -> tuple[set[int], dict[tuple[str, int], int]]:
    """Whom to show: our own and, of each thing, who came most often; and how many of each thing are not shown."""
    users: dict[tuple[str, int], dict[int, int]] = {}
    for place, name in enumerate(THINGS):
        for entity, key in things:
            if entity == name:
                at = near.account_id[near.things[:, place] == key]
                ids, counts = np.unique(at, return_counts=True)
                users[entity, key] = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    shown = set(own)
    for _, counted in sorted(users.items(), key=lambda item: (len(item[1]), item[0])):  # what the fewest share first
        for account in sorted(counted, key=lambda one: (-counted[one], one))[:OTHERS_MAX]:
            if len(shown) < ACCOUNTS_MAX:
                shown.add(account)
    return shown, {thing: n for thing, counted in users.items() if (n := len(set(counted) - shown))}


def choose_things(purchases: Purchases, wanted: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """What to show: what was asked for, and what two or more of those shown share, the most shared first."""
    users: dict[tuple[str, int], set[int]] = {}
    for place, name in enumerate(THINGS):
        pairs = np.unique(np.stack([purchases.things[:, place], purchases.account_id], axis=1), axis=0)
        for key, account in pairs.tolist():
            if key:
                users.setdefault((name, key), set()).add(account)
    shared = [thing for thing, accounts in users.items() if thing not in wanted and len(accounts) > 1]
    shared.sort(key=lambda thing: (-len(users[thing]), thing))
    return (wanted & users.keys()) | set(shared[: max(0, THINGS_MAX - len(wanted))])


def list_contacts(purchases: Purchases, *, keep: set[tuple[str, int]]) -> list[Contact]:
    """Purchases at the things that are kept, the oldest first."""
    found = []
    order = np.argsort(purchases.decision_id, kind="stable")
    for row in order.tolist():
        for place, name in enumerate(THINGS):
            key = int(purchases.things[row, place])
            if (name, key) in keep:
                found.append(Contact(
                    int(purchases.decision_id[row]), int(purchases.account_id[row]), name, key,
                    from_micros(int(purchases.at_us[row])), Outcome(int(purchases.outcome[row])), int(purchases.asked_minor[row]),
                ))  # fmt: skip
    return found


def join(parts: list[Purchases]) -> Purchases:
    """Purchases of several looks, each once."""
    columns: list[NDArray[Any]] = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("decision_id", "account_id", "at_us", "outcome", "asked_minor", "things")
    ]
    _, first = np.unique(columns[0], return_index=True)
    return Purchases(*columns).of(first[::-1])


assert set(THINGS) <= set(ENTITIES), "things are entities"

__all__ = ["Contact", "Neighbourhood", "find_around", "find_neighbourhood"]
