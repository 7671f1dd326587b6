"""People's names as they are compared where two persons must act: what looks alike is one person."""

from __future__ import annotations

import unicodedata
from typing import Final

UNSEEN: Final = ("Cf", "Mn")  # categories of Unicode: joiners and marks that leave two names looking alike


def fold_name(person: str) -> str:
    """A person's name as it is compared: width, case, accents, spaces and what cannot be seen do not make another person."""
    parts = unicodedata.normalize("NFKD", person).casefold()
    seen = "".join(c for c in parts if unicodedata.category(c) not in UNSEEN)
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())
