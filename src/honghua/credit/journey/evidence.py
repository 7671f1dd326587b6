"""Where the evidence of a write-off comes from: a port, and the plain way that counts what stands in our own records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from honghua.credit.core.administering import evidence_needed
from honghua.credit.core.commands import WriteOff
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import H_TERMS
from honghua.credit.journey import store
from honghua.credit.journey.books import Answer, Books, get_account, read_claim
from honghua.credit.journey.store import Contract
from honghua.credit.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The evidence as it lies. missing: codes of what it lacks, () = complete; figures: what was counted; reference: of the pack."""

    missing: tuple[str, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)
    reference: int = 0


class WriteOffEvidence(Protocol):
    """Gathers evidence about a claim, and books the write-off on it."""

    def gather(
        self, conn: psycopg.Connection, contract: Contract, asked: Mapping[str, Any], *, now: dt.datetime
    ) -> Gathered:
        """Lay in what there is and what was handed in; conn is outside a transaction. Again with the same changes nothing."""
        ...

    def write_off(
        self, conn: psycopg.Connection, contract: Contract, asked: Mapping[str, Any], *, key: str, now: dt.datetime
    ) -> Answer:
        """Book it: the books' answer, the same for the same key."""
        ...


@dataclass(frozen=True, slots=True)
class CountedEvidence:
    """Days past due from the account, attempts from the record of contacts, names of documents as handed in."""

    registry: Registry
    books: Books

    def gather(
        self, conn: psycopg.Connection, contract: Contract, asked: Mapping[str, Any], *, now: dt.datetime
    ) -> Gathered:
        """See `WriteOffEvidence.gather`."""
        account = get_account(conn, self.registry, contract.line)
        days, attempts = evidence_needed(
            self.registry.terms[int(account.head[H_TERMS])], read_claim(account).owed_minor
        )
        made = count_contacts(conn, contract)
        late, documents = int(days_past_due(account.head)), len(asked.get("evidence", ()))
        figures = {
            "days_past_due": late, "days_needed": days, "contacts": made, "contacts_needed": attempts, "documents": documents,
        }  # fmt: skip
        lacks = (
            ("TOO_EARLY", late < days),
            ("ATTEMPTS_MISSING", made < attempts),
            ("DOCUMENT_MISSING", not documents),
            ("APPROVER_MISSING", not asked.get("approved_by")),
        )
        return Gathered(missing=tuple(code for code, is_missing in lacks if is_missing), figures=figures)

    def write_off(
        self, conn: psycopg.Connection, contract: Contract, asked: Mapping[str, Any], *, key: str, now: dt.datetime
    ) -> Answer:
        """See `WriteOffEvidence.write_off`."""
        command = WriteOff(
            key=key, customer=contract.line, evidence=tuple(str(one) for one in asked["evidence"]),
            attempts=count_contacts(conn, contract), approved_by=" + ".join(asked["approved_by"]),
        )  # fmt: skip
        return self.books.submit(command)


def count_contacts(conn: psycopg.Connection, contract: Contract) -> int:
    """How often the debtor was contacted about this contract; what was said about another of theirs is no attempt to collect this one."""
    return sum(row.contract_id == contract.contract_id for row in store.list_contacts(conn, contract.customer))
