"""The words of the desk: 中文, English."""

from __future__ import annotations

from typing import Final

from honghua.credit.core import FACT_WORDS
from honghua.web.desk.wording import books, giving, human, lab, policy, portfolio, prudence, risk, shared

WORDS: Final[dict[str, tuple[str, str]]] = {
    **shared.WORDS,
    **risk.WORDS,
    **policy.WORDS,
    **books.WORDS,
    **portfolio.WORDS,
    **prudence.WORDS,
    **human.WORDS,
    **giving.WORDS,
    **lab.WORDS,
    **{f"desk.fact_{int(kind)}": words for kind, words in FACT_WORDS.items()},
}
