"""The words of the desk: 中文, English."""

from __future__ import annotations

from typing import Final

from honghua.credit.core import FACT_WORDS
from honghua.web.desk.wording import (
    books,
    business,
    complaints,
    giving,
    human,
    lab,
    lenders,
    materials,
    orders,
    policy,
    portfolio,
    profiles,
    prudence,
    records,
    risk,
    shared,
    temporary,
)

WORDS: Final[dict[str, tuple[str, str]]] = {
    **shared.WORDS,
    **risk.WORDS,
    **policy.WORDS,
    **books.WORDS,
    **business.WORDS,
    **portfolio.WORDS,
    **prudence.WORDS,
    **human.WORDS,
    **complaints.WORDS,
    **lenders.WORDS,
    **giving.WORDS,
    **temporary.WORDS,
    **profiles.WORDS,
    **records.WORDS,
    **orders.WORDS,
    **lab.WORDS,
    **materials.WORDS,
    **{f"desk.fact_{int(kind)}": words for kind, words in FACT_WORDS.items()},
}
