"""What workers and desks say to each other over a Unix socket: frames of msgpack behind their length, many requests in one frame.

A worker asks `[[number, until, [[kind, hash, command], …]], …]`; a desk answers `[[number, code, answers | [words, seconds]], …]`.
Numbers are the worker's own. until: `time.monotonic()`, which is one clock for all processes of a machine.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from honghua.base.errors import BadInput, HonghuaError, TimedOut
from honghua.credit.api import hash_commands
from honghua.credit.core import Command
from honghua.web.booker import Answer, Overloaded, TooLate
from honghua.web.hot.answering import Asked

FRAME_BYTES_MAX: Final = 64 << 20
LENGTH: Final = struct.Struct(">I")
ANSWERED, OVERLOADED, TOO_LATE, TIMED_OUT, BAD_INPUT, BROKEN = range(6)
CODES: Final = ((TooLate, TOO_LATE), (Overloaded, OVERLOADED), (TimedOut, TIMED_OUT), (BadInput, BAD_INPUT))
Packed = tuple[int, bytes, Command]
Asking = tuple[int, float, list[tuple[int, bytes, msgspec.Raw]]]
Told = tuple[int, int, Any]


def list_kinds(kind: type[Command]) -> Iterator[type[Command]]:
    """Every kind of command that one can ask for."""
    below = kind.__subclasses__()
    for sub in below:
        yield from list_kinds(sub)
    if not below:
        yield kind


KINDS: Final = tuple(sorted(list_kinds(Command), key=lambda kind: kind.__name__))
NUMBER_OF: Final = {kind: number for number, kind in enumerate(KINDS)}
_decoders: Final = [msgspec.msgpack.Decoder(kind) for kind in KINDS]
_asked: Final = msgspec.msgpack.Decoder(list[Asking])
_told: Final = msgspec.msgpack.Decoder(list[Told])
_encoder: Final = msgspec.msgpack.Encoder()


def pack(commands: Sequence[Command]) -> list[Packed]:
    """Commands with the numbers of their kinds and the hashes of their bodies, as frames carry them."""
    hashes = hash_commands(commands)
    return [(NUMBER_OF[type(command)], digest, command) for command, digest in zip(commands, hashes, strict=True)]


def frame(message: Sequence[Any]) -> bytes:
    """A message with its length before it."""
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


def read_asked(body: bytes) -> list[tuple[int, float, list[Asked]]]:
    """What a worker asks for."""
    return [
        (number, until, [(_decoders[kind].decode(raw), digest) for kind, digest, raw in packed])
        for number, until, packed in _asked.decode(body)
    ]


def read_told(body: bytes) -> list[Told]:
    """What a desk answers."""
    return _told.decode(body)


def tell(number: int, reply: list[Answer] | Exception) -> Told:
    """A reply as the desk sends it."""
    if isinstance(reply, list):
        return number, ANSWERED, reply
    code = next((code for kind, code in CODES if isinstance(reply, kind)), BROKEN)
    return number, code, (str(reply), getattr(reply, "retry_after_s", 0.0))


def find_error(code: int, told: Sequence[Any]) -> HonghuaError:
    """The error that the desk raised."""
    words, seconds = told
    if code == TOO_LATE:
        return TooLate(words, retry_after_s=seconds)
    if code == OVERLOADED:
        return Overloaded(words, retry_after_s=seconds)
    if code == TIMED_OUT:
        return TimedOut(words)
    return BadInput(words) if code == BAD_INPUT else HonghuaError(words)


class Frames:
    """Bytes as they come, cut into whole frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies of the frames that are whole by now."""
        rest = self._rest
        rest += data
        at = 0
        while len(rest) - at >= LENGTH.size:
            (length,) = LENGTH.unpack_from(rest, at)
            if length > FRAME_BYTES_MAX:
                raise BadInput(f"a frame of {length} bytes")
            if len(rest) - at - LENGTH.size < length:
                break
            at += LENGTH.size
            yield bytes(rest[at : at + length])
            at += length
        del rest[:at]


def owner_of(customer: str, desks: int) -> int:
    """The desk that books for a customer."""
    return zlib.crc32(customer.encode()) % desks if desks > 1 else 0


__all__ = ["ANSWERED", "KINDS", "Frames", "find_error", "frame", "owner_of", "pack", "read_asked", "read_told", "tell"]
