"""The evidence of a contract's write-off as a pack of the prudence folder: laid in from our own stores, approved by two, then booked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import psycopg

from honghua.app.book import to_plain
from honghua.bureau import api as bureau
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.credit.prudence import api as prudence
from honghua.customers import api as customers
from honghua.facts.kinds import FactKind
from honghua.store.facts import read_facts

LAID_BY = "the contract's own records"


@dataclass(frozen=True, slots=True)
class PackedEvidence:
    """Contract, statements and bureau record by digest where they are handed in; contacts from the record, one document each."""

    registry: credit.Registry
    vault: customers.Vault

    def gather(
        self, conn: psycopg.Connection, contract: journey.Contract, asked: Mapping[str, Any], *, now: dt.datetime
    ) -> journey.Gathered:
        """See `journey.WriteOffEvidence`."""
        if self._find_booked(conn, contract) is not None:
            return journey.Gathered(missing=(), figures={"booked_before": True})
        pack_id = prudence.begin_pack(conn, contract.line, person=LAID_BY, now=now)
        known = {item.digest for item in prudence.get_pack(conn, self.registry, pack_id).items}
        for item in self._collect(conn, contract, set(asked.get("evidence", ())), now):
            if item.digest not in known:
                prudence.add_item(conn, pack_id, item, person=LAID_BY, now=now)
        for person in asked.get("approved_by", ()):
            prudence.approve_pack(conn, pack_id, person=str(person), now=now)
        pack = prudence.get_pack(conn, self.registry, pack_id)
        figures = {
            "days_past_due": pack.days_past_due, "documents": len(pack.items), "approvals": list(pack.approvals),
            "claim_minor": pack.claim_minor, "lacks": [one.sentence for one in pack.missing],
        }  # fmt: skip
        return journey.Gathered(missing=tuple(one.code for one in pack.missing), figures=figures, reference=pack_id)

    def write_off(
        self,
        conn: psycopg.Connection,
        contract: journey.Contract,
        asked: Mapping[str, Any],
        *,
        key: str,
        now: dt.datetime,
    ) -> dict[str, Any]:
        """See `journey.WriteOffEvidence`. Whoever died between the books and the row comes again and gets the fact that was booked."""
        booked = self._find_booked(conn, contract)
        if booked is not None:
            return booked
        pack_id = prudence.begin_pack(conn, contract.line, person=LAID_BY, now=now)
        return prudence.write_off_pack(conn, self.registry, pack_id, now=now)

    def _find_booked(self, conn: psycopg.Connection, contract: journey.Contract) -> dict[str, Any] | None:
        """The answer that the books gave, where the claim is written off already."""
        account = journey.get_account(conn, self.registry, contract.line)
        if not journey.read_claim(account).written_off_minor:
            return None
        facts = read_facts(conn, np.array([account.account_id], np.int64))
        last = int(np.flatnonzero(facts.kind == FactKind.WRITTEN_OFF)[-1])
        amount = int(facts.amount_minor[last])
        return {"outcome": "done", "written_off_minor": amount, "fact_id": int(facts.fact_id[last]), "repeated": True}

    def _collect(
        self, conn: psycopg.Connection, contract: journey.Contract, kinds: set[str], now: dt.datetime
    ) -> Iterator[prudence.Item]:
        today = credit.get_business_day(conn)
        if "contract" in kinds:
            key = journey.document_key(contract.contract_id)
            checked = customers.check_contract(conn, self.vault, key, now=now)
            yield prudence.Item("contract", today, bytes.fromhex(checked.signed_sha256), f"document {key}")
        if "statements" in kinds:
            shown = credit.list_statements(conn, self.registry, contract.line)
            yield prudence.Item("statements", today, digest(to_plain(shown)), f"statements of {contract.line}")
        if "bureau" in kinds:
            report = bureau.view_own_report(conn, contract.customer, on=today)
            yield prudence.Item("bureau", today, digest(to_plain(report)), f"own report of {contract.customer}")
        for row in journey.list_contacts(conn, contract.customer):
            if row.contract_id != contract.contract_id:
                continue
            yield prudence.Item("contact", row.at.date(), digest(to_plain(row)), row.evidence)


def digest(value: object) -> bytes:
    """SHA-256 of plain values as JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).digest()


__all__ = ["PackedEvidence"]
