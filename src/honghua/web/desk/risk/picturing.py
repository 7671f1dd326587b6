"""A neighbourhood as a drawing and as a table: accounts and things as nodes, who used what as edges, each with its moments."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.decision.core import LETS_BUY

SHOP: Final = "merchant"


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """One account at one thing: how often, how often not let through, asked for in all, the first and the last moment."""

    account_id: int
    customer: str
    entity: str
    key: int
    thing: str
    purchases: int
    held_up: int
    asked_minor: int
    first_at: dt.datetime
    last_at: dt.datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Edges, things that the fewest share first; marks for the drawing (account, thing, moment, held up); and what is left out."""

    edges: tuple[DrawnEdge, ...]
    marks: tuple[tuple[int, str, int, int, bool], ...]
    left_out: tuple[tuple[str, int], ...]
    looked_back: dt.datetime
    is_cut: bool

    @property
    def accounts(self) -> int:
        """How many accounts are shown."""
        return len({edge.account_id for edge in self.edges})

    def plain(self) -> dict[str, Any]:
        """As the drawing reads it: nodes by id, and every purchase at a thing as [account, thing, seconds, amount, held up]."""
        nodes: dict[str, dict[str, Any]] = {}
        for edge in self.edges:
            account, thing = f"account:{edge.account_id}", f"{edge.entity}:{edge.key}"
            nodes[account] = {"kind": "account", "name": edge.customer, "own": edge.is_own}
            nodes[thing] = {"kind": edge.entity, "name": edge.thing, "own": False}
        return {
            "nodes": nodes,
            "contacts": [
                [f"account:{account}", f"{thing}", seconds, amount, int(held)]
                for account, thing, seconds, amount, held in self.marks
            ],
        }


def picture_neighbourhood(conn: psycopg.Connection, around: decision.Neighbourhood) -> Picture:
    """Name what can be named: customers by their reference, shops by the facts of their purchases, other things by a short mark."""
    customers = credit.find_customer_refs(conn, list(around.accounts))
    shops = _name_shops(conn, around)
    found: dict[tuple[str, int, int], list[decision.Contact]] = {}
    for contact in around.contacts:
        found.setdefault((contact.entity, contact.key, contact.account_id), []).append(contact)
    shared: dict[tuple[str, int], int] = {}
    for entity, key, _ in found:
        shared[entity, key] = shared.get((entity, key), 0) + 1
    edges = [
        DrawnEdge(
            account, customers.get(account, f"#{account}"), entity, key, name_thing(entity, key, shops), len(met),
            sum(one.outcome not in LETS_BUY for one in met), sum(one.asked_minor for one in met), met[0].at, met[-1].at,
            account in around.own_accounts,
        )
        for (entity, key, account), met in found.items()
    ]  # fmt: skip
    edges.sort(
        key=lambda edge: (
            shared[edge.entity, edge.key],
            edge.entity == SHOP,
            edge.key,
            not edge.is_own,
            -edge.purchases,
        )
    )
    marks = tuple(
        (
            one.account_id,
            f"{one.entity}:{one.key}",
            int(one.at.timestamp()),
            one.asked_minor,
            one.outcome not in LETS_BUY,
        )
        for one in around.contacts
    )
    left_out = tuple((name_thing(entity, key, shops), n) for (entity, key), n in sorted(around.left_out.items()))
    return Picture(tuple(edges), marks, left_out, around.looked_back, around.is_cut)


def name_thing(entity: str, key: int, shops: dict[int, str]) -> str:
    """A shop by its name; a device, address or payee by the beginning of its key, which is all that we keep of it."""
    if entity == SHOP and key in shops:
        return shops[key]
    return f"{key:016x}"[:6]


def _name_shops(conn: psycopg.Connection, around: decision.Neighbourhood) -> dict[int, str]:
    """Shops by key: one purchase at each tells its name."""
    one_of = {contact.key: contact.decision_id for contact in around.contacts if contact.entity == SHOP}
    named = credit.name_purchases(conn, list(one_of.values())[:500])
    return {key: named[number].merchant for key, number in one_of.items() if number in named and named[number].merchant}


__all__ = ["DrawnEdge", "Picture", "name_thing", "picture_neighbourhood"]
