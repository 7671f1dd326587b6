"""Partners and their keys: made, stopped, looked up. Each process keeps them all in memory, two seconds old at most."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput
from honghua.customers.api import Vault
from honghua.customers.core import Party, PartyKind
from honghua.merchants.api import find_standings
from honghua.merchants.core import Standing, judge_sale
from honghua.web.api.buckets import Bucket
from honghua.web.api.signing import Signed, target_of, verify
from honghua.web.ground import Site
from honghua.web.problems import Trouble

LOGISTICS: Final = "logistics"  # tells what became of orders: evidence against fake ones, so never by default
SCOPES: Final = frozenset({
    "accounts", "accounts:open", "checkouts", "decisions", "events", "limits", LOGISTICS, "purchases", "repayments", "webhooks",
})  # fmt: skip
RATE_PER_S: Final = 200
AGE_S_MAX: Final = 2.0  # how long a revoked key may still be believed
PARTNERS_MAX: Final = 10_000
SECRET_BYTES: Final = 32
ROWS: Final = (
    "SELECT p.partner_id, p.name, p.scopes,"
    " ARRAY(SELECT m.merchant FROM web_partner_merchant m WHERE m.partner_id = p.partner_id ORDER BY 1) AS merchants,"
    " ARRAY(SELECT k.key_id FROM web_partner_key k WHERE k.partner_id = p.partner_id AND k.revoked_at IS NULL ORDER BY 1) AS keys,"
    " p.is_house, p.rate_per_s, p.is_stopped FROM web_partner p"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Who signs with one key. merchants: the shops whose orders are theirs; is_house: the lender's own, to whom no customer is foreign.

    standings: those of the shops that are in the register of merchants; registered_only: the others sell nothing on credit.
    """

    partner_id: int
    name: str
    scopes: frozenset[str]
    merchants: frozenset[str]
    is_house: bool
    rate_per_s: int
    burst: int
    secret: bytes = field(repr=False)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    registered_only: bool = False

    def check_merchant(self, merchant: str) -> None:
        """Trouble when the shop is not one of theirs."""
        if merchant not in self.merchants:
            raise Trouble("MERCHANT_NOT_YOURS", "this partner has no such merchant")

    def check_sale(self, merchant: str, amount_minor: int) -> None:
        """Trouble when the shop is not one of theirs, or may not sell an order of this amount on credit."""
        self.check_merchant(merchant)
        require_sale(self.standings.get(merchant), amount_minor, registered_only=self.registered_only)

    def check_scope(self, scope: str) -> None:
        """Trouble when their keys lack it."""
        if scope not in self.scopes:
            raise Trouble("SCOPE_MISSING", f"this needs the scope {scope}")


def require_sale(standing: Standing | None, amount_minor: int, *, registered_only: bool) -> None:
    """Trouble when a shop that stands so in the register may not sell an order of this amount on credit."""
    if standing is None and not registered_only:
        return  # most shops of most books: nothing is built for them
    refusal = judge_sale(standing, amount_minor, registered_only=registered_only)
    if refusal is not None:
        raise Trouble(refusal.code, refusal.sentence)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once."""

    partner_id: int
    key_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """What a partner is made of."""

    name: str
    scopes: frozenset[str]
    merchants: Sequence[str] = ()
    is_house: bool = False
    rate_per_s: int = RATE_PER_S
    burst: int = RATE_PER_S


def create_partner(conn: psycopg.Connection, vault: Vault, new: NewPartner, *, now: dt.datetime) -> NewKey:
    """A partner with its first key. Raises BadInput for a scope that does not exist, or a name that is taken."""
    if not new.scopes <= SCOPES:
        raise BadInput(f"no such scopes: {sorted(new.scopes - SCOPES)}; there are {sorted(SCOPES)}")
    row = conn.execute(
        "INSERT INTO web_partner (name, scopes, is_house, rate_per_s, burst, created_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING RETURNING partner_id",
        [new.name, sorted(new.scopes), new.is_house, new.rate_per_s, new.burst, now],
    ).fetchone()
    if row is None:
        raise BadInput(f"there is a partner {new.name!r} already")
    add_merchants(conn, row[0], new.merchants)
    return add_key(conn, vault, row[0], now=now)


def add_key(conn: psycopg.Connection, vault: Vault, partner_id: int, *, now: dt.datetime) -> NewKey:
    """One more key: the old one works until it is revoked."""
    key_id, secret = f"hk_{secrets.token_hex(8)}", secrets.token_urlsafe(SECRET_BYTES)
    sealed = vault.seal(secret, f"web_partner_key:{key_id}")
    conn.execute(
        "INSERT INTO web_partner_key (key_id, partner_id, sealed, created_at) VALUES (%s, %s, %s, %s)",
        [key_id, partner_id, sealed, now],
    )
    return NewKey(partner_id, key_id, secret)


def revoke_key(conn: psycopg.Connection, key_id: str, *, now: dt.datetime) -> bool:
    """End a key; False when there is none, or it was ended before."""
    query = "UPDATE web_partner_key SET revoked_at = %s WHERE key_id = %s AND revoked_at IS NULL"
    return conn.execute(query, [now, key_id]).rowcount == 1


def add_merchants(conn: psycopg.Connection, partner_id: int, merchants: Sequence[str]) -> None:
    """Give a partner shops."""
    conn.execute(
        "INSERT INTO web_partner_merchant (partner_id, merchant) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        [partner_id, list(merchants)],
    )


def link_customer(conn: psycopg.Connection, partner_id: int, customer: str, *, now: dt.datetime) -> None:
    """From now on the partner may look at this customer's account: it opened it, or the customer agreed."""
    conn.execute(
        "INSERT INTO web_partner_customer (partner_id, customer, since) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [partner_id, customer, now],
    )


