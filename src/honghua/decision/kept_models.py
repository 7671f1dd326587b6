"""Models kept in the database as their files, so that it is self-contained: kept, found again, brought back to life."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from honghua.base.errors import NotFound
from honghua.decision import store_judged
from honghua.fraud.api import FraudModel

NOTHING: Final[Mapping[str, bytes]] = {}


def keep_model(conn: psycopg.Connection, model: FraudModel, *, beside: Mapping[str, bytes]) -> bytes:
    """Keep a model's files, and what belongs beside them, in the database; its digest. In the caller's transaction."""
    with TemporaryDirectory() as place:
        model.save(Path(place))
        return save_model(conn, Path(place), digest=model.digest, beside=beside)


def save_model(
    conn: psycopg.Connection, folder: Path, *, digest: bytes | None = None, beside: Mapping[str, bytes] = NOTHING
) -> bytes:
    """Keep a model's folder under its digest (None: that of its files), so that replays need nothing else."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    if not files:
        raise NotFound(f"{folder} holds no model", code="MODEL_UNKNOWN")
    name = digest_files(files) if digest is None else digest
    store_judged.save_model(conn, name, {**files, **beside})
    return name


def digest_files(files: Mapping[str, bytes]) -> bytes:
    """32 bytes that name a model by its files: their paths and contents."""
    said = hashlib.sha256()
    for path, content in sorted(files.items()):
        said.update(f"{path}\0{len(content)}\0".encode() + content)
    return said.digest()


def read_model_files(conn: psycopg.Connection, digest: bytes) -> dict[str, bytes]:
    """A kept model's files; NotFound when it is not kept."""
    files = store_judged.load_model(conn, digest)
    if not files:
        raise NotFound(f"model {digest.hex()[:16]} is not kept in this database", code="MODEL_UNKNOWN")
    return files


def load_model(conn: psycopg.Connection, digest: bytes, folder: Path) -> None:
    """Write a kept model's files into a folder; NotFound when it is not kept."""
    write_files(read_model_files(conn, digest), folder)


def unpack_model(files: Mapping[str, bytes]) -> FraudModel:
    """The model out of its files."""
    with TemporaryDirectory() as place:
        write_files(files, Path(place))
        return FraudModel.load(Path(place))


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Kept files as a folder; paths stay inside it."""
    for path, content in files.items():
        place = (folder / path).resolve()
        assert place.is_relative_to(folder.resolve()), f"{path} leads out of the folder"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


__all__ = [
    "digest_files",
    "keep_model",
    "load_model",
    "read_model_files",
    "save_model",
    "unpack_model",
    "write_files",
]
