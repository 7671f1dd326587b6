"""Door of the pure part: personal fields and their masks, the texts that people agree to."""

from __future__ import annotations

from honghua.customers.core.agreements import TEXTS, AgreementText, ConsentKind
from honghua.customers.core.personal import (
    Field,
    Part,
    find_check_digit,
    mask,
    mask_name,
    mask_phone,
    mask_text,
    normalise,
)

__all__ = [
    "TEXTS",
    "AgreementText",
    "ConsentKind",
    "Field",
    "Part",
    "find_check_digit",
    "mask",
    "mask_name",
    "mask_phone",
    "mask_text",
    "normalise",
]
