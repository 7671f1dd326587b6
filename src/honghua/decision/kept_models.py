"""Models kept in the database as their files, so that it is self-contained: kept, found again, brought back to life.

Beside a model lies its examination (`fraud.examining`): a model that did not pass its battery judges only on a named person's word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
import psycopg

from honghua.base.errors import Conflict, NotFound
from honghua.decision import store_judged
from honghua.fraud.api import BATTERY, FraudModel

NOTHING: Final[Mapping[str, bytes]] = {}
PLAN_FILE: Final = (
    "engine.json"  # beside a model's files: the plan and the settings that it was fitted with, of its engine's maker
)
READINGS: Final = frozenset(
    {"reads", "size", "values"}
)  # of it: what may differ where one engine senses for two models


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


def keep_beside(conn: psycopg.Connection, digest: bytes, files: Mapping[str, bytes]) -> None:
    """Keep more files beside a model that is kept already, its examination above all. What is there stays as it is."""
    store_judged.save_model(conn, digest, files)


def find_problems(conn: psycopg.Connection, digest: bytes) -> tuple[str, ...]:
    """Why a kept model may not judge on its own: the checks that it failed, or that nobody examined it; () when it passed."""
    kept = store_judged.load_model_file(conn, digest, BATTERY)
    if kept is None:
        return ("nobody examined it: `honghua fraud fit` does, and keeps the result beside the model",)
    told = msgspec.json.decode(kept, type=dict[str, Any])
    if told.get("digest") != digest.hex():
        return ("its examination is of another model",)
    return () if told.get("passed") is True else (*told.get("problems", ()),) or ("its battery failed",)


def check_examined(conn: psycopg.Connection, digest: bytes) -> None:
    """Conflict, with the reasons and the way around them, for a kept model that did not pass and that nobody answers for."""
    if not digest or not store_judged.has_model(conn, digest):
        return
    problems = find_problems(conn, digest)
    if problems and store_judged.find_waiver(conn, digest) is None:
        said = "".join(f"\n  {problem}" for problem in problems)
        raise Conflict(
            f"model {digest.hex()[:16]} did not pass its battery:{said}\nwho answers for it all the same says why:"
            " honghua release propose … --by PERSON --despite REASON (kept, and shown to whoever approves)",
            code="MODEL_FAILED",
        )


def may_learn_beside(conn: psycopg.Connection, champion: bytes, digest: bytes) -> bool:
    """Whether an engine can sense for two kept models at once, the champion's and another: both say with which plan they were fitted,
    and the plans differ in nothing but what is read."""
    told = [
        msgspec.json.decode(kept) if model and (kept := store_judged.load_model_file(conn, model, PLAN_FILE)) else None
        for model in (champion, digest)
    ]
    if told[1] is None:
        return False
    if told[0] is None:  # the account rules judge alone: their engine is the one that comes with the program
        return True
    one, two = ({key: value for key, value in plan.items() if key not in READINGS} for plan in told if plan is not None)
    return one == two


def find_unsensed(conn: psycopg.Connection, digest: bytes) -> tuple[str, ...]:
    """Values that a kept model reads and that the engine which ran last does not sense; none where none ever ran."""
    sensed = store_judged.find_signals(conn)
    if not sensed:
        return ()
    return tuple(name for name in unpack_model(read_model_files(conn, digest)).reads if name not in sensed)


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
    "PLAN_FILE",
    "check_examined",
    "digest_files",
    "find_problems",
    "find_unsensed",
    "keep_beside",
    "keep_model",
    "load_model",
    "may_learn_beside",
    "read_model_files",
    "save_model",
    "unpack_model",
    "write_files",
]
