"""The evidence pack of a write-off: what must lie in it, what is missing, one digest over all of it (财金〔2017〕90号; rules.md §11)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from honghua.base.errors import BadInput

KINDS: Final = {
    "contract": "the signed contract",
    "statements": "the statements that make the claim",
    "contact": "one attempt to reach the debtor, with its day",
    "bureau": "the debtor's record at the credit bureau",
    "asset_search": "what a search for assets found",
    "court": "a judgment, a settlement or a dropped enforcement",
    "death": "a death certificate",
    "insolvency": "a court's decision of insolvency",
}
KINDS_CHINESE: Final = {
    "contract": "已签署的合同",
    "statements": "构成债权的账单",
    "contact": "一次联系债务人的记录(含日期)",
    "bureau": "债务人的征信记录",
    "asset_search": "财产调查结果",
    "court": "判决、调解或终结执行文书",
    "death": "死亡证明",
    "insolvency": "法院的破产裁定",
}
# What ends the waiting for days and attempts: nobody can be asked any more.
ENDS_WAITING: Final = frozenset({"death", "insolvency"})
DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Item:
    """One document: its kind, the day it speaks of, SHA-256 of its bytes and where it is kept."""

    kind: str
    on: dt.date
    digest: bytes
    reference: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"no such evidence: {self.kind}; known: {', '.join(KINDS)}", code="EVIDENCE_UNKNOWN")
        if len(self.digest) != DIGEST_BYTES:
            raise BadInput("the digest of a document is 32 bytes of SHA-256", code="DIGEST_INVALID")
        if not self.reference.strip():
            raise BadInput("a document needs the place where it is kept", code="REFERENCE_MISSING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a pack needs by the size of its claim: (claim up to, days past due, attempts), the last line for larger ones."""

    bands: tuple[tuple[int, int, int], ...]
    kinds: tuple[str, ...] = ("contract", "statements", "bureau")
    large_minor: int = field(default=2_000_000)  # above it an asset search is asked (grade U: configuration)

    def of_claim(self, claim_minor: int) -> tuple[int, int]:
        """(days past due, attempts) for a claim of this size."""
        for up_to, days, attempts in self.bands:
            if claim_minor <= up_to:
                return days, attempts
        return self.bands[-1][1:]


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a pack lacks: a stable code, and a sentence in both languages."""

    code: str
    sentence: str
    chinese: str


def find_missing(
    needs: Needs, items: Sequence[Item], *, claim_minor: int, days_past_due: int, approvals: Sequence[str]
) -> tuple[Missing, ...]:
    """Everything that keeps a claim from being written off; empty when the pack is complete.

    An attempt counts once a day. Two different persons approve.
    """
    days, attempts = needs.of_claim(claim_minor)
    kinds = {item.kind for item in items}
    missing = [_lacks(kind) for kind in needs.kinds if kind not in kinds]
    if claim_minor <= 0:
        missing.append(Missing("NOTHING_OWED", "nothing is owed", "没有欠款"))
    if not kinds & ENDS_WAITING:
        tried = count_attempts(items)
        if days_past_due < days:
            said = f"{days_past_due} days past due of {days} needed", f"逾期 {days_past_due} 天,需满 {days} 天"
            missing.append(Missing("TOO_EARLY", *said))
        if tried < attempts:
            said = f"attempts on {tried} days of {attempts} needed", f"已在 {tried} 天联系过债务人,需要 {attempts} 天"
            missing.append(Missing("ATTEMPTS_MISSING", *said))
        if claim_minor > needs.large_minor and not kinds & {"asset_search", "court"}:
            missing.append(_lacks("asset_search", more=" for a claim of this size", chinese="(此金额必须提供)"))
    if len({person.strip() for person in approvals if person.strip()}) < 2:
        said = "two different persons approve a write-off", "核销须由两个不同的人批准"
        missing.append(Missing("TWO_PERSONS_NEEDED", *said))
    return tuple(missing)


def _lacks(kind: str, *, more: str = "", chinese: str = "") -> Missing:
    return Missing("DOCUMENT_MISSING", f"{KINDS[kind]} is missing{more}", f"缺少{KINDS_CHINESE[kind]}{chinese}")


def count_attempts(items: Sequence[Item]) -> int:
    """Attempts to reach the debtor: days with at least one."""
    return len({item.on for item in items if item.kind == "contact"})


def find_end(items: Sequence[Item]) -> str:
    """The kind of the document that ends the waiting, "" when there is none."""
    return next((item.kind for item in items if item.kind in ENDS_WAITING), "")


def name_pack(pack_id: int, digest: bytes) -> str:
    """How the fact of a write-off names its evidence."""
    return f"pack {pack_id} sha256 {digest.hex()}"


def pack_digest(items: Sequence[Item]) -> bytes:
    """SHA-256 over all items in one order, whatever order they came in."""
    rows = sorted((item.kind, item.on.isoformat(), item.digest.hex(), item.reference) for item in items)
    return hashlib.sha256(msgspec.json.encode(rows)).digest()


__all__ = [
    "ENDS_WAITING",
    "KINDS",
    "KINDS_CHINESE",
    "Item",
    "Missing",
    "Needs",
    "count_attempts",
    "find_end",
    "find_missing",
    "name_pack",
    "pack_digest",
]
