"""Evidence that customers bring of their own accord: what each kind may say, when it counts, and what several say together. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PPM: Final = 1_000_000
VALUE_MAX: Final = 10**12
MONEY: Final = frozenset({"income_minor", "debt_service_minor", "vehicle_minor"})
# How several words on one thing become one: the most that any shows of what speaks for somebody, the most of what they owe.
SAYINGS: Final = ("income_minor", "debt_service_minor", "is_student", "business_months", "vehicle_minor")
AGREE: Final = (
    (
        "单独同意:允许读取我的“{name}”,只取{what},仅用于我勾选的用途;最长有效 {days} 天。我可以随时撤回,撤回后立即删除并不再使用,"
        "额度按没有这份资料时重新评估,可能升、可能降,已用的钱照常归还。"
    ),
    (
        "A separate yes: my “{name}” may be read, only for {what}, only for what I tick; it counts {days} days at most. I may take it"
        " back at any time: then it is deleted at once, and my limit is judged as if it had never been there; what I owe stays."
    ),
)
WORDS: Final = {
    "income_minor": ("月收入", "monthly income"),
    "debt_service_minor": ("每月还款", "monthly repayments"),
    "is_student": ("是否在校", "whether I am a student"),
    "business_months": ("经营时间", "months in business"),
    "vehicle_minor": ("车辆价值", "value of the vehicle"),
}


class MaterialPurpose(StrEnum):
    """What a piece of evidence may be used for; each is agreed to by itself. Stored."""

    LIMIT = "limit"
    REVIEW = "review"


class MaterialState(StrEnum):
    """waiting: its source has not answered · review: a person looks · the others speak for themselves. Stored but for waiting."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    REVIEW = "review"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialTerms:
    """One kind of evidence as `data/materials.toml` has it: days are calendar days, share_ppm what counts of an amount."""

    kind: str
    chinese: str
    english: str
    says: tuple[str, ...]
    ways: tuple[str, ...]
    fresh_days: int
    valid_days: int
    share_ppm: int
    version: int

    @property
    def agreement(self) -> tuple[str, str]:
        """The text that is agreed to: Chinese, English."""
        zh, en = AGREE
        return (
            zh.format(name=self.chinese, what="、".join(WORDS[one][0] for one in self.says), days=self.valid_days),
            en.format(name=self.english, what=", ".join(WORDS[one][1] for one in self.says), days=self.valid_days),
        )

    @property
    def agreement_digest(self) -> bytes:
        """SHA-256 of both wordings: names what was agreed to for ever."""
        return hashlib.sha256("\0".join(self.agreement).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a source told, or a reader read from a document. Nothing of it is believed yet.

    values: whole numbers by name (minor units, months, 0/1). marks: signs of forgery, by code. Texts are names and numbers of a person
    to compare with and nothing more: no word of a document is ever shown to a program that acts on words.
    """

    request_id: str
    kind: str
    name: str = field(repr=False)
    national_id: str = field(repr=False)
    issued_on: dt.date
    values: Mapping[str, int] = field(repr=False)
    provider: str
    is_fake: bool
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose evidence it must be, as their proven identity has it."""

    name: str = field(repr=False)
    national_id: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidenced:
    """One piece of evidence in force: its kind, its own date, the last day on which it counts, and what it says."""

    material_id: int
    kind: str
    issued_on: dt.date
    valid_until: dt.date
    values: Mapping[str, int] = field(repr=False)


def find_offered(terms: Mapping[str, MaterialTerms], read: Collection[str]) -> tuple[MaterialTerms, ...]:
    """The kinds that say anything that the rules in force read; the others are not asked of anybody."""
    return tuple(one for one in terms.values() if set(one.says) & set(read))


def find_valid_until(terms: MaterialTerms, issued_on: dt.date) -> dt.date:
    """The last day on which evidence of a date counts."""
    return issued_on + dt.timedelta(days=terms.valid_days)


def judge_delivery(
    terms: MaterialTerms, delivered: Delivered, holder: Holder, *, on: dt.date
) -> tuple[MaterialState, tuple[str, ...], dict[str, int]]:
    """(state, codes of why, what counts of it) of evidence that came on a day.

    Refused: MATERIAL_OTHER_KIND, MATERIAL_OTHER_PERSON, MATERIAL_FROM_FUTURE, MATERIAL_STALE, MATERIAL_SILENT (says nothing that this kind
    may say). With a sign of forgery (MATERIAL_MARKED) a person looks, whatever else is right with it. What the kind may not say is dropped.
    """
    values = {
        name: value
        for name, value in delivered.values.items()
        if name in terms.says and type(value) is int and 0 <= value <= VALUE_MAX
    }
    looked = (
        ("MATERIAL_OTHER_KIND", delivered.kind != terms.kind),
        ("MATERIAL_OTHER_PERSON", (delivered.name, delivered.national_id) != (holder.name, holder.national_id)),
        ("MATERIAL_FROM_FUTURE", delivered.issued_on > on),
        ("MATERIAL_STALE", (on - delivered.issued_on).days > terms.fresh_days),
        ("MATERIAL_SILENT", not values),
    )
    wrong = tuple(code for code, is_wrong in looked if is_wrong)
    if wrong:
        return MaterialState.REFUSED, wrong, {}
    if delivered.marks:
        return MaterialState.REVIEW, ("MATERIAL_MARKED", *sorted(set(delivered.marks))), values
    return MaterialState.IN_FORCE, (), values


def combine(terms: Mapping[str, MaterialTerms], evidence: Sequence[Evidenced]) -> dict[str, int]:
    """What all evidence in force says together, in whatever order it came: of each thing the most that any one shows, amounts by its
    kind's share (rounded down; debts are not cut). A degree that says “no student” needs one voice."""
    found: dict[str, int] = {}
    for one in evidence:
        share = terms[one.kind].share_ppm
        for name, value in one.values.items():
            is_cut = name in MONEY and name != "debt_service_minor"
            counted = value * share // PPM if is_cut else value
            known = found.get(name, counted)
            found[name] = min(known, counted) if name == "is_student" else max(known, counted)
    return found


__all__ = [
    "WORDS",
    "Delivered",
    "Evidenced",
    "Holder",
    "MaterialPurpose",
    "MaterialState",
    "MaterialTerms",
    "combine",
    "find_offered",
    "find_valid_until",
    "judge_delivery",
]
