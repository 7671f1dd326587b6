"""Partners and channels as two files tell them: who lends under which name, who reports, and how principal and revenue are shared."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from honghua.base.errors import BadInput
from honghua.funding.core.splitting import check_whole

OWN: Final = "own"
"""How files call ourselves."""
PARTNER_COLUMNS: Final = ("code", "name", "brand", "kind", "group", "region", "reporter", "agreement", "risk_rating")
CHANNEL_COLUMNS: Final = ("code", "name", "entry", "shares", "revenue")
KINDS: Final = frozenset({"bank", "consumer_finance", "trust", "small_loan", "own"})
RATINGS: Final = frozenset({"A", "B", "C"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A lender. brand: under which its loans are shown before consent. reporter: its own code at the bureau. group: with its affiliates.

    agreement: the contract's number; each kind of cooperation has one of its own (rules.md §4, 银保监规〔2022〕14号).
    """

    code: str
    name: str
    brand: str
    kind: str
    group: str
    region: str
    reporter: str
    agreement: str
    risk_rating: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An agreement: (lender, ppm of principal) and (party, ppm of what is earned), each Σ = 1,000,000. entry: where customers meet it."""

    code: str
    name: str
    entry: str
    shares: tuple[tuple[str, int], ...]
    revenue: tuple[tuple[str, int], ...]

    @property
    def own_ppm(self) -> int:
        """Our own share."""
        return dict(self.shares).get(OWN, 0)

    @property
    def partners(self) -> tuple[str, ...]:
        """The other lenders."""
        return tuple(lender for lender, _ in self.shares if lender != OWN)


@dataclass(frozen=True, slots=True)
class Book:
    """All partners and channels, by code."""

    partners: Mapping[str, Partner]
    channels: Mapping[str, Channel]


def parse_book(partner_lines: Iterable[str], channel_lines: Iterable[str], *, source: str) -> Book:
    """Read both files; BadInput names the line and what is wrong with it."""
    partners: dict[str, Partner] = {}
    for number, row in _rows(partner_lines, PARTNER_COLUMNS, f"{source} partners"):
        if (
            row["code"] in partners
            or row["kind"] not in KINDS
            or row["risk_rating"] not in RATINGS
            or not all(row.values())
        ):
            raise BadInput(f"{source} partners: line {number}: a code once, a known kind and rating, no column empty")
        partners[row["code"]] = Partner(**row)
    if OWN not in partners:
        raise BadInput(f"{source} partners: {OWN!r} must say who we are")
    reporters = [one.reporter for one in partners.values()]
    if len(set(reporters)) != len(reporters):
        raise BadInput(f"{source} partners: two lenders report under one code")
    channels: dict[str, Channel] = {}
    for number, row in _rows(channel_lines, CHANNEL_COLUMNS, f"{source} channels"):
        try:
            shares, revenue = _pairs(row["shares"]), _pairs(row["revenue"])
            check_whole(shares)
            check_whole(revenue)
        except (BadInput, ValueError) as error:
            raise BadInput(f"{source} channels: line {number}: {error}") from None
        unknown = [lender for lender, _ in shares if lender not in partners]
        if unknown or row["code"] in channels:
            raise BadInput(
                f"{source} channels: line {number}: unknown lenders {unknown}, or the code stands there twice"
            )
        channels[row["code"]] = Channel(
            code=row["code"], name=row["name"], entry=row["entry"], shares=shares, revenue=revenue
        )
    return Book(partners, channels)


def _rows(lines: Iterable[str], columns: tuple[str, ...], place: str) -> Iterable[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != columns:
        raise BadInput(f"{place}: the header must be {','.join(columns)}")
    for number, row in enumerate(reader, start=2):
        if None in row or None in row.values():
            raise BadInput(f"{place}: line {number} has not {len(columns)} columns")
        yield number, dict(row)


def _pairs(text: str) -> tuple[tuple[str, int], ...]:
    """own:300000|bank:700000."""
    return tuple((name, int(ppm)) for name, _, ppm in (part.partition(":") for part in text.split("|")))
