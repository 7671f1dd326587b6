"""What a document must be before anybody reads it: small, of a kind we know by its own bytes, and with nothing in it that acts. Pure.

Names and types that a sender gives count for nothing. What cannot be looked through (encrypted, packed in another way) is refused.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DocumentKind(StrEnum):
    """What we take."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRules:
    """Own bounds (U). bytes_max: of a file; pixels_max: of a picture unpacked; unpacked_max: bytes of all packed objects of a PDF."""

    bytes_max: int = 1_500_000  # below the site's own bound on a body, with the form around it
    bytes_min: int = 64
    pixels_max: int = 40_000_000
    unpacked_max: int = 16_000_000
    objects_max: int = 20_000


UPLOAD_RULES: Final = UploadRules()
PDF_END: Final = 1_024
# ISO 32000-1: what runs, opens, embeds, sends or plays (§12.6 actions, §7.11.4 embedded files, §12.7.8 XFA, §13). A link is none of it.
ACTIVE: Final = (
    b"/JavaScript", b"/JS", b"/OpenAction", b"/AA", b"/Launch", b"/SubmitForm", b"/ImportData", b"/GoToR", b"/GoToE",
    b"/EmbeddedFile", b"/EmbeddedFiles", b"/Filespec", b"/RichMedia", b"/Movie", b"/Sound", b"/XFA", b"/3D", b"/Rendition",
)  # fmt: skip
TOKEN_ENDS: Final = rb"(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|$)"
ACTIVE_FOUND: Final = re.compile(b"(?:" + b"|".join(re.escape(one) for one in ACTIVE) + b")" + TOKEN_ENDS)
ENCRYPTED: Final = re.compile(rb"/Encrypt" + TOKEN_ENDS)
HEX_NAME: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
PACKED: Final = re.compile(rb"/Type\s{0,8}/ObjStm" + TOKEN_ENDS)
STREAM: Final = re.compile(rb"stream\r?\n")
HEAD_BYTES: Final = 400  # of the dictionary of a packed stream, on either side of its type
JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"


def check_upload(content: bytes, *, rules: UploadRules = UPLOAD_RULES) -> DocumentKind | str:
    """The kind of a document that may be read, or the code of why not.

    UPLOAD_EMPTY, UPLOAD_TOO_LARGE, UPLOAD_KIND (neither PDF, JPEG nor PNG), UPLOAD_BROKEN (not what it begins as, or with something
    behind its end), UPLOAD_PIXELS, UPLOAD_ENCRYPTED, UPLOAD_ACTIVE.
    """
    if len(content) < rules.bytes_min:
        return "UPLOAD_EMPTY"
    if len(content) > rules.bytes_max:
        return "UPLOAD_TOO_LARGE"
    if content.startswith(b"%PDF-"):
        return check_pdf(content, rules) or DocumentKind.PDF
    if content.startswith(PNG_HEAD):
        return check_png(content, rules) or DocumentKind.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return check_jpeg(content, rules) or DocumentKind.JPEG
    return "UPLOAD_KIND"


def check_pdf(content: bytes, rules: UploadRules) -> str:
    """What is wrong with a PDF, "" = nothing. All bytes are looked through, whatever they pose as, and objects packed into streams, too.

    In packed pictures three bytes in a row may spell a forbidden name by chance: about once in 200 files of a megabyte. They are refused.
    """
    if b"%%EOF" not in content[-PDF_END:] or content.count(b" obj") > rules.objects_max:
        return "UPLOAD_BROKEN"
    spelled = _spell_names(content)
    if ENCRYPTED.search(spelled):
        return "UPLOAD_ENCRYPTED"
    if ACTIVE_FOUND.search(spelled):
        return "UPLOAD_ACTIVE"
    packed, left = list(PACKED.finditer(content)), rules.unpacked_max
    if len(packed) != len(PACKED.findall(spelled)):
        return "UPLOAD_BROKEN"  # nobody honest spells this in another way
    for found in packed:
        unpacked = _unpack(content, found.start(), left)
        if unpacked is None:
            return "UPLOAD_BROKEN"
        left -= len(unpacked)
        if ACTIVE_FOUND.search(_spell_names(unpacked)):
            return "UPLOAD_ACTIVE"
    return ""


def _spell_names(content: bytes) -> bytes:
    """Names as they read: `/J#61vaScript` is `/JavaScript` (ISO 32000-1 §7.3.5)."""
    return HEX_NAME.sub(lambda found: bytes([int(found[1], 16)]), content)


def _unpack(content: bytes, at: int, bytes_max: int) -> bytes | None:
    """The objects packed behind the type that stands at a place; None where they are packed in another way than plain deflate, or are
    more than may be looked at."""
    begun = STREAM.search(content, at, at + HEAD_BYTES)
    if begun is None or b"/DecodeParms" in content[max(0, at - HEAD_BYTES) : begun.start()]:
        return None
    worker = zlib.decompressobj()
    try:
        plain = worker.decompress(content[begun.end() :], bytes_max + 1)
    except zlib.error:
        return None
    return plain if worker.eof and len(plain) <= bytes_max else None


def check_png(content: bytes, rules: UploadRules) -> str:
    """What is wrong with a PNG, "" = nothing: every chunk's sum, the first and the last, nothing behind the end (ISO/IEC 15948)."""
    at, is_first = len(PNG_HEAD), True
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        tail = content[at + 8 + size : at + 12 + size]
        if len(tail) != 4 or zlib.crc32(name + body) != int.from_bytes(tail, "big"):
            return "UPLOAD_BROKEN"
        if is_first:
            if name != b"IHDR" or size != 13:
                return "UPLOAD_BROKEN"
            if _is_large(int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"), rules):
                return "UPLOAD_PIXELS"
        at, is_first = at + 12 + size, False
        if name == b"IEND":
            return "" if at == len(content) else "UPLOAD_BROKEN"
    return "UPLOAD_BROKEN"


def check_jpeg(content: bytes, rules: UploadRules) -> str:
    """What is wrong with a JPEG, "" = nothing: markers to the first scan, a frame of bounded size, the end at the end (ITU-T T.81)."""
    if not content.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "UPLOAD_BROKEN"
    at, has_frame = 2, False
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return "UPLOAD_BROKEN"
        marker = content[at + 1]
        if marker == 0xFF or marker in JPEG_BARE:
            at += 1 if marker == 0xFF else 2
            continue
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        if size < 2 or at + 2 + size > len(content):
            return "UPLOAD_BROKEN"
        if marker in JPEG_FRAMES:
            body = content[at + 4 : at + 2 + size]
            if len(body) < 5:
                return "UPLOAD_BROKEN"
            if _is_large(int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"), rules):
                return "UPLOAD_PIXELS"
            has_frame = True
        if marker == 0xDA:
            return "" if has_frame else "UPLOAD_BROKEN"
        at += 2 + size
    return "UPLOAD_BROKEN"


def _is_large(width: int, height: int, rules: UploadRules) -> bool:
    return not 0 < width * height <= rules.pixels_max


__all__ = ["UPLOAD_RULES", "DocumentKind", "UploadRules", "check_upload"]
