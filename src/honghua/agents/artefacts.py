"""Artefacts: bytes under their sha256, and folders as a list of such; what is put twice is kept once."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol, TypeVar

import msgspec

from honghua.agents.core.entries import Ref, digest_of
from honghua.base.errors import IntegrityBroken

T = TypeVar("T")

JSON: Final = "json"
TEXT: Final = "text"
HTML: Final = "html"
FOLDER: Final = "folder"
TABLE: Final = "table"  # rows that models learn from: they stay in a directory and are never copied into the database
FOLDER_FILES_MAX: Final = 10_000


class Artefacts(Protocol):
    """A store of bytes by content. Two of them: a directory, and the database."""

    def put(self, data: bytes) -> str:
        """Keep these bytes; on disk when this returns. Their sha256, hex."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes of a digest; NotFound without them, IntegrityBroken when they are not what the digest says."""
        ...

    def has(self, digest: str) -> bool:
        """Whether there are bytes under this digest."""
        ...


def check_bytes(digest: str, data: bytes) -> bytes:
    """The bytes, if they are what the digest says; else IntegrityBroken."""
    if digest_of(data) != digest:
        raise IntegrityBroken(f"artefact {digest[:16]} is not what its digest says", code="ARTEFACT_BROKEN")
    return data


def encode_json(value: Any) -> bytes:
    """Canonical JSON: keys in order, so that equal values have one digest."""
    return msgspec.json.encode(value, order="sorted")


def put_json(store: Artefacts, name: str, value: Any) -> Ref:
    """Keep a value as canonical JSON."""
    return put_bytes(store, name, JSON, encode_json(value))


def put_bytes(store: Artefacts, name: str, kind: str, data: bytes) -> Ref:
    """Keep bytes under a name."""
    return Ref(name, kind, store.put(data), len(data))


def put_folder(store: Artefacts, name: str, folder: Path) -> Ref:
    """Keep every file of a folder, and the list of them; AssertionError for an empty one, or one of more than 10,000 files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert 0 < len(files) <= FOLDER_FILES_MAX, f"{folder} holds {len(files)} files"
    listed = {path.relative_to(folder).as_posix(): store.put(path.read_bytes()) for path in files}
    data = encode_json(listed)
    return Ref(name, FOLDER, store.put(data), sum(path.stat().st_size for path in files))


def list_folder(store: Artefacts, digest: str) -> dict[str, str]:
    """The files of a kept folder: path → digest. IntegrityBroken for a path that leads out of it."""
    listed = msgspec.json.decode(store.get(digest), type=dict[str, str])
    for path in listed:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            raise IntegrityBroken(
                f"artefact {digest[:16]} names a file outside its folder: {path}", code="ARTEFACT_BROKEN"
            )
    return listed


def lay_folder(store: Artefacts, digest: str, into: Path) -> Path:
    """The files of a kept folder, written below `into`, which need not exist; it."""
    for path, inner in list_folder(store, digest).items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(store.get(inner))
    return into


def list_digests(store: Artefacts, ref: Ref) -> list[str]:
    """All digests that an artefact stands on: its own, and those of its files."""
    return [ref.digest, *(list_folder(store, ref.digest).values() if ref.kind == FOLDER else ())]


def read_json(store: Artefacts, digest: str, shape: type[T]) -> T:
    """A value as it was kept."""
    return msgspec.json.decode(store.get(digest), type=shape)


def make_scratch(prefix: str) -> tempfile.TemporaryDirectory[str]:
    """A folder for files on the way into a store; gone when closed."""
    return tempfile.TemporaryDirectory(prefix=f"honghua-{prefix}-")


__all__ = [
    "FOLDER", "HTML", "JSON", "TABLE", "TEXT", "Artefacts", "check_bytes", "encode_json", "lay_folder", "list_digests", "list_folder",
    "make_scratch", "put_bytes", "put_folder", "put_json", "read_json",
]  # fmt: skip
