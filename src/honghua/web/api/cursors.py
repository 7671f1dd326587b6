"""Opaque cursors of pages: what a list needs to go on, as text that says nothing to whoever carries it."""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec

from honghua.web.problems import Trouble

LENGTH_MAX: Final = 200
_DECODER = msgspec.json.Decoder(tuple[str, list[int]])


def write_cursor(kind: str, places: list[int]) -> str:
    """kind: of the list, so that a cursor of one list is none of another."""
    return base64.urlsafe_b64encode(msgspec.json.encode((kind, places))).decode().rstrip("=")


def read_cursor(kind: str, text: str, *, length: int) -> list[int] | None:
    """What `write_cursor` was given; None for "", the beginning. Trouble for anything else."""
    if not text:
        return None
    if len(text) > LENGTH_MAX or not text.isascii():
        raise Trouble("CURSOR_INVALID", "")
    try:
        told, places = _DECODER.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Trouble("CURSOR_INVALID", "") from error
    if told != kind or len(places) != length or any(not -(2**63) <= place < 2**63 for place in places):
        raise Trouble("CURSOR_INVALID", "")
    return places


__all__ = ["read_cursor", "write_cursor"]
