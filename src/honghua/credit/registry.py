"""What a process may remember between units of work, because it never changes: terms, ids of customers, merchants, categories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import store
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.decision.api import BundleIds, ensure_bundles
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind


@dataclass(slots=True)
class Registry:
    """Immutable names, filled as they are met. One per process and database; not shared between threads."""

    terms: dict[int, ProductTerms]
    terms_rows: NDArray[np.int64]
    bundle_ids: BundleIds
    accounts: dict[str, int] = field(default_factory=dict)
    merchants: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)

    @property
    def terms_ids(self) -> dict[str, int]:
        """Newest version by name."""
        return {terms.name: terms_id for terms_id, terms in sorted(self.terms.items())}

    def learn_accounts(self, conn: psycopg.Connection, refs: Iterable[str]) -> None:
        """Look up customers not met before; those without an account stay absent."""
        missing = sorted({ref for ref in refs if ref not in self.accounts})
        if missing:
            self.accounts.update(store.find_account_ids(conn, missing))

    def learn_merchants(self, conn: psycopg.Connection, refs: Iterable[str], currency: str) -> None:
        """Open the merchants not met before."""
        missing = sorted({ref for ref in refs if ref and ref not in self.merchants})
        if missing:
            ids = ledger.open_owners(conn, kind=OwnerKind.MERCHANT, refs=missing, currency=currency)
            self.merchants.update(zip(missing, ids.tolist(), strict=True))

    def learn_categories(self, conn: psycopg.Connection, names: Iterable[str]) -> None:
        """Register the goods categories not met before."""
        missing = sorted({name for name in names if name and name not in self.categories})
        if missing:
            self.categories.update(store.ensure_categories(conn, missing))

    def forget(self) -> None:
        """Drop names learnt in a unit of work that was rolled back."""
        self.accounts.clear()
        self.merchants.clear()
        self.categories.clear()


def open_registry(conn: psycopg.Connection, *, terms: ProductTerms | None = None, currency: str = "CNY") -> Registry:
    """Read the terms; a book without any gets `terms` (None = the defaults in `currency`).

    Newly given terms become the newest version.
    """
    with conn.transaction():
        known = store.load_terms(conn)
        wanted = terms or (ProductTerms(currency=currency) if not known else None)
        if wanted is not None:
            store.save_terms(conn, wanted, msgspec.json.encode(wanted.body()).decode())
            known = store.load_terms(conn)
        bundle_ids = ensure_bundles(conn)
    return Registry(known, terms_matrix(known), bundle_ids)
