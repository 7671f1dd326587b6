"""The lender's own file: who lends, under which brand, on what terms. Another lender is another file and another database, and no code.

A file names what differs; everything else is as shipped:

    [lender]
    name = "山城农村商业银行股份有限公司"    # full name: contracts say it, customers read it before they agree
    brand = "山茶花"                         # what customers call the product
    brand_en = "Camellia"

    [terms.consumption]                      # fields of credit/core/terms.py; a change needs a new version
    version = 2
    interest_ppm_day = 400
    purchase_fee_ppm = {3 = 15000, 6 = 30000, 12 = 60000}

    [terms.business]
    limit_minor_max = 30000000
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit.core import ProductTerms, terms_from_body
from honghua.credit.journey.api import BUSINESS_TERMS
from honghua.web.ground import Brand

NAME_CHARS_MAX: Final = 60
SHIPPED: Final = {"consumption": ProductTerms(), "business": BUSINESS_TERMS}
FIXED: Final = frozenset(
    {"purpose", "price_ppm"}
)  # what makes a product this product, and what belongs to one contract
LEFT_OUT: Final = {"price_plans": 1, "price_interest": 1}  # of a body, where they say what is usual
WORDS: Final = {"name": "lender", "brand": "zh", "brand_en": "en"}


@dataclass(frozen=True, slots=True)
class Lender:
    """brand: the names. terms: of each product that the file speaks of."""

    brand: Brand = field(default_factory=Brand)
    terms: tuple[ProductTerms, ...] = ()


def read_lender(path: str) -> Lender:
    """The file's lender; "" = as shipped. BadInput with every problem and its place."""
    if not path:
        return Lender()
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"the lender's file {path}: {error}", code="BAD_LENDER_FILE") from error
    problems = [f"[{name}] is not known" for name in told.keys() - {"lender", "terms"}]
    brand = _read_brand(told.get("lender"), problems)
    terms = _read_terms(told.get("terms", {}), problems)
    if problems:
        raise BadInput(f"the lender's file {path}: " + "; ".join(problems), code="BAD_LENDER_FILE")
    return Lender(brand, terms)


def adopt(conn: psycopg.Connection, lender: Lender) -> list[str]:
    """Bring the lender's terms into the book, all or none; the names of what was new. See `credit.adopt_terms` for what is refused."""
    with conn.transaction():
        adopted = [one for one in lender.terms if not one.purpose and credit.adopt_terms(conn, one)]
        credit.open_registry(conn)  # a book has terms for consumption before it has others
        adopted += [one for one in lender.terms if one.purpose and credit.adopt_terms(conn, one)]
    return [f"{one.name} v{one.version}" for one in adopted]


def _read_brand(told: Any, problems: list[str]) -> Brand:
    if not isinstance(told, Mapping) or not told.keys() >= {"name", "brand"}:
        problems.append("[lender] needs name (the lender's full name) and brand")
        return Brand()
    problems += [f"[lender] {name} is not known; there are {', '.join(WORDS)}" for name in told.keys() - WORDS.keys()]
    values = {}
    for name in WORDS.keys() & told.keys():
        value = told[name]
        if not (isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= NAME_CHARS_MAX):
            problems.append(f"[lender] {name} is 1 … {NAME_CHARS_MAX} characters of text")
        else:
            values[WORDS[name]] = value.strip()
    return Brand(**({"en": values["zh"]} | values if "zh" in values else values))


def _read_terms(told: Any, problems: list[str]) -> tuple[ProductTerms, ...]:
    if not isinstance(told, Mapping):
        problems.append("[terms] holds tables: [terms.consumption], [terms.business]")
        return ()
    problems += [
        f"[terms.{name}] is no product; there are {', '.join(SHIPPED)}" for name in told.keys() - SHIPPED.keys()
    ]
    found = [_read_product(name, told[name], problems) for name in SHIPPED if name in told]
    return tuple(one for one in found if one is not None)


def _read_product(product: str, told: Any, problems: list[str]) -> ProductTerms | None:
    usual = LEFT_OUT | SHIPPED[product].body()
    if not isinstance(told, dict):
        problems.append(f"[terms.{product}] is a table")
        return None
    wrong = [
        f"[terms.{product}] {name} is not known"
        if name in FIXED or name not in usual
        else f"[terms.{product}] {name} is {_say_kind(usual[name])}"
        for name, value in told.items()
        if name in FIXED or name not in usual or not _is_alike(value, usual[name])
    ]
    try:
        terms = None if wrong else terms_from_body(usual | told)
    except BadInput as error:
        wrong.append(f"[terms.{product}] {error}")
        terms = None
    problems += wrong
    return terms


def _is_alike(value: object, usual: object) -> bool:
    """Whether a value of the file has the form of the shipped one: text, a whole number, periods with ppm, or rows of whole numbers."""
    if isinstance(usual, Mapping):
        return isinstance(value, Mapping) and all(str(k).isdecimal() and _is_whole(v) for k, v in value.items())
    if isinstance(usual, (list, tuple)):
        width = len(usual[0])
        return isinstance(value, list) and all(
            isinstance(row, list) and len(row) == width and all(map(_is_whole, row)) for row in value
        )
    return isinstance(value, str) and bool(value.strip()) if isinstance(usual, str) else _is_whole(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 62


def _say_kind(usual: object) -> str:
    if isinstance(usual, Mapping):
        return "a table of periods and ppm, such as {3 = 15000}"
    if isinstance(usual, (list, tuple)):
        return f"a list of rows of {len(usual[0])} whole numbers"
    return "text" if isinstance(usual, str) else "a whole number"


__all__ = ["Lender", "adopt", "read_lender"]
