"""How large the body of a request may be, by its path: a page's form, a film of a face, a request to the API."""

from __future__ import annotations

from typing import Final

from honghua.customers.core import RECORDING_RULES
from honghua.web.refusing import API_PREFIX

BODY_BYTES_MAX: Final = 2 << 20
API_BYTES_MAX: Final = 262_144
FACE_PREFIX: Final = "/my/face/"
FACE_BYTES_MAX: Final = RECORDING_RULES.bytes_max + 65_536  # the film, with the form around it


def find_body_bytes_max(path: str) -> int:
    """Bytes that a request to this path may bring."""
    if path.startswith(API_PREFIX):
        return API_BYTES_MAX
    return FACE_BYTES_MAX if path.startswith(FACE_PREFIX) else BODY_BYTES_MAX


__all__ = ["BODY_BYTES_MAX", "find_body_bytes_max"]
