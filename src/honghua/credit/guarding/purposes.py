"""The auditor's look at purposes (R-022): each line stands under a product of its own purpose, and has bought nothing of the other's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit.core.lines.purposes import PURPOSES, Purpose, purpose_of
from honghua.credit.core.terms import ProductTerms
from honghua.credit.store_risk import find_category_names
from honghua.facts.kinds import FactKind
from honghua.store.facts import FactColumns

NAMES: Final = ("credit.lines_have_their_product", "credit.purchases_fit_purpose")
PLACES: Final = {FactKind.PURCHASE_CAPTURED: 5, FactKind.PURCHASE_AUTHORISED: 1}  # of the category among the arguments
Found = tuple[str, int, list[str]]
Ints = NDArray[np.int64]


def check_purposes(
    conn: psycopg.Connection,
    refs: Mapping[int, str],
    terms_ids: Ints,
    facts: FactColumns,
    terms: Mapping[int, ProductTerms],
) -> Iterator[Found]:
    """(check, how many, who breaks it) for accounts (id → line, with the number of their terms in the same order) and all their facts."""
    known = [
        (account_id, ref, terms[number])
        for (account_id, ref), number in zip(refs.items(), terms_ids.tolist(), strict=True)
        if number in terms
    ]
    other = [f"account {account_id}" for account_id, ref, one in known if one.purpose != purpose_of(ref)]
    yield NAMES[0], len(known), other
    business = {account_id for account_id, _, one in known if one.purpose == Purpose.BUSINESS}
    bought = list(_bought(facts))
    names = find_category_names(conn, sorted({category for _, _, category in bought}))
    wrong = [
        f"fact {fact_id}"
        for fact_id, account_id, category in bought
        if category in names and not PURPOSES.serves(Purpose(account_id in business), names[category])
    ]
    yield NAMES[1], len(bought), wrong


def _bought(facts: FactColumns) -> Iterator[tuple[int, int, int]]:
    """(fact, account, category) of everything bought or held."""
    for kind, place in PLACES.items():
        rows = np.flatnonzero(facts.kind == kind)
        starts = facts.args_offsets[rows]
        long = facts.args_offsets[rows + 1] - starts > place
        rows, starts = rows[long], starts[long]
        categories = facts.args_values[starts + place]
        yield from zip(facts.fact_id[rows].tolist(), facts.account_id[rows].tolist(), categories.tolist(), strict=True)


__all__ = ["NAMES", "check_purposes"]
