"""What a process may remember between units of work, because it never changes: terms, ids of customers, merchants, categories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.credit import store
from honghua.credit.core.desk import Decider
from honghua.credit.core.guards import CapRules
from honghua.credit.core.layout import H_TERMS
from honghua.credit.core.lines.excluding import Exclusions
from honghua.credit.core.terms import ProductTerms, find_newest, newest_of, terms_matrix
from honghua.credit.proving import Prover
from honghua.decision.api import BundleIds, Standing, ensure_bundles, read_standing
from honghua.facts.kinds import Fact
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind

Ints = NDArray[np.int64]
EXCLUDED: Final = "exclusion"


@dataclass(frozen=True, slots=True, eq=False)
class SensedOrders:
    """Orders as those who judge them see them, in parallel columns; arrays are int64[n]. scenes: keys as facts carry them.

    available_minor and limit_minor as the account stood before its batch: what is sensed. inputs int64[n, 12]: the account's inputs
    as they will probably stand when each order is judged. places: of accounts in the unit's table, −1 = not in it.
    """

    account_ids: Ints
    command_ids: Ints
    at_us: Ints
    customers: list[str]
    merchants: list[str]
    merchant_ids: Ints
    categories: list[str]
    category_ids: Ints
    scenes: list[tuple[int, ...]]
    available_minor: Ints
    limit_minor: Ints
    inputs: Ints
    places: Ints

    def __len__(self) -> int:
        return len(self.account_ids)


class RiskLink(Decider, Protocol):
    """The risk engine at work in a unit: begun under its lock, told of everything in order, ended before the commit."""

    def prepare(self, conn: psycopg.Connection) -> None:
        """Before the transaction: see what is in force by now."""
        ...

    def begin(self, conn: psycopg.Connection, last: int) -> None:
        """Our turn has come (the transaction holds the deciders' lock): learn what others booked, up to the last fact there is."""
        ...

    def sense(self, orders: SensedOrders) -> NDArray[np.bool_]:
        """Take orders into the state, in order, and judge them ahead; row i is order i. Which are approved as foreseen, bool[n]."""
        ...

    def hear(self, rows: slice) -> None:
        """These orders of the newest `sense` were booked as they were judged ahead."""
        ...

    def end(
        self, conn: psycopg.Connection, facts: Sequence[tuple[int, Fact, int]], now_us: int, *, last_fact_id: int
    ) -> None:
        """Learn the unit's other facts (fact id, fact, command id) and record decisions; the unit is about to commit."""
        ...

    def committed(self) -> None:
        """The unit is on disk."""
        ...

    def forget(self) -> None:
        """The unit was rolled back: its events did not happen."""
        ...


@dataclass(slots=True)
class Registry:
    """Immutable names, filled as they are met. One per process and database; not shared between threads."""

    terms: dict[int, ProductTerms]
    terms_rows: NDArray[np.int64]
    bundle_ids: BundleIds
    accounts: dict[str, int] = field(default_factory=dict)
    merchants: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    risk: RiskLink | None = None  # None: the account rules alone judge
    prover: Prover | None = None  # None: no proof is ever right
    cap_rules: CapRules = field(default_factory=CapRules)
    standing: Standing | None = None  # on the list `exclusion`, when it was read last

    @property
    def terms_ids(self) -> dict[str, int]:
        """Newest version by name."""
        return {terms.name: terms_id for terms_id, terms in sorted(self.terms.items())}

    @property
    def newest_terms(self) -> ProductTerms:
        """The version that new accounts get, and whose currency the book has."""
        return self.terms[newest_of(self.terms)]

    def learn_terms(self, conn: psycopg.Connection, *, up_to: int = -1, names: Collection[str] = ()) -> Ints:
        """`terms_rows` that hold the version of this number and those of these names: contracts bring terms of their own.

        Read again only where one was not met before; a name that nobody wrote stays unknown.
        """
        known = self.terms_ids if names else {}
        if up_to >= len(self.terms_rows) or any(name not in known for name in names):
            self.terms.update(store.load_terms(conn))
            self.terms_rows = terms_matrix(self.terms)
        return self.terms_rows

    def learn_terms_of(self, conn: psycopg.Connection, rows: store.AccountRows) -> Ints:
        """The same for the versions that these accounts were opened under."""
        return self.learn_terms(conn, up_to=int(rows.heads[:, H_TERMS].max(initial=-1)))

    def learn_accounts(self, conn: psycopg.Connection, refs: Iterable[str]) -> None:
        """Look up customers not met before; those without an account stay absent."""
        missing = self.find_strangers(refs)
        if missing:
            self.accounts.update(store.find_account_ids(conn, missing))

    def find_strangers(self, refs: Iterable[str]) -> list[str]:
        """Customers not met before."""
        return sorted({ref for ref in refs if ref not in self.accounts})

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

    def learn_exclusions(self, conn: psycopg.Connection) -> Exclusions:
        """Who stands on the list `exclusion`; read again only where a list changed."""
        self.standing = read_standing(conn, EXCLUDED, known=self.standing)
        return Exclusions(self.standing.ends_us)

    def forget(self) -> None:
        """Drop names learnt in a unit of work that was rolled back."""
        self.accounts.clear()
        self.merchants.clear()
        self.categories.clear()
        if self.risk is not None:
            self.risk.forget()


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


def adopt_terms(conn: psycopg.Connection, wanted: ProductTerms) -> bool:
    """Make `wanted` the newest version of its product; False where it is already. Accounts opened before keep the terms they have.

    BadInput where the book has this name and version with other figures, or has left it behind (whoever changes terms gives them a
    new number), and where the book is in another currency.
    """
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(hashtext('credit_terms'))")
        known = store.load_terms(conn)
        newest = find_newest(known, wanted.purpose)
        if newest is not None and known[newest].digest() == wanted.digest():
            return False
        others = {one.currency for one in known.values()} - {wanted.currency}
        if others:
            raise BadInput(
                f"{wanted.name} is in {wanted.currency}, this book in {', '.join(others)}", code="CURRENCY_MISMATCH"
            )
        of_product = [one for one in known.values() if not one.price_ppm and one.purpose == wanted.purpose]
        if any((one.name, one.version) == (wanted.name, wanted.version) for one in of_product):
            raise BadInput(
                f"{wanted.name} v{wanted.version} stands in this book with other figures, or a later version replaced it: "
                "give changed terms a new version",
                code="TERMS_TAKEN",
            )
        store.save_terms(conn, wanted, msgspec.json.encode(wanted.body()).decode())
    return True
