"""What routes and pages stand on: connections, the booker, the clock, secrets. Built once per process, by `app`."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import psycopg
from fastapi import Request
from psycopg_pool import ConnectionPool

from honghua.base.clock import Clock
from honghua.credit.api import Registry
from honghua.credit.core import ProductTerms
from honghua.credit.journey.api import LENDER
from honghua.customers.api import Vault
from honghua.store.database import run_unit
from honghua.web.booker import Booker
from honghua.web.keyring import Secrets

T = TypeVar("T")
PLACE: Final = "{brand}"  # where a table of words names the brand


@dataclass(frozen=True, slots=True)
class Brand:
    """Under which names people meet the lender. zh, en: the product's, as customers know it; lender: who lends, by its full name, as
    contracts say it."""

    zh: str = "红花"
    en: str = "Honghua"
    lender: str = LENDER

    def fill(self, words: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """The same words under this brand."""
        return {key: (zh.replace(PLACE, self.zh), en.replace(PLACE, self.en)) for key, (zh, en) in words.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that a route may use. registry: names and terms for readers of `credit` (never for booking). is_demo: fake
    gateways show what they sent. address: where browsers find us, without a slash at its end. reading_seconds: how long a cost table
    is shown before the contract can be concluded (rules.md §2). registered_only: shops that are not in the register sell nothing on
    credit; off, only those do not whom the register closed. brand: under which names people meet us."""

    pool: ConnectionPool[psycopg.Connection]
    booker: Booker
    clock: Clock
    registry: Registry
    secrets: Secrets
    zone: dt.tzinfo
    is_demo: bool = False
    address: str = "http://127.0.0.1:8000"
    reading_seconds: int = 10
    registered_only: bool = False
    brand: Brand = field(default_factory=Brand)

    @property
    def vault(self) -> Vault:
        """The vault made of the site's keys."""
        return self.secrets.vault

    @property
    def terms(self) -> ProductTerms:
        """The newest terms: currency and the instalments on offer."""
        return self.registry.newest_terms

    @property
    def currency(self) -> str:
        """The currency of the newest terms."""
        return self.terms.currency

    async def read(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Run `work` on a pooled connection, in a thread, in one read-only moment."""
        return await asyncio.to_thread(self._read, work)

    async def write(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Run `work` in one transaction, in a thread; on disk when we return. Money moves through the booker instead."""
        return await asyncio.to_thread(self._write, work)

    async def run(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Run `work`, which keeps transactions of its own, on a pooled connection, in a thread."""
        return await asyncio.to_thread(self._run, work)

    def _read(self, work: Callable[[psycopg.Connection], T]) -> T:
        with self.pool.connection() as conn, conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return work(conn)

    def _write(self, work: Callable[[psycopg.Connection], T]) -> T:
        with self.pool.connection() as conn:
            return run_unit(conn, work)

    def _run(self, work: Callable[[psycopg.Connection], T]) -> T:
        with self.pool.connection() as conn:
            return work(conn)


def site_of(request: Request) -> Site:
    """What the application that was asked stands on."""
    site: Site = request.app.state.site
    return site