def is_linked(conn: psycopg.Connection, partner: Partner, customer: str) -> bool:
    """Whether this customer's account is open to the partner."""
    if partner.is_house:
        return True
    query = "SELECT 1 FROM web_partner_customer WHERE partner_id = %s AND customer = %s"
    return conn.execute(query, [partner.partner_id, customer]).fetchone() is not None


def check_linked(conn: psycopg.Connection, partner: Partner, customer: str) -> None:
    """Trouble for a customer who is none of theirs; it says the same of one who does not exist."""
    if not is_linked(conn, partner, customer):
        raise Trouble("CUSTOMER_NOT_YOURS", "this partner has no such customer")


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner as its keeper sees it; keys: those that work."""

    partner_id: int
    name: str
    scopes: list[str]
    merchants: list[str]
    keys: list[str]
    is_house: bool
    rate_per_s: int
    is_stopped: bool


def list_partners(conn: psycopg.Connection) -> list[PartnerRow]:
    """All partners, by name."""
    with conn.cursor(row_factory=class_row(PartnerRow)) as cursor:
        return cursor.execute(f"{ROWS} ORDER BY p.name LIMIT %s", [PARTNERS_MAX]).fetchall()


def list_parties(conn: psycopg.Connection) -> list[Party]:
    """Every partner as a party that has duties (customers.core.duties); programs of our own are the lender."""
    rows = conn.execute(
        "SELECT name, scopes, is_house, is_stopped, created_at FROM web_partner ORDER BY name LIMIT %s", [PARTNERS_MAX]
    )
    return [
        Party(
            name=name, kind=PartyKind.LENDER if is_house else PartyKind.SHOP_PARTNER, does=tuple(scopes), since=at.date(),
            is_stopped=stopped,
        )
        for name, scopes, is_house, stopped, at in rows
    ]  # fmt: skip


def get_partner(conn: psycopg.Connection, name: str) -> PartnerRow:
    """One partner by its name; Trouble PARTNER_UNKNOWN."""
    with conn.cursor(row_factory=class_row(PartnerRow)) as cursor:
        found = cursor.execute(f"{ROWS} WHERE p.name = %s", [name]).fetchone()
    if found is None:
        raise Trouble("PARTNER_UNKNOWN", f"there is no partner {name!r}")
    return found


def stop_partner(conn: psycopg.Connection, name: str, *, is_stopped: bool) -> None:
    """None of its keys works any more, or again; Trouble PARTNER_UNKNOWN."""
    if conn.execute("UPDATE web_partner SET is_stopped = %s WHERE name = %s", [is_stopped, name]).rowcount == 0:
        raise Trouble("PARTNER_UNKNOWN", f"there is no partner {name!r}")


def rotate_keys(conn: psycopg.Connection, vault: Vault) -> int:
    """Seal what lies under an older field key with the newest, of keys and of webhook endpoints; how many moved. In one transaction."""
    moved = 0
    for table, name in (("web_partner_key", "key_id"), ("web_endpoint", "endpoint_id")):
        for row_id, sealed in conn.execute(f"SELECT {name}, sealed FROM {table} ORDER BY 1 FOR UPDATE").fetchall():  # noqa: S608
            again = vault.reseal(bytes(sealed), f"{table}:{row_id}")
            if again is not None:
                conn.execute(f"UPDATE {table} SET sealed = %s WHERE {name} = %s", [again, row_id])  # noqa: S608
                moved += 1
    return moved


def load_partners(conn: psycopg.Connection, vault: Vault, *, registered_only: bool = False) -> dict[str, Partner]:
    """Every partner at work by each of its keys, with what the register says of its shops."""
    rows = conn.execute(
        "SELECT k.key_id, k.sealed, p.partner_id, p.name, p.scopes, p.is_house, p.rate_per_s, p.burst,"
        " ARRAY(SELECT m.merchant FROM web_partner_merchant m WHERE m.partner_id = p.partner_id)"
        " FROM web_partner_key k JOIN web_partner p USING (partner_id)"
        " WHERE k.revoked_at IS NULL AND NOT p.is_stopped ORDER BY k.created_at DESC LIMIT %s",
        [PARTNERS_MAX],
    ).fetchall()
    standings = find_standings(conn, sorted({merchant for row in rows for merchant in row[8]}))
    return {
        row[0]: Partner(
            secret=vault.open_bytes(bytes(row[1]), f"web_partner_key:{row[0]}"),
            partner_id=row[2], name=row[3], scopes=frozenset(row[4]), is_house=row[5], rate_per_s=row[6], burst=row[7],
            merchants=frozenset(row[8]), registered_only=registered_only,
            standings={merchant: standings[merchant] for merchant in row[8] if merchant in standings},
        )
        for row in rows
    }  # fmt: skip


@dataclass(slots=True)
class PartnerBook:
    """What a process knows of partners, and how fast each may go on."""

    by_key: dict[str, Partner] = field(default_factory=dict)
    buckets: dict[int, Bucket] = field(default_factory=dict)
    loaded_at: float = -AGE_S_MAX
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_fresh(self) -> bool:
        """Whether what is known is young enough."""
        return time.perf_counter() - self.loaded_at < AGE_S_MAX

    async def identify(self, site: Site, scope: Mapping[str, Any], body: bytes, *, now_s: int) -> Signed[Partner]:
        """Who signed a request; Trouble when it is nobody. Its nonce, rate and scope are still to be looked at."""
        await self.refresh(site)
        signed = verify(
            self.by_key, scope["headers"], method=scope["method"], target=target_of(scope), body=body, now_s=now_s
        )
        if isinstance(signed, str):
            raise Trouble(signed, "")
        return signed

    async def refresh(self, site: Site) -> None:
        """Read them again when what is known is too old; those who come meanwhile wait for the one who reads."""
        if self.is_fresh():
            return
        async with self.lock:
            if self.is_fresh():
                return
            self.by_key = await site.read(
                lambda conn: load_partners(conn, site.vault, registered_only=site.registered_only)
            )
            self.loaded_at = time.perf_counter()

    def forget(self) -> None:
        """Read again at the next call: somebody here has changed a partner."""
        self.loaded_at = -AGE_S_MAX

    def check_rate(self, partner: Partner, *, cost: int = 1) -> None:
        """Trouble RATE_EXCEEDED when a partner is too fast. Each process counts for itself."""
        bucket = self.buckets.get(partner.partner_id)
        if bucket is None or bucket.burst != partner.burst or bucket.rate_per_s != partner.rate_per_s:
            bucket = self.buckets[partner.partner_id] = Bucket(partner.rate_per_s, partner.burst)
        wait_s = bucket.take(time.perf_counter(), cost)
        if wait_s:
            raise Trouble("RATE_EXCEEDED", f"{partner.rate_per_s} calls a second", retry_after_s=wait_s)


__all__ = [
    "SCOPES",
    "NewKey",
    "NewPartner",
    "Partner",
    "PartnerBook",
    "PartnerRow",
    "add_key",
    "add_merchants",
    "check_linked",
    "create_partner",
    "get_partner",
    "is_linked",
    "link_customer",
    "list_partners",
    "load_partners",
    "require_sale",
    "revoke_key",
    "rotate_keys",
    "stop_partner",
]
